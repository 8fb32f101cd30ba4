import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { addInput, addServer, editServersFile, removeServer, setServerEnabled } from '../../src/proxy/config/edit.ts';
import { createConfigStore, type ConfigStore } from '../../src/proxy/config/store.ts';
import type { ConfigSnapshot } from '../../src/proxy/config/types.ts';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const folder = tempFolder();
let count = 0;
const open: ConfigStore[] = [];

interface Setting {
  readonly userFile: string;
  readonly workspaceFile: string;
  readonly store: ConfigStore;
}

/** A store over files of its own, in folders that do not exist yet unless `user` is given. */
async function setting(user?: string, configFiles: readonly string[] = []): Promise<Setting> {
  const here = join(folder, String(count++));
  const userFile = join(here, 'data', 'servers.json');
  const workspaceFile = join(here, 'w', '.vscode', 'vestibule.json');
  if (user !== undefined) write(userFile, user);
  const store = await createConfigStore({ userFile, workspaceFile, configFiles });
  open.push(store);
  return { userFile, workspaceFile, store };
}

function write(path: string, text: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
}

function next(store: ConfigStore): Promise<ConfigSnapshot> {
  return new Promise((resolve) => {
    const subscription = store.onDidChange((snapshot) => {
      subscription.dispose();
      resolve(snapshot);
    });
  });
}

function names(snapshot: ConfigSnapshot): string[] {
  return snapshot.upstreams.map((upstream) => upstream.name);
}

afterEach(() => {
  for (const store of open.splice(0)) store.dispose();
});

describe('a watched configuration', { timeout: 30_000 }, () => {
  it('starts empty without files, and follows them being made, changed and removed, within a second', async () => {
    const { store, userFile, workspaceFile } = await setting();
    assert.deepEqual([names(store.snapshot), store.snapshot.problems], [[], []]);
    const steps: readonly (readonly [() => void, readonly string[]])[] = [
      [() => write(workspaceFile, '{"servers": {"w": {"command": "x"}}}'), ['w']],
      [() => write(userFile, '{"servers": {"u": {"command": "x"}}}'), ['u', 'w']],
      [() => write(userFile, '{"servers": {"u": {"command": "x"}, "v": {"url": "https://x"}}}'), ['u', 'v', 'w']],
      [() => rmSync(workspaceFile), ['u', 'v']],
    ];
    for (const [act, expected] of steps) {
      const change = next(store);
      const started = performance.now();
      act();
      assert.deepEqual(names(await change), expected);
      assert.ok(performance.now() - started < 1_500, '1 s is promised; the rest is room for a loaded machine');
      assert.deepEqual(names(store.snapshot), expected);
    }
  });

  it('keeps what a file said while its syntax is broken, and tells the problem at once', async () => {
    const { store, userFile } = await setting('{"servers": {"a": {"command": "x"}}, "gateway": {"topK": 3}}');
    let change = next(store);
    write(userFile, '{"servers": {"a": {"command": "y"}, }');
    const broken = await change;
    assert.deepEqual(names(broken), ['a']);
    const transport = broken.upstreams[0]?.transport;
    assert.equal(transport?.type === 'stdio' && transport.command, 'x');
    assert.equal(broken.gateway.topK, 3);
    assert.deepEqual(broken.problems.map(({ message, at }) => [message, at?.line, at?.column]), [['A closing brace } is missing.', 1, 38]]);
    change = next(store);
    write(userFile, '{"servers": {"a": {"command": "y"} } }');
    const mended = await change;
    assert.deepEqual(mended.problems, []);
    const now = mended.upstreams[0]?.transport;
    assert.equal(now?.type === 'stdio' && now.command, 'y');
  });

  it('at the first load uses of a broken file only what stands whole before the break', async () => {
    const { store } = await setting('{"servers": {"a": {"command": "x"}, "b": {"command": } }}');
    assert.deepEqual(names(store.snapshot), ['a']);
    assert.equal(store.snapshot.problems.length, 1);
  });

  it('fires only when what the files say has changed', async () => {
    const { store, userFile } = await setting('{"servers": {"a": {"command": "x"}}}');
    const heard: string[][] = [];
    store.onDidChange((snapshot) => heard.push(names(snapshot)));
    write(userFile, '{"servers": {"a": {"command": "x"}}} // a remark changes nothing\n');
    await store.reload();
    await store.reload();
    assert.deepEqual(heard, []);
    write(userFile, '{"servers": {"b": {"command": "x"}}}');
    await store.reload();
    await store.reload();
    assert.deepEqual(heard, [['b']]);
    // Positions are part of what is said: Problems and "go to" follow them.
    write(userFile, '\n{"servers": {"b": {"command": "x"}}}');
    await store.reload();
    assert.equal(heard.length, 2);
    assert.equal(store.snapshot.upstreams[0]?.at.line, 2);
  });

  it('a file that a person named must exist and be readable', async () => {
    const { store } = await setting(undefined, [join(folder, 'nope.json'), folder]);
    assert.deepEqual(store.snapshot.problems.map(({ at }) => at), [
      { file: folder, line: 1, column: 1 },
      { file: join(folder, 'nope.json'), line: 1, column: 1 },
    ]);
    assert.match(store.snapshot.problems[1]?.message ?? '', /There is no such file/);
    assert.ok(store.snapshot.problems.every(({ fix }) => fix !== ''));
  });

  it('is silent after it was disposed', async () => {
    const { store, userFile } = await setting('{}');
    let heard = 0;
    store.onDidChange(() => heard++);
    store.dispose();
    write(userFile, '{"servers": {"a": {"command": "x"}}}');
    await store.reload();
    assert.equal(heard, 0);
  });
});

