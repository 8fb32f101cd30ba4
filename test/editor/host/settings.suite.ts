import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { Command, Setting } from '../../../src/views/ids.ts';
import { untilState, vestibule } from './vestibule.ts';

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
  const changed = [...Object.values(Setting), 'chat.mcp.access'];
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

  it('of the editor that keep Vestibule from agents are named by the doctor', async () => {
    const api = await vestibule();
    await set('chat.mcp.access', 'none');
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
    assert.ok(asked.some((line) => /policy\/mcp-disabled Set chat\.mcp\.access to "all"/.test(line)), asked.join('\n'));
  }).timeout(120_000);
});
