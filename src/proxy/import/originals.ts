import { stat } from 'node:fs/promises';
import { applyEdits, modify } from 'jsonc-parser';
import { readJsonc, withoutByteOrderMark } from '../config/jsonc.ts';
import { VestibuleError, messageOf } from '../errors.ts';
import { readTextIfExists, writeFileAtomic } from '../storage/atomic-file.ts';
import { withFileLock } from '../storage/file-lock.ts';
import type { FoundServer } from './types.ts';
import { jsonOf } from '../json/data.ts';

/** A change of other clients' files that can be taken back. */
export interface RemovedOriginals {
  /** Servers that are out of their files. */
  readonly removed: readonly FoundServer[];
  /** What could not be removed, and why. */
  readonly problems: readonly VestibuleError[];
  /** Puts every file back as it was. @throws VestibuleError when one was changed since; the others are put back */
  undo(): Promise<void>;
}

interface Changed {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/**
 * Takes imported servers out of the files they came from, so that no client has each of them twice. Comments and
 * everything else stay. Files that are not JSON are left alone, and said so.
 */
export async function removeOriginals(servers: readonly FoundServer[]): Promise<RemovedOriginals> {
  const changed: Changed[] = [];
  const removed: FoundServer[] = [];
  const problems: VestibuleError[] = [];
  for (const [file, own] of groupedByFile(servers)) {
    try {
      if (file.endsWith('.toml')) {
        throw new VestibuleError('bad-config', `${file} is left as it is.`, { action: `Remove ${own.map(({ path }) => `[${path.join('.')}]`).join(', ')} there yourself.` });
      }
      changed.push(await removeFrom(file, own));
      removed.push(...own);
    } catch (error) {
      problems.push(VestibuleError.is(error) ? error : new VestibuleError('bad-config', `${file} could not be changed: ${messageOf(error)}`, { action: 'Remove the servers there yourself.' }));
    }
  }
  return { removed, problems, undo: () => putBack(changed) };
}

function removeFrom(file: string, servers: readonly FoundServer[]): Promise<Changed> {
  return withFileLock(file, async () => {
    const before = (await readTextIfExists(file)) ?? '';
    const text = withoutByteOrderMark(before);
    const { broken, at } = readJsonc(text, file);
    if (broken !== undefined && jsonOf(text) === undefined) throw new VestibuleError('bad-config', `${file} cannot be edited: ${broken.message}`, { action: broken.fix, at: at(broken.offset) });
    const removedText = servers.reduce((current, { path }) => applyEdits(current, modify(current, [...path], undefined, { formattingOptions: { insertSpaces: true, tabSize: 2 } })), text);
    const after = before.slice(0, before.length - text.length) + removedText;
    await writeFileAtomic(file, after, { mode: (await stat(file)).mode & 0o777 });
    return { file, before, after };
  });
}

async function putBack(changed: readonly Changed[]): Promise<void> {
  const refused: string[] = [];
  for (const { file, before, after } of changed) {
    await withFileLock(file, async () => {
      if ((await readTextIfExists(file)) !== after) refused.push(file);
      else await writeFileAtomic(file, before, { mode: (await stat(file)).mode & 0o777 });
    });
  }
  if (refused.length > 0) {
    throw new VestibuleError('bad-config', `${refused.join(', ')} was changed meanwhile and is left as it is.`, { action: 'Add the servers there again yourself.' });
  }
}

function groupedByFile(servers: readonly FoundServer[]): ReadonlyMap<string, readonly FoundServer[]> {
  const groups = new Map<string, FoundServer[]>();
  for (const server of servers) groups.set(server.file, [...(groups.get(server.file) ?? []), server]);
  return groups;
}
