// Takes the pictures of docs/images from the packaged extension in a real VS Code. Usage: npm run screenshots
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ask, withScriptedModel } from '../test/editor/harness/scripted-model.ts';
import { startRegistry } from '../test/fixtures/registry.ts';
import { Workbench } from '../test/editor/harness/workbench.ts';
import { main, root, say } from './lib/exec.mjs';
import { vsixFile } from './lib/vsix.mjs';

const images = path.join(root, 'docs', 'images');
// Their paths are in the pictures.
const demo = path.join(tmpdir(), 'demo');
const home = path.join(tmpdir(), 'demo-home');

/** Themes the inspector is shown in, by the name of its picture, and how the window says that it has one. */
const themes = [
  ['calls-dark', 'Dark Modern', 'vs-dark'],
  ['calls-high-contrast', 'Dark High Contrast', 'hc-black'],
] as const;

const stdio = { type: 'stdio' };
const published = [
  { name: 'com.example/weather', title: 'Weather', description: 'Forecasts and warnings for any place', version: '2.1.0', packages: [{ registryType: 'npm', identifier: '@example/weather-mcp', version: '2.1.0', transport: stdio }] },
  { name: 'io.github.example/tickets', title: 'Tickets', description: 'Finds, opens and closes tickets', version: '1.4.2', remotes: [{ type: 'streamable-http', url: 'https://tickets.example.com/mcp' }] },
  { name: 'io.github.example/old-notes', title: 'Old Notes', description: 'Notes of the first generation', version: '0.9.0', remotes: [{ type: 'sse', url: 'https://notes.example.com/sse' }] },
];

const question = 'How much is 2 plus 40?';
const plans = {
  [question]: [
    { tool: 'retrieve_tools', arguments: { query: 'add two numbers' } },
    { tool: 'call_tool', arguments: { tool: '$found', arguments: { a: 2, b: 40 } } },
  ],
};

await main('screenshots', async () => {
  await writeDemo();
  await writeHome();
  // Other pictures there are made by other programs.
  await mkdir(images, { recursive: true });
  const registry = await startRegistry(published);
  const settings = { 'editor.minimap.enabled': false, 'editor.lineNumbers': 'off' };
  // Settings of the machine are those of the side that the extension runs on.
  const userFiles = { '../Machine/settings.json': JSON.stringify({ 'vestibule.registry': registry.base }) };
  const env = { HOME: home, XDG_CONFIG_HOME: undefined };
  const workbench = await Workbench.open(
    await withScriptedModel({ name: 'screenshots', vsix: [vsixFile], workspace: demo, settings, userFiles, env }, plans),
  );
  const clearNotifications = async (): Promise<void> => {
    const clear = workbench.page.locator('.notification-toast .codicon-notifications-clear');
    while ((await clear.count()) > 0) await clear.first().click();
  };
  const take = async (name: string): Promise<void> => {
    await workbench.page.mouse.move(640, 790);
    // Nothing is shown half faded in; what moves for ever, such as progress, is left out.
    await workbench.page.evaluate('Promise.all(document.getAnimations().filter((one) => Number.isFinite(one.effect?.getComputedTiming().endTime)).map((one) => one.finished.catch(() => undefined)))');
    await workbench.page.screenshot({ path: path.join(images, `${name}.png`) });
    say('screenshots', `docs/images/${name}.png`);
  };
  try {
    await workbench.openContainer('Vestibule');
    await workbench.notification('This workspace brings 2 MCP servers').getByRole('button', { name: 'Set Up…' }).click({ timeout: 60_000 });
    await workbench.quickPick('Let “everything” start').first().waitFor();
    await take('first-open');
    await workbench.page.keyboard.press('Escape');
    await clearNotifications();
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
    await clearNotifications();
    await take('review-tool');

    await ask(workbench, question);
    await workbench.chatQuestion('"b": 40').waitFor({ timeout: 60_000 });
    await take('agent-mode');
    await workbench.allowInChat('"b": 40', 60_000);
    await workbench.chatText('The tool said').waitFor();

    await workbench.runCommand('Vestibule: Open Inspector');
    await workbench.webview().getByRole('button', { name: 'everything:get-sum' }).click();
    await workbench.webview().locator('#detail-result', { hasText: '42' }).waitFor();
    await take('calls');
    for (const [name, theme, kind] of themes) {
      await workbench.useTheme(theme);
      await workbench.page.locator(`.monaco-workbench.${kind}`).waitFor();
      await take(name);
    }
    await workbench.useTheme('Light Modern');

    await workbench.runCommand('Vestibule: Import Servers…');
    await workbench.quickPick('github').first().waitFor();
    await take('import');
    await workbench.page.keyboard.press('Escape');

    await workbench.runCommand('Vestibule: Browse Registry…');
    await workbench.page.locator('.quick-input-message', { hasText: 'Words of a server' }).waitFor();
    await workbench.page.keyboard.press('Enter');
    await workbench.quickPick('Weather').first().waitFor();
    await take('registry');
    await workbench.page.keyboard.press('Escape');
  } finally {
    await workbench.close();
    await registry[Symbol.asyncDispose]();
  }
});

/** What other clients of the person have. The token is of no service. */
async function writeHome(): Promise<void> {
  const write = async (file: string, content: object): Promise<void> => {
    await mkdir(path.dirname(path.join(home, file)), { recursive: true });
    await writeFile(path.join(home, file), `${JSON.stringify(content, null, 2)}\n`);
  };
  await rm(home, { recursive: true, force: true });
  const github = { command: 'npx', args: ['-y', '@modelcontextprotocol/server-github@2025.4.8'], env: { GITHUB_PERSONAL_ACCESS_TOKEN: 'ghp_16C7e42F292c6912E7710c838347Ae178B4a' } };
  await write('.cursor/mcp.json', { mcpServers: { github, docs: { url: 'https://docs.example.com/mcp' } } });
  await write('.claude.json', { mcpServers: { github, postgres: { command: 'uvx', args: ['postgres-mcp==0.3.0'] } } });
  await write('.gemini/settings.json', { mcpServers: { search: { httpUrl: 'https://search.example.com/mcp', timeout: 30_000 } } });
}

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
