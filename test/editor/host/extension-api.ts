import * as vscode from 'vscode';
import type { GatewaySnapshot } from '../../../src/proxy/api.ts';

/** What the extension exports, as another extension sees it (contracts §9). */
export interface VestibuleApi {
  readonly apiVersion: 1;
  endpoint(): Promise<{ readonly url: string; readonly headers: Readonly<Record<string, string>> }>;
  state(): GatewaySnapshot;
  readonly onDidChange: vscode.Event<void>;
}

/** The extension under test, activated. */
export async function vestibule(): Promise<VestibuleApi> {
  const extension = vscode.extensions.getExtension<VestibuleApi>('vestibule.vestibule-mcp');
  if (extension === undefined) throw new Error('the extension is not installed');
  return extension.activate();
}

/**
 * Waits until the state fulfils a condition; looks at each change.
 * @throws Error with the last state when it does not in time
 */
export async function untilState(api: VestibuleApi, fulfilled: (state: GatewaySnapshot) => boolean, ms = 15_000): Promise<GatewaySnapshot> {
  return new Promise((resolve, reject) => {
    const subscriptions: vscode.Disposable[] = [];
    const timer = setTimeout(() => {
      done();
      reject(new Error(`state after ${ms} ms: ${JSON.stringify(api.state()).slice(0, 2000)}`));
    }, ms);
    const done = (): void => {
      clearTimeout(timer);
      for (const subscription of subscriptions) subscription.dispose();
    };
    const look = (): void => {
      const state = api.state();
      if (!fulfilled(state)) return;
      done();
      resolve(state);
    };
    subscriptions.push(api.onDidChange(look));
    look();
  });
}
