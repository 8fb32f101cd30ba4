// `npm start`: the extension, built from this checkout, in a real VS Code with a throw-away profile and a sample
// workspace. A desktop VS Code if `code` is on PATH, else VS Code in the browser. `npm start -- --browser` skips the
// search for a desktop one.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import spawn from 'cross-spawn';
import { createProfile, installVsix, startServer } from './editor/server.ts';
import { cacheFolder } from './editor/vscode-install.ts';
import { interrupted } from './lib/interrupted.ts';
import { main, npm, say, StepError } from './lib/exec.mjs';
import { findOnPath } from './lib/on-path.ts';
import { vsixFile } from './lib/vsix.mjs';
import { writeSampleWorkspace } from './sample/workspace.ts';

const sample = path.join(cacheFolder, 'sample');
const profileFolder = path.join(cacheFolder, 'profile');

await main('start', async () => {
  await npm(['run', '--silent', 'package']);
  await writeSampleWorkspace(sample);
  await rm(profileFolder, { recursive: true, force: true });
  const desktop = process.argv.includes('--browser') ? undefined : findDesktop();
  await (desktop === undefined ? startInBrowser() : startOnDesktop(desktop));
});

/** A desktop VS Code on PATH. In a terminal of a remote VS Code `code` is another program, which opens no new profile. */
function findDesktop(): string | undefined {
  if (process.env['VSCODE_IPC_HOOK_CLI'] !== undefined) return undefined;
  return findOnPath(process.platform === 'win32' ? 'code.cmd' : 'code');
}

async function startOnDesktop(code: string): Promise<void> {
  const profile = await createProfile(profileFolder, { 'security.workspace.trust.enabled': false });
  const places = ['--user-data-dir', path.dirname(profile.userFolder), '--extensions-dir', profile.extensionsFolder];
  // Chromium's sandbox refuses root.
  const common = process.getuid?.() === 0 ? [...places, '--no-sandbox'] : places;
  await runDesktop(code, [...common, '--install-extension', vsixFile]);
  say('start', `opening ${sample} in ${code}; close the window or press Ctrl-C to end`);
  await runDesktop(code, [...common, '--new-window', '--wait', sample]);
}

function runDesktop(code: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(code, [...args], { stdio: 'inherit' });
    child.once('error', (cause) => reject(new StepError(`cannot start ${code}: ${cause.message}`)));
    child.once('close', (status) => {
      if (status === 0) resolve();
      else reject(new StepError(`${code} ended with code ${status ?? 'none'}`));
    });
  });
}

async function startInBrowser(): Promise<void> {
  await npm(['run', '--silent', 'ensure:vscode']);
  const profile = await createProfile(profileFolder);
  await installVsix(profile, vsixFile);
  const stop = interrupted();
  const server = await startServer(profile, { trustEverything: true });
  say('start', 'VS Code with Vestibule is running. Open this address in a browser:');
  console.log(`\n  ${server.url({ folder: sample })}\n`);
  say('start', 'press Ctrl-C to end');
  await Promise.race([stop, server.ended]);
  say('start', 'ending');
  await server.stop();
}
