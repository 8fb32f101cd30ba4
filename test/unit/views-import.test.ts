import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { importServers, type ImportContext } from '../../src/views/import-servers.ts';
import { FakeGateway, ScriptedDialogs, snapshot } from './views-fixtures.ts';

// Of no service: the form of such keys is what is recognised.
const KEY = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';
const ORIGINAL = JSON.stringify({ mcpServers: { github: { command: 'npx', args: ['gh'], env: { GITHUB_TOKEN: KEY } }, docs: { url: 'https://docs.example/mcp' } } });

let home: string;
let target: string;
let source: string;
let dialogs: ScriptedDialogs;
let shown: string[];
let stored: Map<string, string>;
let context: ImportContext;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vestibule-views-import-'));
  target = join(home, 'data', 'servers.json');
  source = join(home, '.cursor', 'mcp.json');
  await mkdir(join(home, '.cursor'));
  await writeFile(source, ORIGINAL);
  dialogs = new ScriptedDialogs();
  shown = [];
  stored = new Map();
  context = {
    gateway: () => Promise.resolve(new FakeGateway(snapshot([]))),
    dialogs,
    machine: { platform: 'linux', env: {}, home },
    workspaceFolder: () => undefined,
    editorFiles: () => [],
    secrets: Promise.resolve({ set: (key, value) => Promise.resolve(void stored.set(key, value)) }),
    files: () => [{ label: 'your own servers', description: '', path: target }],
    preview: (_title, text) => Promise.resolve(void shown.push(text)),
    review: () => undefined,
    add: () => undefined,
  };
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('importing in the editor', () => {
  it('shows every server whole, and writes references instead of secrets', async () => {
    dialogs.choose = ['github', 'docs'];
    assert.equal(await importServers(context), 2);
    assert.match(shown[0] ?? '', /Runs npx gh[\s\S]*Connects to https:\/\/docs\.example\/mcp/);
    assert.match(shown[0] ?? '', /env\.GITHUB_TOKEN goes to the editor's secret storage/);
    const text = await readFile(target, 'utf8');
    for (const place of [text, ...shown, JSON.stringify(dialogs.confirmations)]) assert.ok(!place.includes(KEY));
    assert.deepEqual([...stored.values()], [KEY]);
    assert.equal(await readFile(source, 'utf8'), ORIGINAL);
  });

  it('shows duplicates, names that are taken, and what is left out with the reason', async () => {
    await writeFile(join(home, '.claude.json'), JSON.stringify({ mcpServers: { github: { command: 'other' }, twin: { url: 'https://docs.example/mcp' }, broken: { command: 3 } } }));
    dialogs.choose = ['github', 'docs', 'github-2', 'twin'];
    assert.equal(await importServers(context), 3);
    const [text = ''] = shown;
    assert.match(text, /Its name there is “github”, which is taken here\./);
    assert.match(text, /From Claude Code: .*\.claude\.json\nand {2}Cursor: .*mcp\.json/);
    assert.match(text, /# Left out\n\nClaude Code, broken: /);
  });

  it('writes nothing when the person changes their mind', async () => {
    dialogs.choose = ['github'];
    dialogs.yes = false;
    assert.equal(await importServers(context), 0);
    await assert.rejects(readFile(target), { code: 'ENOENT' });
    assert.equal(stored.size, 0);
  });

  it('removes the originals when asked, and puts them back', async () => {
    dialogs.choose = ['github', 'docs'];
    await importServers(context);
    await dialogs.offered.find(({ label }) => label === 'Remove Originals')?.run();
    assert.doesNotMatch(await readFile(source, 'utf8'), /github/);
    await dialogs.offered.find(({ label }) => label === 'Undo')?.run();
    assert.equal(await readFile(source, 'utf8'), ORIGINAL);
    assert.match(dialogs.informed.join('\n'), /Removed 2 servers from .*mcp\.json[\s\S]*The files are as they were/);
  });

  it('says why there is nothing to import, and offers to add', async () => {
    await rm(source);
    assert.equal(await importServers(context), 0);
    assert.match(dialogs.informed[0] ?? '', /No other client/);
    await writeFile(source, '{"mcpServers":{"x":{"command":3}}}');
    assert.equal(await importServers(context), 0);
    assert.match(dialogs.informed[1] ?? '', /nothing to import: “x” cannot be read/);
  });
});
