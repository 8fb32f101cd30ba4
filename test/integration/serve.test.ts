import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../fixtures/eventually.ts';
import { makePlace, serve, TestAgent, vestibule, type Place, type Serving } from '../fixtures/serve.ts';

const require = createRequire(import.meta.url);
const EVERYTHING = require.resolve('@modelcontextprotocol/server-everything/dist/index.js');
const FILESYSTEM = require.resolve('@modelcontextprotocol/server-filesystem/dist/index.js');

describe('serve, from a servers file to an answer', () => {
  let place: Place;
  let serving: Serving;
  let agent: TestAgent;

  before(async () => {
    place = await makePlace();
    await place.servers({
      servers: {
        everything: { command: process.execPath, args: [EVERYTHING, 'stdio'] },
        files: { type: 'stdio', command: process.execPath, args: [FILESYSTEM, '${workspaceFolder}'] },
      },
    });
    serving = await serve(place);
    agent = new TestAgent(serving);
    await agent.initialize();
  });

  after(async () => {
    assert.equal(await serving.stop(), 0);
    await place.dispose();
  });

  it('lists the menu and nothing of an upstream', async () => {
    const { tools } = (await agent.request('tools/list', {})) as { tools: { name: string }[] };
    const names = tools.map((tool) => tool.name);
    for (const name of ['retrieve_tools', 'describe_tool', 'call_tool_read', 'call_tool', 'read_cache']) assert.ok(names.includes(name), name);
    assert.ok(!names.some((name) => name.includes('echo')));
  });

  it('finds and runs nothing before a person approves', async () => {
    assert.doesNotMatch((await agent.call('retrieve_tools', { query: 'echo a message' })).text, /everything:echo/);
    const refused = await agent.call('call_tool', { tool: 'everything:echo', arguments: { message: 'x' } });
    assert.equal(refused.result['isError'], true);
  });

  it('approves a server from the command line; the running serve follows', async () => {
    const run = await vestibule(place, 'upstream', 'approve', '--name', 'everything');
    assert.equal(run.code, 0, run.stderr);
    const found = await eventually(async () => {
      const { text } = await agent.call('retrieve_tools', { query: 'echo a message' });
      return text.includes('everything:echo') ? text : undefined;
    });
    assert.match(found, /everything:echo\(message\*: string\)/);
  });

  it('calls the found tool on the real upstream, by id and by exposed name', async () => {
    const byId = await agent.call('call_tool', { tool: 'everything:echo', arguments: { message: 'hello there' } });
    assert.match(byId.text, /hello there/);
    const byName = await agent.call('call_tool', { tool: 'everything_echo', arguments: { message: 'again' } });
    assert.match(byName.text, /again/);
  });

  it('says what is wrong with arguments before they reach the upstream', async () => {
    const { result, text } = await agent.call('call_tool', { tool: 'everything:echo', arguments: { massage: 1 } });
    assert.equal(result['isError'], true);
    assert.match(text, /message/);
    assert.equal(((result['_meta'] as Record<string, unknown>)['vestibule/error'] as Record<string, unknown>)['code'], 'invalid_arguments');
  });

  it('keeps the other server in quarantine', async () => {
    const { result } = await agent.call('call_tool', { tool: 'files:list_directory', arguments: { path: '.' } });
    assert.equal(result['isError'], true);
  });

  it('keeps a record of every call, refused ones too', async () => {
    const calls = await eventually(async () => {
      const run = await vestibule(place, 'calls', '--json');
      const records = JSON.parse(run.stdout) as { tool: string; outcome: string }[];
      return records.some(({ tool }) => tool === 'list_directory' || tool === 'files:list_directory') ? records : undefined;
    });
    assert.ok(calls.some(({ tool, outcome }) => tool === 'echo' && outcome === 'ok'));
    assert.ok(calls.some(({ outcome }) => outcome === 'refused'));
  });
});
