import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where the bridge ships, and what can run it on this machine. */
export interface BridgeHome {
  /** Folder of the extension's bundles, absolute. It moves with every update. */
  readonly dist: string;
  /** The person's own data, absolute. It stays. */
  readonly dataDir: string;
  readonly platform: NodeJS.Platform;
  /** The program this code runs in; it runs scripts as Node does. */
  readonly execPath: string;
  /** Whether that program is the editor itself, which runs scripts only when told so. */
  readonly electron: boolean;
}

/** Whether an agent was ever connected by the bridge here. Known at activation, which loads nothing else of it. */
export function isBridgeInstalled(dataDir: string): boolean {
  return existsSync(join(dataDir, 'bin', 'bridge.cjs'));
}

/** Where the bridge of this extension ships, and what runs it here. @param dataDir the person's own data, absolute */
export function bridgeHome(dataDir: string): BridgeHome {
  return { dist: __dirname, dataDir, platform: process.platform, execPath: process.execPath, electron: process.versions['electron'] !== undefined };
}
