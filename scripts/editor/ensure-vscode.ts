// Makes sure that a real VS Code is in .vscode-test/, by npm alone. Idempotent; an interrupted run leaves only a
// `.partial` folder, which the next one replaces.
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { main, npm, say, StepError } from '../lib/exec.mjs';
import { installFolder, packageVersion, serverMain, vscodeFolder } from './vscode-install.ts';

/** npm hands its own settings down in the environment; an install elsewhere must not take this project for its own. */
const foreign = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => /^npm_(package_|lifecycle_|config_(local_prefix|prefix|allow_scripts))/i.test(name))
    .map((name) => [name, undefined]),
);

async function install(folder: string, args: readonly string[]): Promise<void> {
  await npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...args], { cwd: folder, env: foreign });
}

await main('ensure-vscode', async () => {
  if (existsSync(serverMain)) {
    say('ensure-vscode', `VS Code from code-server ${packageVersion} is in place`);
    return;
  }
  say('ensure-vscode', `installing VS Code from the npm package code-server ${packageVersion} (about 600 MB on disk, once)`);
  const partial = `${installFolder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  await writeFile(path.join(partial, 'package.json'), '{"private":true}');
  await install(partial, [`code-server@${packageVersion}`]);
  // VS Code's own dependencies are a second and third npm project. Their native modules stay unbuilt: only file
  // logging and a watchdog need them.
  await install(vscodeFolder(partial), ['--omit=dev']);
  await install(path.join(vscodeFolder(partial), 'extensions'), ['--omit=dev']);
  if (!existsSync(path.join(vscodeFolder(partial), 'out', 'server-main.js'))) {
    throw new StepError(`code-server ${packageVersion} holds no VS Code server; is the npm registry complete?`);
  }
  await rm(installFolder, { recursive: true, force: true });
  await rename(partial, installFolder);
  say('ensure-vscode', `installed in ${installFolder}`);
});
