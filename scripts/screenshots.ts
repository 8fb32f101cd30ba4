// Takes the pictures of docs/images from the packaged extension in a real VS Code. Usage: npm run screenshots
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Workbench } from '../test/editor/harness/workbench.ts';
import { main, root, say } from './lib/exec.mjs';
import { vsixFile } from './lib/vsix.mjs';
import { writeSampleWorkspace } from './sample/workspace.ts';

const images = path.join(root, 'docs', 'images');

await main('screenshots', async () => {
  const workspace = path.join(root, 'out', 'editor', 'screenshots-workspace', 'sample');
  await writeSampleWorkspace(workspace);
  await mkdir(images, { recursive: true });
  const workbench = await Workbench.open({ name: 'screenshots', vsix: [vsixFile], workspace });
  const take = async (name: string): Promise<void> => {
    await workbench.page.screenshot({ path: path.join(images, `${name}.png`) });
    say('screenshots', `docs/images/${name}.png`);
  };
  try {
    await workbench.openContainer('Vestibule');
    await workbench.treeRow(/^Run .*server-everything/).click();
    await workbench.editorText().getByText('Review of everything').waitFor();
    await take('review-launch');
    await workbench.approveEverything('everything', 'get-sum');
    await workbench.treeRow(/^Run .*server-filesystem/).click();
    await workbench.editorText().getByText('Review of filesystem').waitFor();
    await workbench.runCommand('Vestibule: Approve…');
    await workbench.answer('Approve Launch');
    await workbench.treeRow(/read_file.*new/).first().waitFor();
    await take('quarantine');
    await workbench.runCommand('Vestibule: Search Tools');
    await workbench.searchInInspector('add two numbers');
    await workbench.webview().getByRole('row', { name: /everything:get-sum/ }).waitFor();
    await take('tool-search');
  } finally {
    await workbench.close();
  }
});
