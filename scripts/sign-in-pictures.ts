// Takes the pictures of a sign-in, step by step, from the packaged extension in a real VS Code. Usage: npm run screenshots:sign-in
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { approveHttpLaunch, clickThrough, openSignIn, type Take } from '../test/editor/harness/sign-in.ts';
import { Workbench } from '../test/editor/harness/workbench.ts';
import { startProvider } from '../test/fixtures/oauth/provider.ts';
import { main, root, say } from './lib/exec.mjs';
import { vsixFile } from './lib/vsix.mjs';

const images = path.join(root, 'docs', 'images');
// Its path is in the pictures.
const demo = path.join(tmpdir(), 'demo');
const SLOW = { timeout: 60_000 };

await main('sign-in-pictures', async () => {
  // An address that VS Code does not forward, as it would 127.0.0.1.
  const provider = await startProvider({ pages: true }, '127.0.0.2');
  await rm(demo, { recursive: true, force: true });
  await mkdir(path.join(demo, '.vscode'), { recursive: true });
  await writeFile(path.join(demo, '.vscode', 'vestibule.json'), JSON.stringify({ servers: { acme: { type: 'http', url: provider.url } } }, null, 2));
  const settings = { 'editor.minimap.enabled': false, 'editor.lineNumbers': 'off' };
  const workbench = await Workbench.open({ name: 'sign-in-pictures', vsix: [vsixFile], workspace: demo, settings });
  const take: Take = async (name, page) => {
    await page.screenshot({ path: path.join(images, `sign-in-${name}.png`) });
    say('sign-in-pictures', `docs/images/sign-in-${name}.png`);
  };
  try {
    await workbench.page.setViewportSize({ width: 1000, height: 600 });
    await approveHttpLaunch(workbench, 'acme');
    await workbench.notification(/is approved/).first().waitFor(SLOW);
    await workbench.runCommand('Notifications: Clear All Notifications');
    await workbench.runCommand('View: Close All Editors');
    const page = await openSignIn(workbench, 'acme', new URL(provider.origin).host, take);
    await page.setViewportSize({ width: 900, height: 480 });
    await clickThrough(page, 'Allow', take);
    await workbench.notification(/Signed in to/).first().waitFor(SLOW);
    await workbench.treeRow(/whoami/).first().waitFor(SLOW);
    await take('5-signed-in', workbench.page);
  } finally {
    await workbench.close();
    await provider.close();
  }
});
