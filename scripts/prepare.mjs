// npm runs this after `npm ci` and `npm install` in a clone: dist/headless.cjs is there when the install is done.
import { main, say } from './lib/exec.mjs';
import { markInstalled } from './lib/install-stamp.mjs';

await main('prepare', async () => {
  const bundles = await import('./lib/bundles.mjs').catch((error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return undefined;
  });
  if (bundles === undefined) {
    say('prepare', 'esbuild is not installed (production install?): nothing built');
    return;
  }
  markInstalled();
  const built = await bundles.buildAll();
  say('prepare', `built dist: ${built.length} files`);
});
