// Looks for programs where the system would.
import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * The first file of one of these names in the folders on PATH. Folders that are not absolute do not count: what is found
 * there goes by where one stands.
 * @param names with their suffix, where the platform has one
 */
export function findOnPath(...names: readonly string[]): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .flatMap((folder) => names.map((name) => path.join(folder, name)))
    .find((file) => existsSync(file));
}
