import { visible, visibleJson } from '../proxy/json/visible.ts';

/** Prints one JSON document. */
export function printJson(value: unknown): void {
  process.stdout.write(`${visibleJson(JSON.stringify(value, undefined, 2))}\n`);
}

/** Prints one JSON document on one line, for output that goes on. */
export function printJsonLine(value: unknown): void {
  process.stdout.write(`${visibleJson(JSON.stringify(value))}\n`);
}

/** Prints a line of our own words; names and texts from outside go through `visible` first. */
export function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/**
 * Prints rows with aligned columns under a header. Every cell counts as untrusted text. With no rows, `empty` is
 * printed instead.
 */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[], empty: string): void {
  if (rows.length === 0) return printLine(empty);
  const cells = [header, ...rows].map((row) => row.map(visible));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => lengthOf(row[column] ?? ''))));
  for (const row of cells) {
    const line = row.map((cell, column) => (column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - lengthOf(cell)))).join('  ');
    printLine(line.trimEnd());
  }
}

/** Says something beside the result, on stderr. */
export function printNote(text: string): void {
  process.stderr.write(`${text}\n`);
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}
