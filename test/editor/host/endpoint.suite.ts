import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { vestibule } from './extension-api.ts';

/** How often VS Code is asked for its tools; it has no event for them. */
const LOOK_MS = 100;

async function tool(name: string): Promise<vscode.LanguageModelToolInformation> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = vscode.lm.tools.find((candidate) => candidate.name.endsWith(name));
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`VS Code has no tool ${name}: ${vscode.lm.tools.map((each) => each.name).join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

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
    await vscode.commands.executeCommand('workbench.mcp.startServer', '*');
    const retrieve = await tool('retrieve_tools');
    assert.match(retrieve.name, /^mcp_vestibule_/);
    await tool('call_tool');
  });

  it('answers VS Code when it calls a tool', async () => {
    await vestibule();
    const retrieve = await tool('retrieve_tools');
    const result = await vscode.lm.invokeTool(retrieve.name, { input: { query: 'add two numbers' }, toolInvocationToken: undefined });
    const text = result.content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('');
    // Nothing is approved in this workspace, so nothing may be found, not even a name.
    assert.doesNotMatch(text, /get-sum/);
    assert.notEqual(text, '');
  });
});
