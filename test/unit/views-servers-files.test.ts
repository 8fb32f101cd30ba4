import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ServersFiles } from '../../src/views/servers-files.ts';
import { FakeGateway, ScriptedDialogs, snapshot, upstream } from './views-fixtures.ts';

let folder: string;
let file: string;
let gateway: FakeGateway;
let dialogs: ScriptedDialogs;
let shown: string[];
let opened: string[];
let files: ServersFiles;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vestibule-views-'));
  file = join(folder, 'servers.json');
  gateway = new FakeGateway(snapshot([]));
  dialogs = new ScriptedDialogs();
  shown = [];
  opened = [];
  files = new ServersFiles({
    gateway: () => Promise.resolve(gateway),
    dialogs,
    files: () => [
      { label: 'your own servers', description: '', path: file },
      { label: 'this workspace’s servers', description: '', path: join(folder, 'vestibule.json') },
    ],
    preview: (_title, text) => {
      shown.push(text);
      return Promise.resolve();
    },
    fromRegistry: () => undefined,
    openFile: (path) => {
      opened.push(path);
      return Promise.resolve();
    },
  });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const written = async (): Promise<unknown> => JSON.parse(await readFile(file, 'utf8'));

/** Lets the gateway have read this server once the person has said yes: the file is written after that. */
function reads(name: string, argv: readonly string[]): void {
  dialogs.onConfirm = () => {
    gateway.state = snapshot([upstream({ name, config: { file }, launch: { approved: false, argv } })]);
  };
}

describe('adding a server', () => {
  it('writes what was shown, and approves exactly that launch', async () => {
    dialogs.texts = ['npx -y files-mcp --root "/my files"', 'files'];
    dialogs.choose = ['your own servers'];
    reads('files', ['npx', '-y', 'files-mcp', '--root', '/my files']);
    await files.add();
    assert.match(dialogs.confirmations[0]?.detail ?? '', /Runs npx -y files-mcp --root "\/my files"/);
    assert.deepEqual(await written(), { servers: { files: { type: 'stdio', command: 'npx', args: ['-y', 'files-mcp', '--root', '/my files'] } } });
    assert.deepEqual(gateway.decided, [['launch', `files ${upstream().launch.fingerprint}`]]);
  });

  it('writes and approves nothing when the answer is no', async () => {
    dialogs.texts = ['https://example.com/mcp', 'example'];
    dialogs.choose = ['your own servers'];
    dialogs.yes = false;
    await files.add();
    assert.match(dialogs.confirmations[0]?.detail ?? '', /Connects to https:\/\/example\.com\/mcp/);
    await assert.rejects(readFile(file), { code: 'ENOENT' });
    assert.deepEqual(gateway.decided, []);
  });

  it('approves no launch that is not the one that was shown', async () => {
    dialogs.texts = ['npx files-mcp', 'files'];
    dialogs.choose = ['your own servers'];
    reads('files', ['npx', 'other-mcp']);
    await files.add();
    assert.deepEqual(gateway.decided, []);
    assert.match(dialogs.failed[0]?.action ?? '', /Review its launch/);
  });

  it('explains what is wrong while it is typed', async () => {
    gateway.state = snapshot([upstream({ name: 'taken' })]);
    dialogs.texts = ['npx files-mcp', 'taken'];
    await files.add();
    const [paste, name] = dialogs.prompts;
    assert.match(paste?.check?.('{"servers": ') ?? '', /not JSON/);
    assert.equal(paste?.check?.('npx files-mcp'), undefined);
    assert.match(name?.check?.('taken') ?? '', /already/);
    assert.match(name?.check?.('a:b') ?? '', /colon/);
    assert.equal(name?.check?.('fine'), undefined);
    assert.deepEqual(dialogs.confirmations, []);
  });

  it('takes several servers from JSON, with the inputs they use', async () => {
    const json = JSON.stringify({ servers: { one: { command: 'one', env: { KEY: '${input:key}' } }, two: { url: 'https://two.example/mcp' } } });
    dialogs.texts = [json];
    dialogs.choose = ['one', 'your own servers'];
    reads('one', ['one']);
    await files.add();
    assert.deepEqual(await written(), {
      servers: { one: { command: 'one', env: { KEY: '${input:key}' } } },
      inputs: [{ id: 'key', type: 'promptString', description: 'key', password: true }],
    });
  });

  it('shows in a document what no dialog can hold', async () => {
    dialogs.texts = [`npx files-mcp ${'x'.repeat(3000)}`, 'files'];
    dialogs.choose = ['your own servers'];
    dialogs.yes = false;
    await files.add();
    assert.equal(shown.length, 1);
    assert.match(shown[0] ?? '', /x{3000}/);
  });
});

describe('editing and switching', () => {
  it('opens the chosen file, made first if there is none', async () => {
    dialogs.choose = ['your own servers'];
    await files.edit();
    assert.deepEqual(opened, [file]);
    assert.deepEqual(await written(), { servers: {} });
  });

  it('switches a server off and on in the file it comes from, comments kept', async () => {
    await writeFile(file, '{\n  // mine\n  "servers": { "files": { "command": "npx" } }\n}\n');
    const server = upstream({ config: { file } });
    await files.setEnabled(server, false);
    assert.match(await readFile(file, 'utf8'), /\/\/ mine[\s\S]*"enabled": false/);
    await files.setEnabled(server, true);
    assert.doesNotMatch(await readFile(file, 'utf8'), /enabled/);
  });
});
