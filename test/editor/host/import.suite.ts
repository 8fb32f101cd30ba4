import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { Command } from '../../../src/views/ids.ts';
import { untilState, vestibule } from './vestibule.ts';

// Of no service: the form of such keys is what is recognised.
const KEY = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';

describe('importing servers', () => {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const source = join(folder?.uri.fsPath ?? '', '.mcp.json');
  const target = join(folder?.uri.fsPath ?? '', '.vscode', 'vestibule.json');
  let before: string;

  beforeEach(async () => {
    before = await readFile(target, 'utf8');
    await writeFile(source, JSON.stringify({ mcpServers: { imported: { command: 'imported-mcp', args: ['--flag'], env: { API_TOKEN: KEY } } } }));
  });

  afterEach(async () => {
    await rm(source, { force: true });
    await writeFile(target, before);
  });

  it('takes over what a person picks, its secret aside, and starts nothing', async () => {
    const api = await vestibule();
    if (api.answerDialogs === undefined) throw new Error('the extension does not know that it is under test');
    const restore = api.answerDialogs({
      pickMany: (_title, choices) => Promise.resolve(choices.filter(({ label }) => label === 'imported').map(({ value }) => value)),
      pick: (_title, choices) => Promise.resolve(choices.at(-1)?.value),
      confirm: () => Promise.resolve(true),
      inform: () => undefined,
      fail: () => undefined,
    });
    try {
      await vscode.commands.executeCommand(Command.importUpstreams);
    } finally {
      restore();
    }
    const text = await readFile(target, 'utf8');
    assert.match(text, /"imported-mcp"/);
    assert.match(text, /\$\{secret:imported\.env\.API_TOKEN\}/);
    assert.ok(!text.includes(KEY));
    await untilState(api, ({ upstreams }) => upstreams.some(({ name, launch }) => name === 'imported' && !launch.approved));
  });
});
