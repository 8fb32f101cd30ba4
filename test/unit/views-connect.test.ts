import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { connectAgent, type ConnectContext } from '../../src/views/connect-agent.ts';
import { FakeGateway, ScriptedDialogs, snapshot } from './views-fixtures.ts';

const BEFORE = '{\n  // mine\n  "mcpServers": { "other": { "command": "x" } }\n}\n';

const OVER_HTTP = ['Cursor', 'Tools that only read', 'Over HTTP'];

let home: string;
let file: string;
let gateway: FakeGateway;
let dialogs: ScriptedDialogs;
let shown: { readonly before: string; readonly after: string }[];
let copied: string[];
let context: ConnectContext;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vestibule-views-connect-'));
  file = join(home, '.cursor', 'mcp.json');
  await mkdir(join(home, '.cursor'));
  await writeFile(file, BEFORE);
  gateway = new FakeGateway(snapshot([]));
  dialogs = new ScriptedDialogs();
  shown = [];
  copied = [];
  context = {
    gateway: () => Promise.resolve(gateway),
    endpoint: { listen: () => gateway.listen() },
    dialogs,
    machine: { platform: 'linux', env: {}, home },
    dataDir: join(home, 'data'),
    bridge: () => Promise.resolve({ command: '/data/bin/vestibule-bridge', args: [] }),
    copy: (text) => Promise.resolve(void copied.push(text)),
    compare: (_title, before, after) => Promise.resolve(void shown.push({ before, after })),
  };
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('connecting an agent in the editor', () => {
  it('shows the change before it writes, and the token never', async () => {
    dialogs.choose = OVER_HTTP;
    assert.equal(await connectAgent(context), true);
    assert.equal(shown[0]?.before, BEFORE);
    assert.match(shown[0].after, /"vestibule"/);
    const text = await readFile(file, 'utf8');
    const token = /Bearer ([\w-]+)/.exec(text)?.[1] ?? '';
    assert.ok(token.length > 5);
    for (const place of [JSON.stringify(shown), JSON.stringify(dialogs.confirmations), dialogs.informed.join()]) assert.ok(!place.includes(token));
    assert.match(text, /\/\/ mine/);
  });

  it('is undone exactly, from the notification or later', async () => {
    dialogs.choose = OVER_HTTP;
    await connectAgent(context);
    await dialogs.offered.find(({ label }) => label === 'Undo')?.run();
    assert.equal(await readFile(file, 'utf8'), BEFORE);
    await connectAgent(context);
    dialogs.choose = ['Cursor', 'Disconnect'];
    assert.equal(await connectAgent(context), true);
    assert.equal(await readFile(file, 'utf8'), BEFORE);
    assert.match(dialogs.informed.at(-1) ?? '', /exactly what it was/);
  });

  it('writes nothing when the person changes their mind, at any step', async () => {
    for (const choose of [undefined, ['Cursor'], ['Cursor', 'Tools that only read'], OVER_HTTP]) {
      dialogs.choose = choose;
      dialogs.yes = false;
      assert.equal(await connectAgent(context), false);
      assert.equal(await readFile(file, 'utf8'), BEFORE);
    }
  });

  it('leads what cannot or should not hold a token through the bridge', async () => {
    for (const choose of [
      ['Claude Desktop', 'Tools that only read'],
      ['Cursor', 'Tools that only read', 'Through the bridge'],
    ]) {
      dialogs.choose = choose;
      assert.equal(await connectAgent(context), true);
    }
    await rm(join(home, '.gemini'), { recursive: true, force: true });
    await mkdir(join(home, '.gemini'));
    await writeFile(join(home, 'dotfile.json'), BEFORE);
    await symlink(join(home, 'dotfile.json'), join(home, '.gemini', 'settings.json'));
    dialogs.choose = ['Gemini CLI', 'Tools that only read'];
    assert.equal(await connectAgent(context), true);
    for (const path of [join(home, '.config', 'Claude', 'claude_desktop_config.json'), file, join(home, 'dotfile.json')]) {
      const text = await readFile(path, 'utf8');
      assert.match(text, /"command": ?"\/data\/bin\/vestibule-bridge"[\s\S]*"--token-file"/, path);
      assert.doesNotMatch(text, /Bearer|issued-/);
    }
    assert.match(dialogs.confirmations.at(-1)?.detail ?? '', /Its token stays out of that file/);
  });

  it('copies an entry for an agent that is not listed', async () => {
    dialogs.choose = ['Another agent…', 'Tools that only read'];
    assert.equal(await connectAgent(context), true);
    const { vestibule } = JSON.parse(copied[0] ?? '') as { vestibule: { url: string; headers: Record<string, string> } };
    assert.match(vestibule.url, /^http:\/\/127\.0\.0\.1:/);
    assert.match(vestibule.headers['Authorization'] ?? '', /^Bearer \S+$/);
    assert.match(dialogs.informed.at(-1) ?? '', /not shown again/);
  });
});
