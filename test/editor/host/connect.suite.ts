import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import * as vscode from 'vscode';
import { clientOf } from '../../../src/proxy/clients/client-files.ts';
import { CONNECTABLE_IDS } from '../../../src/proxy/connect/connections-format.ts';
import { Command } from '../../../src/views/ids.ts';
import { untilState, vestibule } from './vestibule.ts';

interface Entry {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Variables that say where clients keep their files. */
const PLACES = ['HOME', 'XDG_CONFIG_HOME', 'CLAUDE_CONFIG_DIR', 'CODEX_HOME', 'COPILOT_HOME', 'CLINE_MCP_SETTINGS_PATH', 'VSCODE_PORTABLE'] as const;

/** Runs the command as a person who picks these rows, and presses the button of the last notification if asked to. */
async function connecting(labels: readonly string[], button?: string): Promise<{ readonly rows: readonly string[]; readonly shown: string; readonly said: string }> {
  const api = await vestibule();
  const left = [...labels];
  const rows: string[] = [];
  let shown = '';
  let said = '';
  let pressed: unknown;
  const restore = api.answerDialogs?.({
    pick: (_title, choices) => {
      rows.push(...choices.map(({ label, description = '', detail = '' }) => `${label} | ${description} | ${detail}`));
      const wanted = left.shift();
      return Promise.resolve(choices.find(({ label }) => label === wanted)?.value);
    },
    pickMany: (_title, choices) => Promise.resolve(choices.map(({ value }) => value)),
    confirm: () => {
      // The change is shown in the diff editor before anybody is asked.
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      shown = input instanceof vscode.TabInputTextDiff ? (vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === input.modified.toString())?.getText() ?? '') : '';
      return Promise.resolve(true);
    },
    inform: (message, ...offers) => {
      said = message;
      pressed = offers.find(({ label }) => label === button)?.run();
    },
  });
  try {
    await vscode.commands.executeCommand(Command.connectAgent);
    await pressed;
  } finally {
    restore?.();
  }
  return { rows, shown, said };
}

describe('connecting another agent', () => {
  const before = new Map(PLACES.map((name) => [name, process.env[name]]));
  let home: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'vestibule-agents-'));
    for (const name of PLACES) Reflect.deleteProperty(process.env, name);
    process.env['HOME'] = home;
  });
  afterEach(async () => {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await rm(home, { recursive: true, force: true });
  });

  for (const id of CONNECTABLE_IDS) {
    const { label } = clientOf(id);
    it(`${label}: shows the change, lets it in with a token of its own, says when it was last seen, and is undone exactly`, async function () {
      // Elsewhere the home folder of a running program cannot be moved.
      if (process.platform === 'win32') this.skip();
      const api = await vestibule();
      const place = (await connecting([])).rows.find((row) => row.startsWith(`${label} |`))?.split(' | ')[2] ?? '';
      // Some clients keep their file in the storage of this very editor.
      const original = id === 'codex' ? 'model = "x" # mine\n' : '{\n  // mine\n  "other": 1\n}\n';
      await mkdir(dirname(place), { recursive: true });
      await writeFile(place, original);
      try {
        const bridged = id === 'claude-desktop';
        const { shown } = await connecting([label, 'Tools that only read', ...(bridged ? [] : ['Over HTTP'])]);
        assert.match(shown, /vestibule/);
        assert.doesNotMatch(shown, /vst_/);
        const written = await readFile(place, 'utf8');
        assert.match(written, /mine/);
        if (!bridged) {
          const token = /vst_[\w-]+/.exec(written)?.[0] ?? '';
          const url = /http:\/\/127\.0\.0\.1:\d+\/mcp/.exec(written)?.[0] ?? '';
          const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: id, version: '1' } };
          const answer = await fetch(url, {
            method: 'POST',
            headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization: `Bearer ${token}` },
            body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
          });
          assert.equal(answer.status, 200);
          await answer.text();
          await untilState(api, ({ agents }) => agents.some(({ name, lastSeenAt }) => name === id && lastSeenAt !== undefined), 60_000);
          const { rows } = await connecting([]);
          assert.ok(rows.some((row) => row.startsWith(`${label} | connected as ${id} · seen `)), rows.join('\n'));
        }
        await connecting([label, 'Disconnect']);
        assert.equal(await readFile(place, 'utf8'), original);
        await untilState(api, ({ agents }) => agents.length === 0, 60_000);
        // The same by the button of the notification.
        await connecting([label, 'Tools that only read', ...(bridged ? [] : ['Through the bridge'])], 'Undo');
        assert.equal(await readFile(place, 'utf8'), original);
        await untilState(api, ({ agents }) => agents.length === 0, 60_000);
      } finally {
        await rm(place, { force: true });
      }
    }).timeout(180_000);
  }
});

describe('connecting an agent that only starts programs', () => {
  let home: string;
  let file: string;
  const before = process.env['XDG_CONFIG_HOME'];
  const isLinux = process.platform === 'linux';

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'vestibule-connect-'));
    file = join(home, 'Claude', 'claude_desktop_config.json');
    process.env['XDG_CONFIG_HOME'] = home;
  });
  afterEach(async () => {
    if (before === undefined) delete process.env['XDG_CONFIG_HOME'];
    else process.env['XDG_CONFIG_HOME'] = before;
    await rm(home, { recursive: true, force: true });
  });

  it('writes a bridge that leads from its standard streams to this window, and takes all of it back', async function () {
    // Elsewhere the file of Claude Desktop cannot be moved to a folder of the test.
    if (!isLinux) this.skip();
    const api = await vestibule();
    const choose = async (...labels: readonly string[]): Promise<void> => {
      const left = [...labels];
      const restore = api.answerDialogs?.({
        pick: (_title, choices) => {
          const wanted = left.shift();
          return Promise.resolve(choices.find(({ label }) => label === wanted)?.value);
        },
        pickMany: (_title, choices) => Promise.resolve(choices.map(({ value }) => value)),
        confirm: () => Promise.resolve(true),
        inform: () => undefined,
      });
      try {
        await vscode.commands.executeCommand(Command.connectAgent);
      } finally {
        restore?.();
      }
    };
    await choose('Claude Desktop', 'Tools that only read');
    const { mcpServers } = JSON.parse(await readFile(file, 'utf8')) as { mcpServers: { vestibule: Entry } };
    const { args, command, env } = mcpServers.vestibule;
    assert.doesNotMatch(JSON.stringify(mcpServers), /vst_/);

    const bridge = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
    try {
      const lines = createInterface({ input: bridge.stdout })[Symbol.asyncIterator]();
      const send = (message: object): unknown => bridge.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
      const next = async (): Promise<string> => String((await lines.next()).value);
      send({ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bridged', version: '1' } } });
      assert.match(await next(), /"serverInfo":\{"name":"vestibule"/);
      send({ method: 'notifications/initialized' });
      send({ id: 2, method: 'tools/list' });
      assert.match(await next(), /"name":"retrieve_tools"/);
      await untilState(api, ({ agents }) => agents.some(({ name, lastSeenAt }) => name === 'claude-desktop' && lastSeenAt !== undefined));
    } finally {
      bridge.stdin.end();
      await new Promise((resolve) => (bridge.exitCode === null ? bridge.once('exit', resolve) : resolve(undefined)));
    }

    await choose('Claude Desktop', 'Disconnect');
    await assert.rejects(readFile(file), { code: 'ENOENT' });
    await untilState(api, ({ agents }) => agents.length === 0);
  }).timeout(120_000);
});
