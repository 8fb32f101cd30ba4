import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createVSIX } from '@vscode/vsce';
import { build } from 'esbuild';
import { root } from '../../../scripts/lib/exec.mjs';

/**
 * Bundles a TypeScript module for the extension host.
 * @param external modules to load at run time instead
 */
export async function bundleForHost(entry: string, outfile: string, external: readonly string[] = []): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    external: ['vscode', ...external],
    logLevel: 'warning',
  });
}

/** Packages the test-only model as an extension. @returns the file */
export async function packScriptedModel(): Promise<string> {
  const source = path.join(root, 'test', 'fixtures', 'scripted-model');
  const folder = path.join(root, 'out', 'scripted-model');
  await mkdir(folder, { recursive: true });
  await bundleForHost(path.join(source, 'extension.ts'), path.join(folder, 'extension.cjs'));
  await copyFile(path.join(source, 'package.json'), path.join(folder, 'package.json'));
  await writeFile(path.join(folder, '.vscodeignore'), '**\n!package.json\n!extension.cjs\n');
  const packagePath = path.join(root, 'out', 'scripted-model.vsix');
  await createVSIX({ cwd: folder, packagePath, dependencies: false, allowMissingRepository: true, skipLicense: true });
  return packagePath;
}
