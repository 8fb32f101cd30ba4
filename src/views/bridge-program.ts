import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import type { Launcher } from '../proxy/connect/types.ts';
import { readTextIfExists, writeFileAtomic } from '../proxy/storage/atomic-file.ts';
import { isBridgeInstalled, type BridgeHome } from './bridge-home.ts';

const AS_NODE = 'ELECTRON_RUN_AS_NODE';
const MAX_BRIDGE_BYTES = 1024 * 1024;
const RUNNABLE = 0o755;

/**
 * Puts the stdio bridge where no update moves it, and says how agents start it. On Windows that is the editor's own
 * program; elsewhere a script, for the program that runs this code may be another after each update (remote servers,
 * snaps): `refreshBridge` keeps the script true.
 * @throws VestibuleError `data-folder-unreadable`
 */
export async function installBridge(home: BridgeHome): Promise<Launcher> {
  const { bridge, script } = placesIn(home.dataDir);
  const program = await readTextIfExists(join(home.dist, 'bridge.cjs'), MAX_BRIDGE_BYTES);
  if (program === undefined) throw new Error(`The extension is not complete: ${home.dist} has no bridge.cjs. Install it again.`);
  await writeIfOther(bridge, program, 0o644);
  if (home.platform === 'win32') return { command: home.execPath, args: [bridge], ...(home.electron && { env: { [AS_NODE]: '1' } }) };
  await writeIfOther(script, scriptFor(home, bridge), RUNNABLE);
  return { command: script, args: [] };
}

/** Brings an installed bridge up to this version of the extension and the editor; does nothing where there is none. */
export async function refreshBridge(home: BridgeHome): Promise<void> {
  if (isBridgeInstalled(home.dataDir)) await installBridge(home);
}

function placesIn(dataDir: string): { readonly bridge: string; readonly script: string } {
  return { bridge: join(dataDir, 'bin', 'bridge.cjs'), script: join(dataDir, 'bin', 'vestibule-bridge') };
}

function scriptFor({ electron, execPath }: BridgeHome, bridge: string): string {
  return ['#!/bin/sh', '# Written by Vestibule: brings an agent on stdio to the gateway in the editor.', ...(electron ? [`export ${AS_NODE}=1`] : []), `exec ${quoted(execPath)} ${quoted(bridge)} "$@"`, ''].join('\n');
}

/** A word of a shell that stands for exactly this text. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

async function writeIfOther(path: string, text: string, mode: number): Promise<void> {
  if ((await readTextIfExists(path, MAX_BRIDGE_BYTES)) !== text) await writeFileAtomic(path, text, { mode });
  // What the umask took.
  else if (mode === RUNNABLE) await chmod(path, mode);
}
