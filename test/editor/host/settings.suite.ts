import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import * as vscode from 'vscode';
import { Command, Setting } from '../../../src/views/ids.ts';
import { startChangingServer } from '../../fixtures/changing-server.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { untilState, upstream, vestibule } from './vestibule.ts';

async function set(id: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration().update(id, value, vscode.ConfigurationTarget.Global);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// The window stays as it is: what changes, changes at once.
describe('settings', () => {
  const changed = Object.values(Setting);
  afterEach(async () => {
    for (const id of changed) await set(id, undefined);
  });

  it('mode: how agents are offered tools', async () => {
    const api = await vestibule();
    const { mode } = await untilState(api, (state) => state.version !== '');
    await set(Setting.mode, mode === 'direct' ? 'retrieve' : 'direct');
    await untilState(api, (state) => state.mode !== mode && state.version !== '', 60_000);
  }).timeout(120_000);

  it('port: where the endpoint is', async () => {
    const api = await vestibule();
    await api.endpoint();
    const port = await freePort();
    await set(Setting.port, port);
    await untilState(api, ({ endpoint }) => endpoint?.port === port, 60_000);
  }).timeout(120_000);

  it('lockfile: what a lock file counts for', async () => {
    const api = await vestibule();
    const file = join(vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '', '.vscode', 'vestibule.lock.json');
    await writeFile(file, '{ "lockfileVersion": 1, "servers": {} }\n');
    try {
      await untilState(api, ({ lock }) => lock.standing === 'waiting', 60_000);
      await set(Setting.lockfile, 'off');
      await untilState(api, ({ lock, version }) => lock.standing === 'none' && version !== '', 60_000);
    } finally {
      await rm(file, { force: true });
    }
  }).timeout(120_000);

  it('registry: which one is browsed', async () => {
    const api = await vestibule();
    await set(Setting.registry, 'http://127.0.0.1:9/');
    const titles: string[] = [];
    const restore = api.answerDialogs?.({
      prompt: ({ title }) => {
        titles.push(title);
        return Promise.resolve(undefined);
      },
    });
    await vscode.commands.executeCommand(Command.browseRegistry);
    restore?.();
    assert.deepEqual(titles.map((title) => title.includes('127.0.0.1:9')), [true]);
  }).timeout(60_000);

  it('consent: when a person is asked about a call', async () => {
    const api = await vestibule();
    const file = join(vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '', '.vscode', 'vestibule.json');
    const before = await readFile(file, 'utf8');
    const notes = await startChangingServer([{ name: 'write', description: 'Writes a note.', inputSchema: { type: 'object', properties: {} }, annotations: { destructiveHint: false } }]);
    const asked: string[] = [];
    const restore = api.answerDialogs?.({
      confirm: () => Promise.resolve(true),
      modal: (message) => {
        asked.push(message);
        return Promise.resolve(undefined);
      },
    });
    try {
      await writeFile(file, JSON.stringify({ servers: { notes: { type: 'http', url: notes.url } }, gateway: { mode: 'retrieve' } }));
      await untilState(api, (state) => upstream(state, 'notes')?.launch.approved === false, 60_000);
      await vscode.commands.executeCommand(Command.approve, { server: 'notes' });
      await untilState(api, (state) => upstream(state, 'notes')?.tools.length === 1, 60_000);
      await vscode.commands.executeCommand(Command.approveAll, { server: 'notes' });
      await untilState(api, (state) => upstream(state, 'notes')?.tools[0]?.status === 'approved', 60_000);
      const call = async (): Promise<void> => {
        const { url, headers } = await api.endpoint();
        const client = new Client({ name: 'asking', version: '1' });
        await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
        await client.callTool({ name: 'call_tool', arguments: { tool: 'notes:write', arguments: {} } });
        await client.close();
      };
      /** Whether a call is asked about. */
      const isAsked = async (): Promise<boolean> => {
        asked.length = 0;
        await call();
        return asked.length > 0;
      };
      // The gateway before it answers until the new one does.
      await set(Setting.consent, 'client');
      await eventually(async () => !(await isAsked()));
      await set(Setting.consent, 'ask');
      await eventually(isAsked);
    } finally {
      restore?.();
      await writeFile(file, before);
      await notes[Symbol.asyncDispose]();
    }
  }).timeout(180_000);
});

/*
 * What an organisation may enforce: a setting like any other to a test. Lists of allowed and denied servers are settings
 * that extensions of this VS Code cannot write; a person does in ../editor-policy.test.ts.
 */
describe('policies of an organisation', () => {
  afterEach(() => set('chat.mcp.access', undefined));

  /** All rows of the doctor. */
  async function findings(): Promise<string> {
    const api = await vestibule();
    const asked: string[] = [];
    const restore = api.answerDialogs?.({
      pick: (_title, choices) => {
        asked.push(...choices.map(({ description = '', detail = '' }) => `${description} ${detail}`));
        return Promise.resolve(undefined);
      },
      inform: (message) => void asked.push(message),
    });
    await vscode.commands.executeCommand(Command.runDoctor);
    restore?.();
    return asked.join('\n');
  }

  for (const value of ['none', 'registry']) {
    it(`chat.mcp.access "${value}" is named, with what to ask for`, async () => {
      assert.doesNotMatch(await findings(), /policy\/mcp-/);
      await set('chat.mcp.access', value);
      assert.match(await findings(), /policy\/mcp-disabled Set chat\.mcp\.access to "all"; where your organisation enforces it, ask its administrators/);
    }).timeout(120_000);
  }
});
