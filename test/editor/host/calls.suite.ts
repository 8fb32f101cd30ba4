import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { Command, Scheme } from '../../../src/views/ids.ts';
import { callTool } from './language-model-tools.ts';
import { untilState, upstream, vestibule } from './vestibule.ts';

/** Exports calls as a person would who picks this format and file. @returns the text of the file, undefined when there is none */
async function exported(format: string | undefined, name: string): Promise<string | undefined> {
  const { answerDialogs } = await vestibule();
  if (answerDialogs === undefined) throw new Error('the extension does not know that it is under test');
  const file = vscode.Uri.file(join(tmpdir(), `${process.pid}-${name}`));
  const restore = answerDialogs({
    pick: (_title, choices) => Promise.resolve(choices.find(({ value }) => value === format)?.value),
    saveAs: () => Promise.resolve(file),
    inform: () => undefined,
  });
  try {
    await vscode.commands.executeCommand(Command.exportCalls);
    const text = Buffer.from(await vscode.workspace.fs.readFile(file)).toString();
    await vscode.workspace.fs.delete(file);
    return text;
  } catch (error) {
    if (error instanceof vscode.FileSystemError) return undefined;
    throw error;
  } finally {
    restore();
  }
}

describe('calls', () => {
  it('are exported to the file a person chose', async () => {
    await callTool('retrieve_tools', { query: 'a question for the export' });
    const lines = ((await exported('jsonl', 'calls.jsonl')) ?? '').trim().split('\n');
    assert.ok(lines.some((line) => (JSON.parse(line) as { tool: string }).tool === 'retrieve_tools' && line.includes('a question for the export')));
    assert.match((await exported('csv', 'calls.csv')) ?? '', /^seq,time,.*\r\n/);
  });

  it('are not when the person changes their mind', async () => {
    assert.equal(await exported(undefined, 'never.jsonl'), undefined);
  });
});

describe('a shortened result', () => {
  it('opens whole in an editor tab', async () => {
    const api = await vestibule();
    if (api.answerDialogs === undefined) throw new Error('the extension does not know that it is under test');
    const message = Array.from({ length: 3_000 }, (_, line) => `line ${line}: größer 😀`).join('\n');
    const offered: string[] = [];
    const restore = api.answerDialogs({
      confirm: () => Promise.resolve(true),
      pick: (_title, choices) => {
        offered.push(...choices.map(({ label }) => label));
        return Promise.resolve(choices[0]?.value);
      },
    });
    try {
      await untilState(api, (state) => upstream(state, 'everything')?.tools.some(({ name }) => name === 'echo') === true, 60_000);
      const digest = upstream(api.state(), 'everything')?.tools.find(({ name }) => name === 'echo')?.digest;
      await vscode.commands.executeCommand(Command.approve, { server: 'everything', definition: { kind: 'tool', name: 'echo', digest } });
      const answer = await callTool('call_tool', { tool: 'everything:echo', arguments: { message } });
      assert.match(answer, /Read on with read_cache/);
      assert.ok(answer.length < message.length / 2);
      await vscode.commands.executeCommand(Command.openFullResult);
    } finally {
      restore();
    }
    assert.deepEqual(offered, ['everything:echo']);
    const document = vscode.window.activeTextEditor?.document;
    assert.ok(document, 'no editor is open');
    assert.equal(document.uri.scheme, Scheme.result);
    assert.equal(document.getText(), `Echo: ${message}`);
  }).timeout(120_000);
});
