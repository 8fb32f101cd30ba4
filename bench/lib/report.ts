import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { root } from '../../scripts/lib/exec.mjs';

/**
 * Prints a bench's rows and keeps them in out/bench/NAME.json with what they were measured on.
 * @param rows one object per line of the table, with the same keys
 */
export async function report(name: string, rows: readonly Readonly<Record<string, string | number>>[]): Promise<void> {
  console.table(rows);
  const folder = path.join(root, 'out', 'bench');
  await mkdir(folder, { recursive: true });
  const machine = { node: process.version, platform: process.platform, arch: process.arch, cores: availableParallelism() };
  await writeFile(path.join(folder, `${name}.json`), `${JSON.stringify({ name, at: new Date().toISOString(), machine, rows }, null, 2)}\n`);
}
