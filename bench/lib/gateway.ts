// The shipped headless program as a bench starts it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { startGroup } from '../../scripts/editor/process-group.ts';
import { root } from '../../scripts/lib/exec.mjs';

/** A `vestibule serve` that is ready. */
export interface RunningGateway {
  readonly url: string;
  readonly token: string;
  readonly pid: number;
  /** From spawning the process to its ready line, in milliseconds. */
  readonly readyMs: number;
  /** Ends it and removes its folders. */
  stop(): Promise<void>;
}

/**
 * Starts the gateway over one servers file, with fresh state.
 * @param servers content of `servers`
 * @param args more arguments of `serve`
 * @param gateway content of `gateway`
 * @param nodeArgs arguments of Node itself
 * @throws Error with what it printed when it ends before it is ready
 */
export async function startGateway(
  servers: Readonly<Record<string, unknown>>,
  args: readonly string[] = [],
  gateway: Readonly<Record<string, unknown>> = {},
  nodeArgs: readonly string[] = [],
): Promise<RunningGateway> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vestibule-bench-'));
  const config = path.join(folder, 'servers.json');
  await writeFile(config, JSON.stringify({ gateway, servers }));
  const started = performance.now();
  const group = startGroup(process.execPath, [
    ...nodeArgs,
    path.join(root, 'dist', 'headless.cjs'),
    'serve',
    ...['--config', config, '--data', path.join(folder, 'data'), '--workspace', folder],
    ...args,
  ]);
  const { stdout, stderr } = group.child;
  if (stdout === null || stderr === null) throw new Error('the gateway has no output');
  let printed = '';
  stderr.on('data', (chunk: Buffer) => (printed = (printed + chunk.toString()).slice(-4000)));
  const stop = async (): Promise<void> => {
    await group.end();
    await rm(folder, { recursive: true, force: true });
  };
  const line = await Promise.race([
    new Promise<string>((resolve) => createInterface(stdout).once('line', resolve)),
    group.ended.then(() => undefined),
  ]);
  const readyMs = performance.now() - started;
  if (line === undefined) {
    await stop();
    throw new Error(`the gateway did not start:\n${printed}`);
  }
  const { url, token, pid } = JSON.parse(line) as { url: string; token: string; pid: number };
  return { url, token, pid, readyMs, stop };
}
