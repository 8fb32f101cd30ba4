// Bundles everything that ships into dist/. Usage: node scripts/build.mjs
import { buildAll } from './lib/bundles.mjs';
import { main, say } from './lib/exec.mjs';

await main('build', async () => {
  for (const { file, bytes } of await buildAll()) say('build', `${file}  ${(bytes / 1024).toFixed(1)} KB`);
});
