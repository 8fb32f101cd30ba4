import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ToolListChangedNotificationSchema, type CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { behaving, FIXTURE_ENTRY, inPlace, MAIN, run, toolNamed, userServers } from '../fixtures/cli.ts';
import { Serve, type Ready } from '../fixtures/cli-serve.ts';
import { makePlace, type Place } from '../fixtures/serve.ts';

const CLIENT = { name: 'bridged', version: '1.0' };
const LOOK = JSON.stringify({ name: 'look', description: 'Looks at things.', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } });

describe('vestibule bridge', { timeout: 240_000 }, () => {
  const env = behaving({ tools: [LOOK, toolNamed('burn')] });
  let place: Place;
  let serve: Serve;
  let ready: Ready;
  let tokenFile: string;

  const startServe = async (...args: string[]): Promise<void> => {
    serve = new Serve(inPlace(place, ['serve', '--approve-all', ...args]), env);
    ready = await serve.ready();
  };
  const program = () => ({ command: process.execPath, args: inPlace(place, [MAIN, 'bridge', '--token-file', tokenFile]), stderr: 'ignore' as const });
  const textOf = (result: unknown): string => ((result as CallToolResult).content as { text?: string }[]).map(({ text }) => text ?? '').join('');

  before(async () => {
    place = await makePlace();
    await userServers(place, { servers: { srv: FIXTURE_ENTRY } });
    const added = await run(inPlace(place, ['agent', 'add', '--name', 'bridged', '--tier', 'read', '--json']));
    tokenFile = join(place.data, 'bridged.token');
    await writeFile(tokenFile, (JSON.parse(added.stdout) as { token: string }).token, { mode: 0o600 });
    await startServe();
  });
  after(async () => {
    await serve.stop();
    await place.dispose();
  });

  it('carries a session, and opens it anew when the gateway restarts elsewhere', async () => {
    const client = new Client(CLIENT);
    let heard: () => void = () => undefined;
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => heard());
    await client.connect(new StdioClientTransport(program()));
    try {
      assert.equal(client.getServerVersion()?.name, 'vestibule');
      assert.ok((await client.listTools()).tools.some(({ name }) => name === 'call_tool_read'));
      assert.equal((await client.callTool({ name: 'call_tool_read', arguments: { tool: 'srv:look', arguments: {} } })).isError, undefined);
      // The grant of the agent holds, not the owner's.
      assert.match(textOf(await client.callTool({ name: 'call_tool', arguments: { tool: 'srv:burn', arguments: {} } })), /does not cover this tool/);

      const port = ready.port;
      const changed = new Promise<void>((resolve) => (heard = resolve));
      await serve.stop();
      const during = client.callTool({ name: 'call_tool_read', arguments: { tool: 'srv:look', arguments: {} } });
      await startServe('--port', '0');
      assert.equal((await during).isError, undefined, 'a call that nobody saw waits for the next gateway');
      await changed;
      assert.equal((await client.callTool({ name: 'call_tool_read', arguments: { tool: 'srv:look', arguments: {} } })).isError, undefined);
      assert.notEqual(ready.port, port);
    } finally {
      await client.close();
    }
    assert.match((await run(inPlace(place, ['calls', '--agent', 'bridged', '--json']))).stdout, /"tool": ?"look"/);
  });

  it('carries requests of the modern era as they are', async () => {
    const client = new ModernClient(CLIENT, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
    await client.connect(new ModernStdio(program()));
    try {
      assert.equal(client.getNegotiatedProtocolVersion(), '2026-07-28');
      assert.ok((await client.listTools()).tools.some(({ name }) => name === 'retrieve_tools'));
      assert.equal((await client.callTool({ name: 'call_tool_read', arguments: { tool: 'srv:look', arguments: {} } })).isError, undefined);
    } finally {
      await client.close();
    }
  });

  it('tells the client when its token is not known', async () => {
    await writeFile(join(place.data, 'other.token'), 'vst_nobody');
    const client = new Client(CLIENT);
    const args = inPlace(place, [MAIN, 'bridge', '--token-file', join(place.data, 'other.token')]);
    await assert.rejects(client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' })), /does not know the token/);
  });

  it('wants a token, and none on the command line', async () => {
    const without = await run(inPlace(place, ['bridge']), { VESTIBULE_TOKEN: '' });
    assert.deepEqual([without.code, /There is no token in VESTIBULE_TOKEN/.test(without.stderr)], [2, true]);
    assert.equal((await run(inPlace(place, ['bridge', '--token', 'vst_x']))).code, 2);
  });

  it('is what a connected client starts', async () => {
    const home = join(place.data, '..', 'home');
    const inHome = { ...env, HOME: home, USERPROFILE: home, XDG_CONFIG_HOME: '' };
    const connected = await run(inPlace(place, ['agent', 'connect', '--client', 'claude-desktop', '--json']), inHome);
    assert.equal(connected.code, 0, connected.stderr);
    const { path } = JSON.parse(connected.stdout) as { path: string };
    const { mcpServers } = JSON.parse(await readFile(path, 'utf8')) as { mcpServers: Record<string, { command: string; args: string[] }> };
    const client = new Client(CLIENT);
    const { command, args } = mcpServers['vestibule'] ?? assert.fail(path);
    await client.connect(new StdioClientTransport({ command, args, stderr: 'ignore' }));
    assert.equal((await client.callTool({ name: 'call_tool_read', arguments: { tool: 'srv:look', arguments: {} } })).isError, undefined);
    await client.close();
    const undone = await run(inPlace(place, ['agent', 'connect', '--client', 'claude-desktop', '--undo']), inHome);
    assert.match(undone.stdout, /exactly what it was/);
  });
});
