import assert from 'node:assert/strict';
import { callTool, languageModelTool } from './language-model-tools.ts';
import { vestibule } from './vestibule.ts';

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

  it('finds nothing while nothing is approved, not even a name', async () => {
    await vestibule();
    const text = await callTool('retrieve_tools', { query: 'add two numbers' });
    assert.notEqual(text, '');
    assert.doesNotMatch(text, /get-sum|everything/);
  });
});