describe('editing a servers file on disk', () => {
  it('makes a missing file for its owner only, and keeps the mode and the mark of one that is there', async () => {
    const made = join(folder, 'made', 'servers.json');
    assert.equal(await editServersFile(made, [addInput({ id: 'k', type: 'promptString' }), addServer('a', { command: 'x' })]), true);
    assert.deepEqual(JSON.parse(readFileSync(made, 'utf8')), { servers: { a: { command: 'x' } }, inputs: [{ id: 'k', type: 'promptString' }] });
    if (process.platform !== 'win32') assert.equal(statSync(made).mode & 0o777, 0o600);

    const there = join(folder, 'there.json');
    write(there, '\uFEFF{ "servers": { "a": {} } } // mine\n');
    chmodSync(there, 0o644);
    await editServersFile(there, [removeServer('a')]);
    assert.equal(readFileSync(there, 'utf8'), '\uFEFF{ "servers": { } } // mine\n');
    if (process.platform !== 'win32') assert.equal(statSync(there).mode & 0o777, 0o644);
  });

  it('does not touch a file that would stay the same, nor a broken one', async () => {
    const path = join(folder, 'same.json');
    write(path, '{"servers": {"a": {}}}');
    const before = statSync(path).ino;
    assert.equal(await editServersFile(path, [setServerEnabled('a', true)]), false);
    assert.equal(statSync(path).ino, before);
    write(path, '{"servers": {"a": {}},,}');
    await assert.rejects(editServersFile(path, [addServer('b', {})]), (error) => VestibuleError.is(error, 'bad-config') && error.at?.line === 1 && error.at.column === 23);
    assert.equal(readFileSync(path, 'utf8'), '{"servers": {"a": {}},,}');
  });

  it('writers at the same time all get their server in', async () => {
    const path = join(folder, 'many.json');
    const all = Array.from({ length: 20 }, (_, i) => `s${i}`);
    await Promise.all(all.map((name) => editServersFile(path, [addServer(name, { command: 'x' })])));
    assert.deepEqual(Object.keys((JSON.parse(readFileSync(path, 'utf8')) as { servers: object }).servers).sort(), [...all].sort());
  });
});
