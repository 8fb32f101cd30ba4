// What the bundles weigh, and what in them does.
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Metafile } from 'esbuild';
import { root } from '../../scripts/lib/exec.mjs';
import { report } from '../lib/report.ts';

const heaviest = 6;

const folder = path.join(root, 'dist', 'meta');
const rows = [];
for (const file of (await readdir(folder)).sort()) {
  const { outputs } = JSON.parse(await readFile(path.join(folder, file), 'utf8')) as Metafile;
  for (const [output, { bytes, inputs }] of Object.entries(outputs)) {
    const perPart = new Map<string, number>();
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      const part = partOf(input);
      perPart.set(part, (perPart.get(part) ?? 0) + bytesInOutput);
    }
    const parts = [...perPart].sort(([, a], [, b]) => b - a).slice(0, heaviest);
    rows.push({ output, size: kb(bytes), heaviest: parts.map(([part, size]) => `${part} ${kb(size)}`).join(', ') });
  }
}
await report('sizes', rows);

/** The package of a dependency, the room of our own code. */
function partOf(input: string): string {
  const dependency = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(input)?.[1];
  return dependency ?? input.split('/').slice(0, 3).join('/');
}

function kb(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KB`;
}
