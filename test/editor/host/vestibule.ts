import * as vscode from 'vscode';
import type { GatewaySnapshot, UpstreamSnapshot } from '../../../src/proxy/api.ts';
import type { VestibuleExports } from '../../../src/views/exports.ts';

/** The extension under test, activated; its exports are what another extension sees (contracts §9). */
export async function vestibule(): Promise<VestibuleExports> {
  const extension = vscode.extensions.getExtension<VestibuleExports>('vestibule.vestibule-mcp');
  if (extension === undefined) throw new Error('the extension is not installed');
  return extension.activate();
}

/**
 * Waits until the state fulfils a condition; looks at each change.
 * @throws Error with the last state when it does not in time
 */
export async function untilState(
  api: VestibuleExports,
  fulfilled: (state: GatewaySnapshot) => boolean,
  ms = 20_000,
): Promise<GatewaySnapshot> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const now = api.state();
      if (!fulfilled(now)) return;
      clearTimeout(timer);
      subscription.dispose();
      resolve(now);
    };
    const timer = setTimeout(() => {
      subscription.dispose();
      reject(new Error(`state after ${ms} ms: ${JSON.stringify(api.state()).slice(0, 2000)}`));
    }, ms);
    const subscription = api.onDidChange(look);
    look();
  });
}

/** A server of this state by name. */
export function upstream({ upstreams }: GatewaySnapshot, name: string): UpstreamSnapshot | undefined {
  return upstreams.find((candidate) => candidate.name === name);
}
