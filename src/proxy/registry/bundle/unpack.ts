import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unzipSync, type UnzipFileInfo } from 'fflate';
import { messageOf, VestibuleError } from '../../errors.ts';
import { temporaryNameFor } from '../../storage/atomic-file.ts';

const MAX_FILES = 50_000;
const MAX_UNPACKED_BYTES = 1024 * 1024 * 1024;
/** So much is unpacked at a time. */
const PORTION_BYTES = 64 * 1024 * 1024;
/** Names that every system takes, below the folder and nowhere else. */
const PART = /^(?!\.{1,2}$)(?!.*[. ]$)(?!(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$))[^\\/:*?"<>|\p{Cc}]{1,200}$/iu;
const MAX_DEPTH = 40;

/**
 * Unpacks a bundle into a folder that is there in whole or not at all. Names that lead out of it, or are none on some
 * system, fail the bundle as a whole; links are written as plain files.
 * @throws VestibuleError `bad-bundle`, `too-large`, or an error of the file system
 */
export async function unpackBundle(bytes: Uint8Array, folder: string): Promise<void> {
  const portions = portionsOf(listOf(bytes));
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  const temporary = temporaryNameFor(folder);
  try {
    await mkdir(temporary, { mode: 0o700 });
    for (const names of portions) {
      const files = readZip(bytes, ({ name }) => names.has(name));
      for (const [name, content] of Object.entries(files)) {
        const path = join(temporary, ...name.split('/'));
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, content, { flag: 'wx' });
      }
    }
    await rename(temporary, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

interface Listed {
  readonly name: string;
  readonly size: number;
}

/** Every file of the bundle, before any of it is unpacked. */
function listOf(bytes: Uint8Array): readonly Listed[] {
  const files: Listed[] = [];
  const seen = new Set<string>();
  let total = 0;
  readZip(bytes, ({ name, originalSize }) => {
    const parts = name.replace(/[/]$/, '').split('/');
    if (parts.length > MAX_DEPTH || !parts.every((part) => PART.test(part))) throw bad(`it holds a file with the name ${JSON.stringify(name.slice(0, 200))}`);
    if (name.endsWith('/')) return false;
    // Systems that do not tell case apart would write one over the other.
    if (seen.has(name.toLowerCase())) throw bad(`it holds ${JSON.stringify(name.slice(0, 200))} twice`);
    seen.add(name.toLowerCase());
    total += originalSize;
    if (files.push({ name, size: originalSize }) > MAX_FILES || total > MAX_UNPACKED_BYTES) {
      throw new VestibuleError('too-large', `The bundle unpacks to more than ${MAX_FILES} files or ${MAX_UNPACKED_BYTES / 1_048_576} MiB.`, { action: 'Unpack it yourself, and add the command it holds.' });
    }
    return false;
  });
  return files;
}

/** Files by name, so many at a time that they fit into memory. */
function portionsOf(files: readonly Listed[]): readonly ReadonlySet<string>[] {
  const portions: Set<string>[] = [];
  let room = 0;
  for (const { name, size } of files) {
    if (portions.length === 0 || size > room) {
      portions.push(new Set());
      room = PORTION_BYTES;
    }
    portions.at(-1)?.add(name);
    room -= size;
  }
  return portions;
}

function readZip(bytes: Uint8Array, filter: (file: UnzipFileInfo) => boolean): Readonly<Record<string, Uint8Array>> {
  try {
    return unzipSync(bytes, { filter });
  } catch (error) {
    throw VestibuleError.is(error) ? error : bad(`it is no zip archive that can be read (${messageOf(error)})`);
  }
}

function bad(why: string): VestibuleError {
  return new VestibuleError('bad-bundle', `The bundle is not unpacked: ${why}.`, { action: 'Choose another way of using the server, and tell its publisher.' });
}
