// Takes the pictures of docs/images from the packaged extension in a real VS Code. Usage: npm run screenshots
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ask, withScriptedModel } from '../test/editor/harness/scripted-model.ts';
import { Workbench } from '../test/editor/harness/workbench.ts';
import { main, root, say } from './lib/exec.mjs';
import { vsixFile } from './lib/vsix.mjs';

const images = path.join(root, 'docs', 'images');
// Its path is in the pictures.
const demo = path.join(tmpdir(), 'demo');

const question = 'How much is 2 plus 40?';
const plans = {
  [question]: [
    { tool: 'retrieve_tools', arguments: { query: 'add two numbers' } },
    { tool: 'call_tool', arguments: { tool: '$found', arguments: { a: 2, b: 40 } } },
  ],
};

await main('screenshots', async () => {
  await writeDemo();
  await rm(images, { recursive: true, force: true });
  await mkdir(images, { recursive: true });
  const settings = { 'editor.minimap.enabled': false, 'editor.lineNumbers': 'off' };
  const workbench = await Workbench.open(
    await withScriptedModel({ name: 'screenshots', vsix: [vsixFile], workspace: demo, settings }, plans),
  );
  const take = async (name: string): Promise<void> => {
    await workbench.page.mouse.move(640, 790);
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
    await workbench.treeRow(/edit_file.*new/).first().click();
    await workbench.editorText().getByText('Tool edit_file').waitFor();
    await take('review-tool');

    await ask(workbench, question);
    await workbench.chatQuestion('"b": 40').waitFor({ timeout: 60_000 });
    await take('agent-mode');
    await workbench.allowInChat('"b": 40', 60_000);
    await workbench.chatText('The tool said').waitFor();

    await workbench.runCommand('Vestibule: Open Inspector');
    await workbench.webview().getByRole('button', { name: 'everything:get-sum' }).click();
    await take('calls');
  } finally {
    await workbench.close();
  }
});

/** Two servers of this checkout's node_modules, reached by relative paths. */
async function writeDemo(): Promise<void> {
  await rm(demo, { recursive: true, force: true });
  await mkdir(path.join(demo, '.vscode'), { recursive: true });
  await mkdir(path.join(demo, 'notes'));
  await symlink(path.join(root, 'node_modules'), path.join(demo, 'node_modules'), 'junction');
  const server = (name: string, argument: string): unknown => ({
    type: 'stdio',
    command: 'node',
    args: [`node_modules/@modelcontextprotocol/server-${name}/dist/index.js`, argument],
    cwd: '${workspaceFolder}',
  });
  const servers = { everything: server('everything', 'stdio'), filesystem: server('filesystem', 'notes') };
  await writeFile(path.join(demo, '.vscode', 'vestibule.json'), `${JSON.stringify({ servers }, null, 2)}\n`);
}
