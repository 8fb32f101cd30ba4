import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writeFileAtomic } from '../../src/proxy/storage/atomic-file.ts';
import { watchFile } from '../../src/proxy/storage/watch-file.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

describe('watching a file', () => {
  const folder = tempFolder();

  it('notices that it was made, changed, replaced and removed, each within the bound', { timeout: 20_000 }, async () => {
    const path = join(folder, 'later', 'state.json');
    let notify = (): void => undefined;
    const watch = watchFile(path, () => notify());
    const noticed = async (act: () => void | Promise<void>): Promise<number> => {
      const change = new Promise<void>((resolve) => (notify = resolve));
      const started = performance.now();
      await act();
      await change;
      return performance.now() - started;
    };
    const steps: (() => void | Promise<void>)[] = [
      () => {
        mkdirSync(join(folder, 'later'));
        writeFileSync(path, 'a');
      },
      () => writeFileSync(path, 'b'),
      () => writeFileAtomic(path, 'c'),
      () => {
        writeFileSync(`${path}.new`, 'd');
        renameSync(`${path}.new`, path);
      },
      () => rmSync(path),
    ];
    for (const step of steps) {
      // 500 ms is promised; the rest is room for a loaded machine.
      assert.ok((await noticed(step)) < 1_500);
    }
    watch.dispose();
  });

  it('says nothing of what was there before, nor after it was disposed', { timeout: 20_000 }, async () => {
    const path = join(folder, 'quiet');
    writeFileSync(path, 'before');
    let calls = 0;
    const watch = watchFile(path, () => calls++);
    // A second watcher on a file of its own tells when several polls have passed.
    const clock = join(folder, 'clock');
    const poll = async (): Promise<void> => {
      await new Promise<void>((resolve) => {
        const other = watchFile(clock, () => {
          other.dispose();
          resolve();
        });
        writeFileSync(clock, String(Math.random()));
      });
    };
    await poll();
    await poll();
    assert.equal(calls, 0);
    watch.dispose();
    writeFileSync(path, 'after');
    await poll();
    await poll();
    assert.equal(calls, 0);
  });
});
