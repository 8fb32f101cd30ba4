/* `npm run fidelity`: runs the matrix, prints it and writes docs/fidelity.md. Exits 1 when a cell differs. */
import { writeFile } from 'node:fs/promises';
import { columnName, DIFFERENT, pageOf, SAME } from './table.ts';
import { COLUMNS, compare, FEATURES, openSides } from './matrix.ts';

const cells = new Map<string, string>();
for (const column of COLUMNS) {
  await using sides = await openSides(column);
  for (const feature of FEATURES) {
    const cell = feature.without?.(column) ?? ((await compare(feature, column, sides)).equal ? SAME : DIFFERENT);
    cells.set(`${columnName(column)} ${feature.name}`, cell);
  }
  console.error(`${columnName(column)} done`);
}
const page = pageOf(FEATURES, COLUMNS, (feature, column) => cells.get(`${columnName(column)} ${feature.name}`) ?? DIFFERENT);
console.log(page);
await writeFile(new URL('../../docs/fidelity.md', import.meta.url), page);
process.exit([...cells.values()].includes(DIFFERENT) ? 1 : 0);
