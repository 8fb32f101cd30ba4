import type * as vscode from 'vscode';
import type { BridgeHome } from './bridge-program.ts';
import { dataFolder } from './create-gateway.ts';

/** Where the bridge of this extension ships, and what runs it here. */
export function bridgeHome(context: vscode.ExtensionContext): BridgeHome {
  return {
    dist: __dirname,
    dataDir: dataFolder(context),
    platform: process.platform,
    execPath: process.execPath,
    electron: process.versions['electron'] !== undefined,
  };
}
