import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

/** Every row there has to be: threats by entry point, and the invariants. */
const ROWS = Object.entries({ N: 16, W: 12, D: 17, B: 14, U: 15, I: 7 }).flatMap(([letter, count]) => Array.from({ length: count }, (_, n) => `${letter}${n + 1}`));
const ID = /\b[NWDBUI]\d{1,2}\b/g;

interface Row {
  readonly id: string;
  readonly files: readonly string[];
  readonly note: string;
}

const rows: readonly Row[] = read('docs/security-tests.md')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter(([, id]) => id !== undefined && /^[NWDBUI]\d+$/.test(id))
  .map(([, id = '', , tests = '', note = '']) => ({ id, files: [...tests.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file), note }));

/** A test file with the modes of the hostile server that it runs through. */
function textOf(file: string): string {
  const own = read(file);
  const modes = [...own.matchAll(/from '\.\/(evil\/[a-z-]+\.ts)'/g)].map(([, path = '']) => read(`test/security/${path}`));
  return [own, ...modes].join('\n');
}

// docs/security-tests.md says which attack is tried where; this keeps it true.
describe('the table of security tests', () => {
  it('has each threat once, in order', () => {
    assert.deepEqual(rows.map(({ id }) => id), ROWS);
  });

  it('names a test for each, or says why there is none', () => {
    for (const { id, files, note } of rows) {
      assert.ok(files.length > 0 || /^(Not from outside|Open): .{20}/.test(note), `${id} has neither`);
    }
  });

  it('names only tests that try it', () => {
    for (const { id, files } of rows) for (const file of files) assert.match(textOf(file), new RegExp(`\\b${id}\\b`), `${file} does not mention ${id}`);
  });

  it('leaves out no test of this suite', () => {
    const folder = fileURLToPath(new URL('.', import.meta.url));
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.test.ts') && file !== 'table.test.ts')) {
      const file = `test/security/${name}`;
      const titles = [...textOf(file).matchAll(/\bit\(\s*['`]([^:]*):|row: '([^']+)'/g)].flatMap(([, title = '', row = '']) => `${title} ${row}`.match(ID) ?? []);
      for (const id of new Set(titles)) assert.ok(rows.find((row) => row.id === id)?.files.includes(file), `${file} tries ${id}, the table does not say so`);
    }
  });
});
