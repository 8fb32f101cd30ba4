import { readFile, stat } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { messageOf, VestibuleError, type FilePosition } from '../errors.ts';
import { withoutByteOrderMark } from './jsonc.ts';

const MAX_BYTES = 1_048_576;

/**
 * The variables of an environment file (`NAME=value` lines, quotes, comments, `export`), in order. Lines whose name
 * no environment can hold are left out.
 * @param at the entry that names the file, for the error
 * @throws VestibuleError `bad-config` when it cannot be read, or is larger than 1 MiB
 */
export async function readEnvFile(path: string, at: FilePosition): Promise<readonly (readonly [string, string])[]> {
  try {
    const found = await stat(path);
    // Reading a pipe would wait for ever.
    if (!found.isFile()) throw new Error('it is not a file');
    if (found.size > MAX_BYTES) throw new Error('it is larger than 1 MiB');
    const variables = parseEnv(withoutByteOrderMark(await readFile(path, 'utf8')));
    return Object.entries(variables).flatMap(([name, value]) => (value !== undefined && /^[A-Za-z_][\w.-]*$/.test(name) ? [[name, value] as const] : []));
  } catch (cause) {
    throw new VestibuleError('bad-config', `The environment file ${path} cannot be read: ${messageOf(cause)}.`, {
      action: 'Correct "envFile", or make the file readable.',
      at,
      cause,
    });
  }
}
