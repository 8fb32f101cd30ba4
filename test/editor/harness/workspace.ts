import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sampleServers } from '../../../scripts/sample/workspace.ts';
import { runFolder } from './folders.ts';

/**
 * A fresh folder with a servers file.
 * @param name of the run
 * @param servers content of `servers`
 * @param gateway content of `gateway`
 * @returns its absolute path
 */
export async function workspaceWith(
  name: string,
  servers: Readonly<Record<string, unknown>>,
  gateway: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const folder = `${runFolder(name)}-workspace`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.join(folder, '.vscode'), { recursive: true });
  await writeFile(path.join(folder, '.vscode', 'vestibule.json'), JSON.stringify({ servers, gateway }, null, 2));
  return folder;
}

/** A fresh folder whose servers file has the reference server `everything`. */
export async function everythingWorkspace(name: string, gateway: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { everything } = await sampleServers(runFolder(name));
  return workspaceWith(name, { everything }, gateway);
}
