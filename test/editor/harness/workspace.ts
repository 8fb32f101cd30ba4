import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sampleServers } from '../../../scripts/sample/workspace.ts';
import { runFolder } from './folders.ts';

/**
 * A fresh folder whose `.vscode/vestibule.json` has the reference server `everything`.
 * @param name of the run
 * @returns its absolute path
 */
export async function everythingWorkspace(name: string): Promise<string> {
  const folder = `${runFolder(name)}-workspace`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.join(folder, '.vscode'), { recursive: true });
  const { everything } = await sampleServers(folder);
  await writeFile(path.join(folder, '.vscode', 'vestibule.json'), JSON.stringify({ servers: { everything } }, null, 2));
  return folder;
}
