// Where the VS Code for tests and `npm start` lives. The npm package `code-server` carries the complete VS Code server
// and web workbench of one release (docs/decisions/0002-real-vscode-from-npm.md).
import path from 'node:path';
import { root } from '../lib/exec.mjs';

/** npm version of the package; 4.139.1 carries VS Code 1.139.1. */
export const packageVersion = '4.139.1';

/** Folder for everything the editor suites and `npm start` download or generate. Not in git. */
export const cacheFolder = path.join(root, '.vscode-test');

/** Complete installation of this version; exists only when complete. */
export const installFolder = path.join(cacheFolder, `vscode-server-${packageVersion}`);

/** VS Code itself inside an installation folder. */
export function vscodeFolder(folder: string): string {
  return path.join(folder, 'node_modules', 'code-server', 'lib', 'vscode');
}

/** The server's entry point, run with Node 24. */
export const serverMain = path.join(vscodeFolder(installFolder), 'out', 'server-main.js');
