/* What looks for secrets that got out during a run of the suites finds one, in whatever form it lies there. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { assertUnmarked, holdsMark, MARK, telltale } from '../fixtures/telltale/mark.ts';
import { sweep } from '../fixtures/telltale/sweep.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const SECRET = telltale('refresh', '-1');
const WATCH = new URL('../fixtures/telltale/watch.ts', import.meta.url).href;

describe('the search for secrets that got out', () => {
  it('knows one in text, in Base64 at any offset, in a URL, in JSON and in UTF-16', () => {
    for (const text of [SECRET, `id:${SECRET}`, encodeURIComponent(SECRET), JSON.stringify({ log: JSON.stringify({ SECRET }) })]) assert.ok(holdsMark(text), text);
    for (const before of ['', 'a', 'ab', 'abc', 'client:']) {
      for (const form of ['base64', 'base64url'] as const) assert.ok(holdsMark(Buffer.from(`${before}${SECRET} and more`).toString(form)), `${before} ${form}`);
    }
    assert.ok(holdsMark(Buffer.from(SECRET, 'utf16le')));
    assert.ok(!holdsMark(`refresh-${MARK.slice(1)}`));
    assert.throws(() => assertUnmarked(SECRET, 'the log'), /it is in the log/);
  });

  it('finds the file it was written to, also across pieces, and the file it names', () => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'logs'));
    const clean = join(folder, 'clean.log');
    const deep = join(folder, 'logs', 'deep.bin');
    const named = join(folder, `${SECRET}.txt`);
    writeFileSync(clean, 'access-[redacted]');
    assert.deepEqual(sweep(folder), []);
    writeFileSync(deep, Buffer.concat([Buffer.alloc(4 * 1024 * 1024 - 12), Buffer.from(SECRET), Buffer.alloc(100)]));
    writeFileSync(named, '');
    assert.deepEqual(sweep(folder).toSorted(), [deep, named].toSorted());
    for (const leak of [deep, named]) rmSync(leak);
    assert.deepEqual(sweep(join(folder, 'nowhere')), []);
  });

  for (const [how, remove] of [
    ['at once', "import { rmSync } from 'node:fs'; rmSync(process.argv[1], { recursive: true });"],
    ['in time', "import { rm } from 'node:fs/promises'; await rm(process.argv[1], { recursive: true });"],
  ] as const) {
    it(`a folder that holds one is not removed ${how}, and its test fails`, () => {
      const folder = tempFolder();
      const place = join(folder, 'place');
      mkdirSync(place);
      const file = join(place, 'journal.jsonl');
      const run = (): number | null => spawnSync(process.execPath, ['--import', WATCH, '--input-type=module', '--eval', remove, place]).status;
      writeFileSync(file, SECRET);
      assert.equal(run(), 1);
      assert.ok(existsSync(file));
      writeFileSync(file, 'nothing of that kind');
      assert.equal(run(), 0);
      assert.ok(!existsSync(place));
    });
  }
});
