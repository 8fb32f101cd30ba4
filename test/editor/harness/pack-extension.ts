import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createVSIX } from '@vscode/vsce';
import { root } from '../../../scripts/lib/exec.mjs';
import { bundleForHost } from './bundle.ts';

/** Packs an extension of test/fixtures. @param name its folder there @returns the package */
export async function packExtension(name: string): Promise<string> {
  const source = path.join(root, 'test', 'fixtures', name);
  const folder = path.join(root, 'out', name);
  await mkdir(folder, { recursive: true });
  await bundleForHost(path.join(source, 'extension.ts'), path.join(folder, 'extension.cjs'));
  await copyFile(path.join(source, 'package.json'), path.join(folder, 'package.json'));
  await writeFile(path.join(folder, '.vscodeignore'), '**\n!package.json\n!extension.cjs\n');
  const packagePath = path.join(root, 'out', `${name}.vsix`);
  await createVSIX({ cwd: folder, packagePath, dependencies: false, allowMissingRepository: true, skipLicense: true });
  return packagePath;
}
