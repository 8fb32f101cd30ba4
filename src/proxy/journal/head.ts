import type { FileHandle } from 'node:fs/promises';
import { readTextIfExists } from '../storage/atomic-file.ts';
import type { ChainEnd } from './line.ts';
import { headPath } from './segments.ts';

/** One write of one length: whoever reads meets the old text or the new one. */
const LENGTH = 128;
const MAX_HEAD = 4_096;

/** Notes where the chain stands; `file` is `head.json`, open for writing. */
export async function writeHead(file: FileHandle, end: ChainEnd): Promise<void> {
  await file.write(`${JSON.stringify(end).padEnd(LENGTH - 1)}\n`, 0, 'utf8');
}

/** Where the chain stood when it was last noted; undefined when nothing readable is there. */
export async function readHead(dir: string): Promise<ChainEnd | undefined> {
  const text = await readTextIfExists(headPath(dir), MAX_HEAD);
  try {
    const value: unknown = JSON.parse(text ?? '');
    if (typeof value !== 'object' || value === null || !('seq' in value) || !('hash' in value)) return undefined;
    const { seq, hash } = value;
    return typeof seq === 'number' && typeof hash === 'string' ? { seq, hash } : undefined;
  } catch {
    return undefined;
  }
}
