import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { listAt, numberAt } from '../../src/proxy/storage/parse-state.ts';
import { StateFile } from '../../src/proxy/storage/state-file.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const EMPTY: readonly number[] = [];

interface Opened {
  readonly file: StateFile<readonly number[]>;
  readonly problems: VestibuleError[];
}

async function open(path: string): Promise<Opened> {
  const problems: VestibuleError[] = [];
  const file = await StateFile.open<readonly number[]>({
    path,
    version: 1,
    empty: EMPTY,
    decode: (state) => listAt(state, ['state']).map((item, i) => numberAt(item, ['state', i])),
    encode: (state) => state,
    report: (problem) => problems.push(problem),
  });
  return { file, problems };
}

function nextChange<T>(file: StateFile<T>): Promise<T> {
  return new Promise((resolve) => {
    const subscription = file.onDidChange((state) => {
      subscription.dispose();
      resolve(state);
    });
  });
}

const add = (n: number) => (state: readonly number[]) => [...state, n];

describe('state files', () => {
  const folder = tempFolder();

  it('are empty without a file and keep what was written', async () => {
    const path = join(folder, 'plain', 'state.json');
    const { file } = await open(path);
    assert.deepStrictEqual(file.state, []);
    assert.deepStrictEqual(await file.update(add(1)), [1]);
    file.dispose();
    const again = await open(path);
    assert.deepStrictEqual(again.file.state, [1]);
    again.file.dispose();
    assert.deepStrictEqual(readdirSync(join(folder, 'plain')), ['state.json']);
  });

  it('lose no update of two instances, and tell each of the other', { timeout: 30_000 }, async () => {
    const path = join(folder, 'two.json');
    const [a, b] = [await open(path), await open(path)];
    await Promise.all(Array.from({ length: 10 }, (_, n) => [a.file.update(add(n)), b.file.update(add(100 + n))]).flat());
    const heard = nextChange(b.file);
    await a.file.update(add(999));
    assert.equal((await heard).length, 21);
    assert.deepStrictEqual(b.file.state, a.file.state);
    a.file.dispose();
    b.file.dispose();
  });

  it('write changes that wait together as one; one that is refused takes none of the others with it', async () => {
    const { file } = await open(join(folder, 'together.json'));
    const states: (readonly number[])[] = [];
    file.onDidChange((state) => states.push(state));
    const outcomes = await Promise.allSettled([...Array.from({ length: 50 }, (_, n) => file.update(add(n))), file.update(() => assert.fail('mine')), file.update(add(50))]);
    assert.deepStrictEqual(file.state, Array.from({ length: 51 }, (_, n) => n));
    assert.deepStrictEqual(outcomes.filter(({ status }) => status === 'rejected').length, 1);
    const [first] = outcomes;
    assert.deepStrictEqual(first.status === 'fulfilled' && first.value, [0], 'each is told what it made');
    assert.ok(states.length <= 2, `${states.length} writings`);
    file.dispose();
  });

  it('refuse every change that waits when the file cannot be written', async () => {
    const path = join(folder, 'gone', 'state.json');
    const { file } = await open(path);
    await file.update(add(1));
    rmSync(join(folder, 'gone'), { recursive: true });
    writeFileSync(join(folder, 'gone'), 'not a folder');
    const outcomes = await Promise.allSettled([file.update(add(2)), file.update(add(3))]);
    assert.deepStrictEqual(outcomes.map(({ status }) => status), ['rejected', 'rejected']);
    assert.deepStrictEqual(file.state, [1]);
    rmSync(join(folder, 'gone'));
    file.dispose();
  });

  it('write nothing when the change throws or changes nothing', async () => {
    const path = join(folder, 'unchanged.json');
    const { file } = await open(path);
    await file.update(add(1));
    const text = readFileSync(path, 'utf8');
    await assert.rejects(file.update(() => assert.fail('mine')), /mine/);
    await file.update((state) => state);
    assert.equal(readFileSync(path, 'utf8'), text);
    assert.deepStrictEqual(file.state, [1]);
    file.dispose();
  });

  it('go on with the last good state when the file becomes corrupt, and set the bad one aside', { timeout: 30_000 }, async () => {
    const path = join(folder, 'corrupt', 'state.json');
    const { file, problems } = await open(path);
    await file.update(add(1));
    writeFileSync(path, '{"version":1,\n "state":[1,');
    await file.update(add(2));
    assert.deepStrictEqual(file.state, [1, 2]);
    assert.equal(problems.length, 1);
    assert.ok(VestibuleError.is(problems[0], 'corrupt-file'));
    assert.deepStrictEqual([problems[0].at?.file, problems[0].at?.line], [path, 2]);
    const aside = readdirSync(join(folder, 'corrupt')).filter((name) => name.startsWith('state.json.corrupt-'));
    assert.equal(aside.length, 1);
    assert.ok(problems[0].message.includes(aside[0] ?? '?'));
    assert.equal(readFileSync(join(folder, 'corrupt', aside[0] ?? ''), 'utf8'), '{"version":1,\n "state":[1,');
    file.dispose();
    const again = await open(path);
    assert.deepStrictEqual(again.file.state, [1, 2]);
    again.file.dispose();
  });

  it('restore the last good state for others without being asked, and never show an empty one', { timeout: 30_000 }, async () => {
    const path = join(folder, 'restored', 'state.json');
    const { file, problems } = await open(path);
    await file.update(add(7));
    const seen: (readonly number[])[] = [];
    file.onDidChange((state) => seen.push(state));
    const reported = new Promise<void>((resolve) => {
      const push = problems.push.bind(problems);
      problems.push = (...items) => {
        resolve();
        return push(...items);
      };
    });
    writeFileSync(path, 'nonsense');
    await reported;
    await file.update((state) => state);
    assert.deepStrictEqual(seen, []);
    const other = await open(path);
    assert.deepStrictEqual(other.file.state, [7]);
    file.dispose();
    other.file.dispose();
  });

  it('are empty when the first file ever seen is corrupt, or of another version', async () => {
    for (const [name, text] of [
      ['cut', '{"version":1,"state":[1'],
      ['shape', '{"version":1,"state":["1"]}'],
      ['version', '{"version":9,"state":[1]}'],
      ['binary', '\u0000\ufffd'],
    ] as const) {
      const path = join(folder, name, 'state.json');
      const { file: first } = await open(path);
      await first.update(add(1));
      first.dispose();
      writeFileSync(path, text);
      const { file, problems } = await open(path);
      assert.deepStrictEqual(file.state, EMPTY);
      assert.equal(problems.length, 1);
      file.dispose();
      assert.equal(readdirSync(join(folder, name)).length, 1);
    }
  });

  it('keep few of the bad copies', { timeout: 30_000 }, async () => {
    const path = join(folder, 'flapping', 'state.json');
    const { file } = await open(path);
    for (let n = 0; n < 9; n++) {
      await file.update(add(n));
      writeFileSync(path, `bad ${n}`);
    }
    await file.update(add(9));
    assert.equal(file.state.length, 10);
    const copies = readdirSync(join(folder, 'flapping')).filter((name) => name.includes('.corrupt-'));
    assert.ok(copies.length <= 5 && copies.length > 0);
    file.dispose();
  });

  it('notice that another program removed the file', { timeout: 30_000 }, async () => {
    const path = join(folder, 'removed.json');
    const { file } = await open(path);
    await file.update(add(1));
    const heard = nextChange(file);
    rmSync(path);
    assert.deepStrictEqual(await heard, []);
    file.dispose();
  });

  it('say what to do when the folder cannot be used', async () => {
    const inTheWay = join(folder, 'in-the-way');
    writeFileSync(inTheWay, '');
    await assert.rejects(open(join(inTheWay, 'state.json')), (error) => VestibuleError.is(error, 'data-folder-unreadable'));
  });
});
