import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { connectAgent, type ConnectContext } from '../../src/views/connect-agent.ts';
import { FakeGateway, ScriptedDialogs, snapshot } from './views-fixtures.ts';

const BEFORE = '{\n  // mine\n  "mcpServers": { "other": { "command": "x" } }\n}\n';

let home: string;
let file: string;
let gateway: FakeGateway;
let dialogs: ScriptedDialogs;
let shown: { readonly before: string; readonly after: string }[];
let context: ConnectContext;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vestibule-views-connect-'));
  file = join(home, '.cursor', 'mcp.json');
  await mkdir(join(home, '.cursor'));
  await writeFile(file, BEFORE);
  gateway = new FakeGateway(snapshot([]));
  dialogs = new ScriptedDialogs();
  shown = [];
  context = {
    gateway: () => Promise.resolve(gateway),
    endpoint: { listen: () => gateway.listen() },
    dialogs,
    machine: { platform: 'linux', env: {}, home },
    dataDir: join(home, 'data'),
    compare: (_title, before, after) => Promise.resolve(void shown.push({ before, after })),
  };
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('connecting an agent in the editor', () => {
  it('shows the change before it writes, and the token never', async () => {
    dialogs.choose = ['Cursor', 'Tools that only read'];
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
    dialogs.choose = ['Cursor', 'Tools that only read'];
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
    for (const choose of [undefined, ['Cursor'], ['Cursor', 'Tools that only read']]) {
      dialogs.choose = choose;
      dialogs.yes = false;
      assert.equal(await connectAgent(context), false);
      assert.equal(await readFile(file, 'utf8'), BEFORE);
    }
  });

  it('says why a client cannot be connected from here', async () => {
    await rm(file);
    await writeFile(join(home, 'dotfile.json'), BEFORE);
    await symlink(join(home, 'dotfile.json'), file);
    dialogs.choose = ['Cursor'];
    assert.equal(await connectAgent(context), false);
    dialogs.choose = ['Claude Desktop'];
    assert.equal(await connectAgent(context), false);
    assert.deepEqual(dialogs.failed.map(({ message }) => /is a link|takes no HTTP/.test(message)), [true, true]);
  });
});
