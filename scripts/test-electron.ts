// The in-host tests in a desktop VS Code: the one VSCODE_EXECUTABLE names, else one found on this machine.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { runTests } from '@vscode/test-electron';
import { bundleForHost } from '../test/editor/harness/bundle.ts';
import { everythingWorkspace } from '../test/editor/harness/workspace.ts';
import { main, npm, root, say, StepError } from './lib/exec.mjs';

const usualPlaces = {
  linux: ['/usr/share/code/code', '/usr/lib/code/code', '/opt/visual-studio-code/code', '/snap/code/current/usr/share/code/code'],
  darwin: ['/Applications/Visual Studio Code.app/Contents/MacOS/Electron', '/Applications/Visual Studio Code.app/Contents/MacOS/Code'],
  win32: [path.join(process.env['LOCALAPPDATA'] ?? 'C:\\', 'Programs', 'Microsoft VS Code', 'Code.exe')],
} as Readonly<Record<string, readonly string[]>>;

await main('test:electron', async () => {
  const executable = process.env['VSCODE_EXECUTABLE'] ?? usualPlaces[process.platform]?.find((file) => existsSync(file));
  if (executable === undefined || !existsSync(executable)) {
    throw new StepError(
      `no desktop VS Code ${executable === undefined ? 'found' : `at ${executable}`}; set VSCODE_EXECUTABLE to its executable (\`npm run test:editor\` needs none)`,
    );
  }
  if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) {
    throw new StepError('a desktop VS Code needs a display; run this under xvfb-run');
  }
  say('test:electron', executable);
  await npm(['run', '--silent', 'build']);
  const testModule = path.join(root, 'out', 'host', 'index.cjs');
  await bundleForHost('test/editor/host/index.ts', testModule, ['mocha']);
  const code = await runTests({
    vscodeExecutablePath: executable,
    extensionDevelopmentPath: root,
    extensionTestsPath: testModule,
    launchArgs: [await everythingWorkspace('electron', { mode: 'retrieve' }), '--disable-workspace-trust', '--disable-extensions'],
  });
  if (code !== 0) throw new StepError(`the tests ended with code ${code}`);
});
