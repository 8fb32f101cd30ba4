// What is bundled, from where, to where (docs/decisions/0004-bundles-and-budgets.md).
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { build, transform } from 'esbuild';
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

/**
 * One file from one entry point, or a group (`entries`, name of the file by entry point): what several of a group need is
 * in files of its own, `<shared>-<hash>.cjs`, once.
 */
async function bundles() {
  const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const define = { 'process.env.VESTIBULE_VERSION': JSON.stringify(manifest.version), 'import.meta.filename': '__filename' };
  return [
    { entry: 'src/extension.ts', out: 'dist/extension.cjs', options: { ...node, define, external: ['vscode'] } },
    {
      entries: { interaction: 'src/views/interaction.ts', oauth: 'src/oauth/vscode/bundle.ts', gateway: 'src/proxy/gateway.ts' },
      shared: 'editor',
      options: { ...node, define, external: ['vscode'] },
    },
    { entry: 'src/proxy/connect/bridge/main.ts', out: 'dist/bridge.cjs', options: { ...node, define } },
    {
      entries: { headless: 'src/headless/main.ts', library: 'src/library/library.ts' },
      shared: 'package',
      options: { ...node, define, external: ['@napi-rs/keyring'] },
      program: 'headless',
    },
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
 * Builds every bundle, each with its esbuild metafile in dist/meta, and the npm package of them in dist/npm.
 * @param {string} folder where to, from the root of the project; it is emptied first
 * @throws StepError when one does not build
 * @returns {Promise<{file: string, bytes: number}[]>} sizes of what was written, in the order of `bundles`
 */
export async function buildAll(folder = 'dist') {
  await rm(path.join(root, folder), { recursive: true, force: true });
  await mkdir(path.join(root, folder, 'meta'), { recursive: true });
  const results = await Promise.all((await bundles()).map((bundle) => (bundle.entries === undefined ? buildOne(bundle, folder) : buildGroup(bundle, folder))));
  await writeFile(path.join(root, folder, wasm.to), brotliCompressSync(await readFile(createRequire(import.meta.url).resolve(wasm.from))));
  await writeFile(path.join(root, folder, 'o200k.br'), packRanks(ranks));
  await writeFile(path.join(root, folder, 'THIRD_PARTY_NOTICES.txt'), await thirdPartyNotices(results.map(({ metafile }) => metafile)));
  await layOutPackage(folder);
  return results.flatMap(({ written }) => written);
}

const common = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  plugins: [englishZod, typesOnlySucrase, packedTable],
};

async function buildOne({ entry, out, options }, folder) {
  const file = out.replace(/^dist/, folder);
  const { metafile } = await built(entry, { ...common, ...options, entryPoints: [entry], outfile: file });
  await writeFile(path.join(root, folder, 'meta', `${path.basename(out)}.json`), JSON.stringify(metafile));
  return { metafile, written: [{ file, bytes: metafile.outputs[file].bytes }] };
}

/** esbuild splits ES modules only: it does so first, and each file is made CommonJS afterwards. */
async function buildGroup({ entries, shared, options, program }, folder) {
  const split = { format: 'esm', splitting: true, write: false, outdir: folder, outExtension: { '.js': '.cjs' }, chunkNames: `${shared}-[hash]` };
  const { metafile, outputFiles } = await built(Object.values(entries).join(', '), { ...common, ...options, ...split, entryPoints: entries });
  const written = outputFiles.map(async ({ path: file, text }) => {
    const { code } = await transform(text, { format: options.format, platform: options.platform, target: options.target, minify: true, legalComments: 'none' });
    const runs = path.basename(file) === `${program}.cjs`;
    await writeFile(file, runs ? `#!/usr/bin/env node\n${code}` : code);
    if (runs) await chmod(file, 0o755);
    return { file: path.relative(root, file), bytes: Buffer.byteLength(code) };
  });
  await writeFile(path.join(root, folder, 'meta', `${shared}.json`), JSON.stringify(metafile));
  return { metafile, written: await Promise.all(written) };
}

async function built(entry, options) {
  return build(options).catch((cause) => {
    throw new StepError(`${entry} does not build: ${cause.errors?.length ?? '?'} errors, see above`, { cause });
  });
}
