// What is bundled, from where, to where (docs/decisions/0004-bundles-and-budgets.md).
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import ranks from 'gpt-tokenizer/bpeRanks/o200k_base';
import { packRanks } from '../../src/proxy/tokens/packed-table.ts';
import { StepError, root } from './exec.mjs';
import { thirdPartyNotices } from './notices.mjs';
import { layOutPackage } from './npm-package.mjs';

/** Lowest Node among the supported VS Code releases and of the headless program. */
const nodeTarget = 'node20';

/** zod is bundled with the error texts of 50 languages; only the English ones are ever used. */
const englishZod = {
  name: 'english-zod',
  setup(bundler) {
    bundler.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
      loader: 'js',
    }));
  },
};

/** The tokenizer reads its table from a file beside it, a quarter of the size (docs/decisions/0012-tokenizer.md). */
const packedTable = {
  name: 'packed-table',
  setup(bundler) {
    bundler.onLoad({ filter: /gpt-tokenizer[\\/]esm[\\/]bpeRanks[\\/]o200k_base\.js$/ }, () => ({
      contents: `import { readRanks } from ${JSON.stringify(path.join(root, 'src/proxy/tokens/packed-table.ts'))}; export default readRanks();`,
      resolveDir: root,
    }));
  },
};

/** Types are erased and nothing else: what else sucrase can make of a program does not ship. */
const typesOnlySucrase = {
  name: 'types-only-sucrase',
  setup(bundler) {
    const unused = ['CJSImportProcessor', 'Options', 'computeSourceMap', 'formatTokens', ...['CJSImport', 'Flow', 'JestHoist', 'NumericSeparator', 'OptionalCatchBinding', 'OptionalChainingNullish', 'ReactDisplayName', 'ReactHotLoader'].map((name) => `${name}Transformer`)];
    bundler.onLoad({ filter: new RegExp(`[\\\\/]sucrase[\\\\/]dist[\\\\/]esm[\\\\/](?:util[\\\\/]|transformers[\\\\/])?(?:${unused.join('|')})\\.js$`) }, () => ({
      contents: 'export default class { constructor() { throw new Error("not built in"); } } export const validateOptions = () => undefined;',
      loader: 'js',
    }));
  },
};

/** The virtual machine of the sandbox, and the name it ships under. */
const wasm = { from: '@jitl/quickjs-wasmfile-release-sync/wasm', to: 'quickjs.wasm.br' };

const node = { platform: 'node', format: 'cjs', target: nodeTarget, mainFields: ['module', 'main'] };

async function bundles() {
  const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const define = { 'process.env.VESTIBULE_VERSION': JSON.stringify(manifest.version), 'import.meta.filename': '__filename' };
  return [
    { entry: 'src/extension.ts', out: 'dist/extension.cjs', options: { ...node, define, external: ['vscode'] } },
    { entry: 'src/views/interaction.ts', out: 'dist/interaction.cjs', options: { ...node, define, external: ['vscode'] } },
    { entry: 'src/oauth/vscode/bundle.ts', out: 'dist/oauth.cjs', options: { ...node, define, external: ['vscode'] } },
    { entry: 'src/proxy/gateway.ts', out: 'dist/gateway.cjs', options: { ...node, define, external: ['vscode'] } },
    { entry: 'src/proxy/connect/bridge/main.ts', out: 'dist/bridge.cjs', options: { ...node, define } },
    {
      entry: 'src/headless/main.ts',
      out: 'dist/headless.cjs',
      options: { ...node, define, external: ['@napi-rs/keyring'], banner: { js: '#!/usr/bin/env node' } },
      executable: true,
    },
    { entry: 'src/library/library.ts', out: 'dist/library.cjs', options: { ...node, define, external: ['@napi-rs/keyring'] } },
    {
      entry: 'src/proxy/sandbox/worker.ts',
      out: 'dist/sandbox.cjs',
      // The engine's loader is an ES module and asks where it is.
      options: {
        ...node,
        define: { ...define, 'import.meta.url': 'ownUrl' },
        banner: { js: "const ownUrl = require('node:url').pathToFileURL(__filename).href;" },
      },
    },
    { entry: 'src/proxy/tokens/worker.ts', out: 'dist/tokenizer.cjs', options: { ...node, define } },
    {
      entry: 'webview/main.ts',
      out: 'dist/webview/main.js',
      options: { platform: 'browser', format: 'iife', target: 'es2022' },
    },
  ];
}

/**
 * Builds every bundle whose entry point exists, each with its esbuild metafile in dist/meta, and the npm package of them
 * in dist/npm.
 * @param {string} folder where to, from the root of the project; it is emptied first
 * @throws StepError when one does not build
 * @returns {Promise<{built: {file: string, bytes: number}[], missing: string[]}>} sizes of what was written, and entry
 *   points that do not exist
 */
export async function buildAll(folder = 'dist') {
  const all = (await bundles()).map((bundle) => ({ ...bundle, out: bundle.out.replace(/^dist/, folder) }));
  const present = all.filter(({ entry }) => existsSync(path.join(root, entry)));
  await rm(path.join(root, folder), { recursive: true, force: true });
  await mkdir(path.join(root, folder, 'meta'), { recursive: true });
  const metafiles = await Promise.all(present.map((bundle) => buildOne(bundle, folder)));
  await writeFile(path.join(root, folder, wasm.to), brotliCompressSync(await readFile(createRequire(import.meta.url).resolve(wasm.from))));
  await writeFile(path.join(root, folder, 'o200k.br'), packRanks(ranks));
  await writeFile(path.join(root, folder, 'THIRD_PARTY_NOTICES.txt'), await thirdPartyNotices(metafiles));
  await layOutPackage(folder);
  return {
    built: present.map(({ out }, index) => ({ file: out, bytes: metafiles[index].outputs[out].bytes })),
    missing: all.filter((bundle) => !present.includes(bundle)).map(({ entry }) => entry),
  };
}

async function buildOne({ entry, out, options, executable }, folder) {
  const { metafile } = await build({
    ...options,
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: out,
    bundle: true,
    minify: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    plugins: [englishZod, typesOnlySucrase, packedTable],
  }).catch((cause) => {
    throw new StepError(`${entry} does not build: ${cause.errors?.length ?? '?'} errors, see above`, { cause });
  });
  await writeFile(path.join(root, folder, 'meta', `${path.basename(out)}.json`), JSON.stringify(metafile));
  if (executable) await chmod(path.join(root, out), 0o755);
  return metafile;
}
