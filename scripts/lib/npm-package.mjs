// Lays out the npm package `vestibule`: the library and the program (docs/decisions/0020-npm-package.md).
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import ts from 'typescript';
import { StepError, root } from './exec.mjs';

/** The library and the program, and what they load beside the files they share. */
const files = ['library.cjs', 'headless.cjs', 'sandbox.cjs', 'quickjs.wasm.br', 'tokenizer.cjs', 'o200k.br', 'THIRD_PARTY_NOTICES.txt'];

/** Members of our manifest that are true of the package as well. */
const shared = ['version', 'description', 'license', 'homepage', 'repository', 'bugs', 'keywords', 'optionalDependencies'];

/**
 * Puts the package into the folder `npm` of a built folder.
 * @param {string} folder from the root of the project, as built by `buildAll`
 * @returns {Promise<string>} absolute path of the package's folder
 * @throws StepError when its types cannot be told from the sources
 */
export async function layOutPackage(folder) {
  const built = path.join(root, folder);
  const target = path.join(built, 'npm');
  await mkdir(target, { recursive: true });
  const parts = (await readdir(built)).filter((file) => file.startsWith('package-'));
  const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const types = await declarations();
  await Promise.all([
    ...[...files, ...parts].map((file) => copyFile(path.join(built, file), path.join(target, file))),
    copyFile(path.join(root, 'LICENSE'), path.join(target, 'LICENSE')),
    writeFile(path.join(target, 'README.md'), await readme(manifest)),
    writeFile(path.join(target, 'package.json'), `${JSON.stringify(manifestOf(manifest), undefined, 2)}\n`),
    writeFile(path.join(target, 'library.mjs'), "import library from './library.cjs';\n\nexport const { createGateway } = library;\n"),
    writeFile(path.join(target, 'library.d.mts'), types),
    writeFile(path.join(target, 'library.d.cts'), types),
  ]);
  return target;
}

/** The page about the library; the pages it links to are not in the package. */
async function readme({ repository }) {
  const text = await readFile(path.join(root, 'docs/library.md'), 'utf8');
  return text.replace(/\]\((?=[\w-]+\.md)/g, `](${repository.url}/blob/main/docs/`);
}

function manifestOf(manifest) {
  return {
    name: 'vestibule',
    ...Object.fromEntries(shared.map((member) => [member, manifest[member]])),
    engines: { node: manifest.engines.node },
    bin: { vestibule: './headless.cjs' },
    exports: {
      '.': {
        import: { types: './library.d.mts', default: './library.mjs' },
        require: { types: './library.d.cts', default: './library.cjs' },
      },
      './package.json': './package.json',
    },
  };
}

/** One declaration file: the public types, which import nothing, and the function. */
async function declarations() {
  const [types, library] = await Promise.all(['types.ts', 'library.ts'].map(declarationOf));
  const declared = /\/\*\*(?:(?!\*\/)[^])*\*\/\nexport declare function createGateway\([^\n]*\n/.exec(library)?.[0];
  if (declared === undefined || /^import /m.test(types)) throw new StepError('src/library: types.ts imports something, or library.ts declares no createGateway');
  return `${types}${declared}`;
}

async function declarationOf(file) {
  const fileName = path.join(root, 'src/library', file);
  const { outputText, diagnostics = [] } = ts.transpileDeclaration(await readFile(fileName, 'utf8'), { fileName, reportDiagnostics: true, compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.Preserve } });
  if (diagnostics.length > 0) throw new StepError(`src/library/${file}: ${diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' ')).join('; ')}`);
  return outputText;
}
