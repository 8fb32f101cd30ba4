import { copyFile, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { folderError, hasCode } from './fs-error.ts';

const KEPT = 5;

/**
 * Copies a file that cannot be used to `<path>.corrupt-<time>`, where a person can look at it. Only the newest five
 * such copies are kept. The file itself stays until its owner replaces or removes it.
 * @returns where the copy is; undefined when there is no file
 * @throws VestibuleError `data-folder-unreadable`
 */
export async function setAside(path: string): Promise<string | undefined> {
  const prefix = `${basename(path)}.corrupt-`;
  const aside = join(dirname(path), `${prefix}${new Date().toISOString().replace(/[:.]/g, '-')}`);
  try {
    await copyFile(path, aside);
    const copies = (await readdir(dirname(path))).filter((name) => name.startsWith(prefix)).sort();
    for (const old of copies.slice(0, -KEPT)) await rm(join(dirname(path), old), { force: true });
    return aside;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw folderError(error, 'set aside', path);
  }
}
