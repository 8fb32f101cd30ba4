/* The matrix: what an agent sees through the gateway is what it sees at the server itself. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { COLUMNS, compare, FEATURES, openSides, type Sides } from './matrix.ts';
import { REWRITINGS } from './rewritten.ts';
import { columnName, DIFFERENT, pageOf, SAME } from './table.ts';

const docs = (name: string): Promise<string> => readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
const same = new Set<string>();

// Columns mostly wait: for processes to start and for changes to settle.
describe('through the gateway everything is as it is directly', { concurrency: 3 }, () => {
  for (const column of COLUMNS) {
    describe(columnName(column), { timeout: 300_000, concurrency: 1 }, () => {
      let sides: Sides;
      before(async () => {
        sides = await openSides(column);
      });
      after(() => sides[Symbol.asyncDispose]());

      for (const feature of FEATURES) {
        if (feature.without?.(column) !== undefined) continue;
        it(feature.name, { timeout: 60_000 }, async () => {
          const { direct, proxied } = await compare(feature, column, sides);
          assert.deepEqual(proxied, direct);
          same.add(`${columnName(column)} ${feature.name}`);
        });
      }
    });
  }
});

describe('the documentation of the matrix', () => {
  it('docs/fidelity.md is what was found (npm run fidelity writes it)', async () => {
    const page = pageOf(FEATURES, COLUMNS, (feature, column) => feature.without?.(column) ?? (same.has(`${columnName(column)} ${feature.name}`) ? SAME : DIFFERENT));
    console.log(page);
    assert.equal((await docs('fidelity.md')).replaceAll('\r\n', '\n'), page);
  });

  it('docs/relay.md names everything that is rewritten on purpose', async () => {
    const text = await docs('relay.md');
    for (const { what } of REWRITINGS) assert.ok(text.includes(`| ${what} |`), what);
  });
});
