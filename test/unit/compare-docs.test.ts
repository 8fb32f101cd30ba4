import assert from 'node:assert/strict';
import { access, readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';

const ROOT = new URL('../../', import.meta.url);

describe('docs/compare.md', { timeout: 60_000 }, () => {
  it('names a test that is there beside everything it says is here', async () => {
    const rows = (await readFile(new URL('docs/compare.md', ROOT), 'utf8')).split('\n').filter((line) => /^\| (?!---|feature there|defect there)/.test(line));
    assert.ok(rows.length > 30);
    for (const row of rows) {
      const named = [...row.matchAll(/`(test\/[\w./-]+\.test\.ts)`/g)].map(([, file = '']) => file);
      assert.ok(named.length > 0 || row.includes('**not here'), row);
      for (const file of named) await access(new URL(file, ROOT));
    }
  });
});
