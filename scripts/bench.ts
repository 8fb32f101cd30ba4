// Runs the measurements in bench/, each a program of its own. Usage: npm run bench [-- NAME…]
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { main, npm, root, run, say, StepError } from './lib/exec.mjs';

await main('bench', async () => {
  const entries = await readdir(path.join(root, 'bench'));
  const known = entries.filter((name) => existsSync(program(name))).sort();
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new StepError(`no bench ${unknown.join(', ')}; there are ${known.join(', ')}`);
  await npm(['run', '--silent', 'build']);
  for (const name of wanted.length > 0 ? wanted : known) {
    say('bench', name);
    await run(process.execPath, [program(name)]);
  }
});

function program(name: string): string {
  return path.join(root, 'bench', name, 'main.ts');
}
