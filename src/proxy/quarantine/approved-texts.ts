import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, VestibuleError } from '../errors.ts';
import { digestOf } from '../json/canonical.ts';
import type { Digest, RawJson, ServerName } from '../model.ts';
import { writeFileAtomic } from '../storage/atomic-file.ts';
import { hasCode } from '../storage/fs-error.ts';
import { fileNameFor } from '../storage/names.ts';
import { entriesAt, parseState, stringAt, writeState } from '../storage/parse-state.ts';
import { definitionKey, type Approvals } from './approvals.ts';
import type { DefinitionRef } from './types.ts';

const VERSION = 1;
const MAX_TEXT_CHARACTERS = 256 * 1024;
const MAX_SERVER_CHARACTERS = 16 * 1024 * 1024;
/** Two, so that undoing the approval of a change still has the text before it. */
const TEXTS_PER_DEFINITION = 2;

/** Texts by digest, oldest first, per definition key. */
type ServerTexts = Map<string, Map<string, RawJson>>;

/**
 * The texts that were approved, kept apart from the approvals so that those stay small. Only for showing what
 * changed: a text is believed only if it has the digest it is asked for, and a lost one costs a diff, nothing else.
 */
export class ApprovedTexts {
  readonly #folder: string;
  readonly #report: (problem: VestibuleError) => void;
  readonly #cache = new Map<ServerName, ServerTexts>();

  constructor(folder: string, report: (problem: VestibuleError) => void) {
    this.#folder = folder;
    this.#report = report;
  }

  /** The text that was approved at this digest, or undefined when it was too large, lost or tampered with. */
  get(ref: DefinitionRef): RawJson | undefined {
    const raw = this.#of(ref.server).get(definitionKey(ref.kind, ref.name))?.get(ref.digest);
    return raw !== undefined && hasDigest(raw, ref.digest) ? raw : undefined;
  }

  /**
   * Keeps the texts of an approval that makes `approvals` what it is, and lets go of those nothing approves any more.
   * Call under the approvals' lock, which guards these files too.
   * @throws VestibuleError `data-folder-unreadable`
   */
  async keep(refs: readonly (DefinitionRef & { readonly raw: RawJson })[], approvals: Approvals): Promise<void> {
    this.#cache.clear();
    for (const server of new Set(refs.map((ref) => ref.server))) {
      const definitions = approvals.get(server)?.definitions;
      const texts = this.#of(server);
      for (const key of texts.keys()) if ((definitions?.get(key)?.approved.length ?? 0) === 0) texts.delete(key);
      let size = sizeOf(texts);
      for (const ref of refs) {
        if (ref.server !== server || ref.raw.length > MAX_TEXT_CHARACTERS) continue;
        size += ref.raw.length;
        if (size > MAX_SERVER_CHARACTERS) break;
        put(texts, ref);
      }
      await this.#write(server, texts);
    }
  }

  /** Makes the next `get` read the files again. */
  refresh(): void {
    this.#cache.clear();
  }

  #of(server: ServerName): ServerTexts {
    let texts = this.#cache.get(server);
    if (texts === undefined) {
      texts = this.#read(server);
      this.#cache.set(server, texts);
    }
    return texts;
  }

  #read(server: ServerName): ServerTexts {
    const file = this.#fileOf(server);
    try {
      if (statSync(file).size > 4 * MAX_SERVER_CHARACTERS) return new Map();
      return parseState(readFileSync(file, 'utf8'), { file, version: VERSION, decode: decodeTexts });
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) this.#report(unusable(file, error));
      return new Map();
    }
  }

  async #write(server: ServerName, texts: ServerTexts): Promise<void> {
    const state = Object.fromEntries([...texts].map(([key, byDigest]) => [key, Object.fromEntries(byDigest)] as const));
    await writeFileAtomic(this.#fileOf(server), writeState(VERSION, state));
  }

  #fileOf(server: ServerName): string {
    return join(this.#folder, `${fileNameFor(server)}.json`);
  }
}

function decodeTexts(state: unknown): ServerTexts {
  const texts: ServerTexts = new Map();
  for (const [key, byDigest] of entriesAt(state, ['state'])) {
    const entries = [...entriesAt(byDigest, ['state', key])];
    texts.set(key, new Map(entries.map(([digest, raw]) => [digest, stringAt(raw, ['state', key, digest])])));
  }
  return texts;
}

function put(texts: ServerTexts, ref: DefinitionRef & { readonly raw: RawJson }): void {
  const key = definitionKey(ref.kind, ref.name);
  const byDigest = new Map(texts.get(key));
  byDigest.delete(ref.digest);
  byDigest.set(ref.digest, ref.raw);
  texts.set(key, new Map([...byDigest].slice(-TEXTS_PER_DEFINITION)));
}

function sizeOf(texts: ServerTexts): number {
  let size = 0;
  for (const byDigest of texts.values()) for (const raw of byDigest.values()) size += raw.length;
  return size;
}

function hasDigest(raw: RawJson, digest: Digest): boolean {
  try {
    return digestOf(raw) === digest;
  } catch {
    return false;
  }
}

function unusable(file: string, error: unknown): VestibuleError {
  return new VestibuleError('corrupt-file', `Cannot read the approved texts: ${messageOf(error)}`, {
    action: `Nothing is lost but the comparison with what was approved. Remove ${file} to be rid of this message.`,
    cause: error,
  });
}
