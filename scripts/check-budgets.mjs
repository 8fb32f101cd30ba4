// Fails when something that ships has outgrown its budget. Usage: node scripts/check-budgets.mjs (after build, package)
import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { StepError, main, root, say } from './lib/exec.mjs';
import { vsixFile } from './lib/vsix.mjs';

const KB = 1024;
const budgets = [
  { what: 'activation module', limit: 60 * KB, size: () => outputBytes('extension.cjs') },
  { what: 'bridge', limit: 25 * KB, size: () => outputBytes('bridge.cjs') },
  { what: 'webview', limit: 350 * KB, size: webviewBytes },
  { what: 'vsix', limit: 1536 * KB, size: async () => (await stat(vsixFile)).size },
  { what: 'npm package, unpacked', limit: 4096 * KB, size: npmPackageBytes },
];

async function outputBytes(name) {
  const { outputs } = JSON.parse(await readFile(path.join(root, 'dist', 'meta', `${name}.json`), 'utf8'));
  return Object.values(outputs).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** All scripts a webview may load, together. */
async function webviewBytes() {
  const files = (await readdir(path.join(root, 'dist', 'webview'))).filter((file) => file.endsWith('.js'));
  return (await Promise.all(files.map(outputBytes))).reduce((sum, bytes) => sum + bytes, 0);
}

async function npmPackageBytes() {
  const folder = path.join(root, 'dist', 'npm');
  const sizes = (await readdir(folder)).map(async (file) => (await stat(path.join(folder, file))).size);
  return (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0);
}

await main('budgets', async () => {
  const over = [];
  for (const { what, limit, size } of budgets) {
    const bytes = await size().catch((cause) => {
      throw new StepError(`${what}: cannot measure (${cause.message}); run \`npm run build\` and \`npm run package\` first`);
    });
    const line = `${what}: ${(bytes / KB).toFixed(1)} KB of ${limit / KB} KB`;
    say('budgets', line);
    if (bytes > limit) over.push(line);
  }
  if (over.length > 0) throw new StepError(`over budget: ${over.join('; ')}`);
});
