import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { Command } from '../../../src/views/ids.ts';
import { untilState, upstream, vestibule } from './vestibule.ts';

// Of no service: the form of such keys is what is recognised.
const KEY = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';

const CLAUDE = JSON.stringify({ mcpServers: { imported: { command: 'imported-mcp', args: ['--flag'], env: { API_TOKEN: KEY } } } });
/** Everything that VS Code's own grammar has beside commands and addresses. */
const VSCODE = `{
  // mine
  "servers": {
    "from-vscode": { "type": "stdio", "command": "tickets-mcp", "args": ["\${input:team}"], "envFile": "\${workspaceFolder}/.env", "sandboxEnabled": true },
    "remote-vscode": { "type": "http", "url": "https://tickets.example/mcp", "oauth": { "clientId": "team-client" } },
  },
  "inputs": [{ "id": "team", "type": "promptString", "description": "Which team" }],
  "sandbox": { "network": { "allowedDomains": ["tickets.example"] } }
}
`;

describe('importing servers', () => {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const inFolder = (...path: readonly string[]): string => join(folder?.uri.fsPath ?? '', ...path);
  const claude = inFolder('.mcp.json');
  const vsCode = inFolder('.vscode', 'mcp.json');
  const target = inFolder('.vscode', 'vestibule.json');
  let before: string;

  beforeEach(async () => {
    before = await readFile(target, 'utf8');
    await writeFile(claude, CLAUDE);
    await writeFile(vsCode, VSCODE);
  });

  afterEach(async function () {
    this.timeout(90_000);
    await rm(claude, { force: true });
    await rm(vsCode, { force: true });
    await restored();
  });

  /** The servers file as it was, and read. */
  async function restored(): Promise<void> {
    await writeFile(target, before);
    await untilState(await vestibule(), (state) => ['imported', 'from-vscode', 'remote-vscode'].every((name) => upstream(state, name) === undefined), 60_000);
  }

  /** Imports these into the workspace, pressing these buttons of notifications as they come. Resolves with what was shown and said. */
  async function importing(names: readonly string[], buttons: readonly string[] = []): Promise<{ readonly shown: string; readonly said: readonly string[] }> {
    const api = await vestibule();
    if (api.answerDialogs === undefined) throw new Error('the extension does not know that it is under test');
    const said: string[] = [];
    let shown = '';
    const running: unknown[] = [];
    const restore = api.answerDialogs({
      pickMany: (_title, choices) => Promise.resolve(choices.filter(({ label }) => names.includes(label)).map(({ value }) => value)),
      pick: (_title, choices) => Promise.resolve(choices.at(-1)?.value),
      confirm: () => {
        shown = vscode.window.activeTextEditor?.document.getText() ?? '';
        return Promise.resolve(true);
      },
      inform: (message, ...offers) => {
        said.push(message);
        running.push(offers.find(({ label }) => buttons.includes(label))?.run());
      },
      fail: ({ message, action }) => void said.push(`${message} ${action}`),
    });
    try {
      await vscode.commands.executeCommand(Command.importUpstreams);
      // A button may bring up the next notification.
      for (let at = 0; at < running.length; at++) await running[at];
    } finally {
      restore();
    }
    return { shown, said };
  }

  it('takes over what a person picks, its secret aside, and starts nothing', async () => {
    await importing(['imported']);
    const text = await readFile(target, 'utf8');
    assert.match(text, /"imported-mcp"/);
    assert.match(text, /\$\{secret:imported\.env\.API_TOKEN\}/);
    assert.ok(!text.includes(KEY));
    await untilState(await vestibule(), (state) => upstream(state, 'imported')?.launch.approved === false, 60_000);
  }).timeout(120_000);

  it('understands inputs, envFile, sandbox and oauth of VS Code, and says what is different', async () => {
    const { shown } = await importing(['from-vscode', 'remote-vscode']);
    assert.match(shown, /# from-vscode/);
    assert.match(shown, /cannot let in tickets\.example alone/);
    const written = JSON.parse(await readFile(target, 'utf8')) as { servers: Record<string, unknown>; inputs: unknown };
    assert.deepEqual(written.inputs, [{ id: 'team', type: 'promptString', description: 'Which team' }]);
    assert.deepEqual(written.servers['from-vscode'], {
      type: 'stdio',
      command: 'tickets-mcp',
      args: ['${input:team}'],
      envFile: '${workspaceFolder}/.env',
      isolation: { kind: 'sandbox', network: true },
    });
    assert.deepEqual(written.servers['remote-vscode'], { type: 'http', url: 'https://tickets.example/mcp', oauth: { clientId: 'team-client' } });
    const state = await untilState(await vestibule(), (now) => upstream(now, 'remote-vscode') !== undefined, 60_000);
    assert.deepEqual(upstream(state, 'from-vscode')?.launch.envFile, '${workspaceFolder}/.env');
    assert.equal(upstream(state, 'remote-vscode')?.config.oauth?.clientId, 'team-client');
  }).timeout(120_000);

  it('takes the originals out of their files when asked, and puts them back byte for byte', async () => {
    const first = await importing(['imported', 'from-vscode'], ['Remove Originals']);
    const without = await readFile(vsCode, 'utf8');
    assert.ok(!without.includes('from-vscode') && without.includes('remote-vscode') && without.includes('// mine'), without);
    assert.ok(first.said.some((line) => line.startsWith('Removed 2 servers')), first.said.join('\n'));
    await writeFile(claude, CLAUDE);
    await writeFile(vsCode, VSCODE);
    await restored();

    const second = await importing(['imported', 'from-vscode'], ['Remove Originals', 'Undo']);
    assert.deepEqual(second.said.slice(-1), ['The files are as they were.']);
    assert.equal(await readFile(vsCode, 'utf8'), VSCODE);
    assert.equal(await readFile(claude, 'utf8'), CLAUDE);
  }).timeout(180_000);
});
