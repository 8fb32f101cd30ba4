import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as vscode from 'vscode';
import { Command } from '../../../src/views/ids.ts';
import { untilState, vestibule } from './vestibule.ts';

interface Entry {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

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
