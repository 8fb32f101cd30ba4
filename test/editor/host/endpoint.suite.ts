import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Command } from '../../../src/views/ids.ts';
import { callTool, languageModelTool } from './language-model-tools.ts';
import { serversFile, textOf } from './servers-file.ts';
import { untilState, vestibule } from './vestibule.ts';

describe('endpoint', () => {
  it('listens on the loopback address and lets nobody in without the bearer', async () => {
    const { url, headers } = await (await vestibule()).endpoint();
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/mcp$/);
    assert.match(headers['Authorization'] ?? '', /^Bearer .{32,}$/);
    const call = { method: 'POST', body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' };
    const type = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    assert.equal((await fetch(url, { ...call, headers: type })).status, 401);
    assert.notEqual((await fetch(url, { ...call, headers: { ...type, ...headers } })).status, 401);
  });

  it('stays where it is', async () => {
    const api = await vestibule();
    assert.deepEqual(await api.endpoint(), await api.endpoint());
  });

  it('gives VS Code the menu of tools', async () => {
    await vestibule();
    assert.match((await languageModelTool('retrieve_tools')).name, /^mcp_vestibule_/);
    await languageModelTool('call_tool');
  });

  it('shows the profile that a person switches to, and no agent can', async () => {
    const api = await vestibule();
    const original = await textOf(serversFile());
    const file = JSON.parse(original) as object;
    const pick = async (name: string): Promise<void> => {
      const restore = api.answerDialogs?.({ pick: (_title, choices) => Promise.resolve(choices.find(({ label }) => label === name)?.value) });
      await vscode.commands.executeCommand(Command.switchProfile);
      restore?.();
    };
    try {
      await vscode.workspace.fs.writeFile(serversFile(), Buffer.from(JSON.stringify({ ...file, profiles: { nothing: { servers: [] } } })));
      await untilState(api, ({ profiles = [] }) => profiles.includes('nothing'), 60_000);
      const { url } = await api.endpoint();
      await pick('nothing');
      const narrowed = await api.endpoint();
      assert.equal(narrowed.url, `${url}/p/nothing`);
      const headers = { ...narrowed.headers, 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
      const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
      assert.equal((await fetch(narrowed.url, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }) })).status, 200);
      await pick('Everything');
      assert.equal((await api.endpoint()).url, url);
    } finally {
      await pick('Everything');
      await vscode.workspace.fs.writeFile(serversFile(), Buffer.from(original));
    }
  }).timeout(120_000);

  it('finds nothing while nothing is approved, not even a name', async () => {
    await vestibule();
    const text = await callTool('retrieve_tools', { query: 'add two numbers' });
    assert.notEqual(text, '');
    assert.doesNotMatch(text, /get-sum|everything/);
  });
});
