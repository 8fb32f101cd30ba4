// Bundles everything that ships into dist/. Usage: node scripts/build.mjs
import { buildAll } from './lib/bundles.mjs';
import { StepError, main, say } from './lib/exec.mjs';

await main('build', async () => {
  const { built, missing } = await buildAll();
  for (const { file, bytes } of built) say('build', `${file}  ${(bytes / 1024).toFixed(1)} KB`);
  if (missing.length > 0) throw new StepError(`entry points are missing: ${missing.join(', ')}`);
});
