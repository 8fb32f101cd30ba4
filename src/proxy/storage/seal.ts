import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { VestibuleError } from '../errors.ts';
import { readTextIfExists, readTextIfExistsNow, writeFileAtomic } from './atomic-file.ts';
import { BadShapeError, numberAt, parseState, recordAt, stringAt, writeState } from './parse-state.ts';
import { setAside } from './set-aside.ts';

/**
 * Remembers, elsewhere than in the data folder, how far a sealed file had come, by the id of its key: what notices that
 * the whole folder was put back to an earlier state. Best effort: what it forgets is not missed.
 */
export interface SealMemory {
  get(id: string): Promise<number | undefined>;
  set(id: string, count: number): Promise<void>;
}

/** What a sealed file is held against. */
export type Mark =
  /** There is no key. */
  | { readonly kind: 'none' }
  /** The key cannot be read: nothing it sealed can be believed. */
  | { readonly kind: 'broken' }
  | KeptMark;

interface KeptMark {
  readonly kind: 'kept';
  readonly id: string;
  readonly key: Buffer;
  /** The highest number of a state that is known to have been written. */
  readonly count: number;
}

const KEY_VERSION = 1;
const KEY_BYTES = 32;

/**
 * Authenticates the states of one file: each is numbered and carries an HMAC over its number and content. The key
 * stands beside the file, readable by its owner alone, together with the highest number so far, so that neither an
 * edited file nor an older copy of it counts (security W5).
 */
export class Seal {
  readonly #path: string;
  readonly #purpose: string;
  readonly #memory: SealMemory | undefined;
  readonly #seen = new Map<string, number>();

  /**
   * @param path of the key file
   * @param purpose tells files of one key holder apart: a state sealed for one counts for no other
   */
  constructor(path: string, purpose: string, memory?: SealMemory) {
    this.#path = path;
    this.#purpose = purpose;
    this.#memory = memory;
  }

  /**
   * What the file has to satisfy at least. Read it before the file: one that is written in between only has a higher
   * number. @throws VestibuleError `data-folder-unreadable`
   */
  async mark(): Promise<Mark> {
    const mark = this.#markOf(await readTextIfExists(this.#path));
    if (mark.kind !== 'kept') return mark;
    const remembered = (await this.#memory?.get(mark.id).catch(() => undefined)) ?? 0;
    return { ...mark, count: Math.max(mark.count, remembered) };
  }

  /** Asks the memory elsewhere once, for `markNow`. @throws VestibuleError `data-folder-unreadable` */
  async recall(): Promise<void> {
    const mark = await this.mark();
    if (mark.kind === 'kept') this.#seen.set(mark.id, mark.count);
  }

  /** As `mark`, at once: with what this process knows of the memory elsewhere. @throws VestibuleError `data-folder-unreadable` */
  markNow(): Mark {
    return this.#markOf(readTextIfExistsNow(this.#path));
  }

  #markOf(text: string | undefined): Mark {
    if (text === undefined) return { kind: 'none' };
    try {
      const { id, key, count } = parseState(text, { file: this.#path, version: KEY_VERSION, decode: decodeKey });
      return { kind: 'kept', id, key, count: Math.max(count, this.#seen.get(id) ?? 0) };
    } catch (error) {
      if (VestibuleError.is(error, 'corrupt-file')) return { kind: 'broken' };
      throw error;
    }
  }

  /**
   * Holds a file against its mark.
   * @param envelope its members as they were read, `state` among them
   * @returns the number of the state
   * @throws BadShapeError when this state was not sealed with this key, or a later one was
   */
  verify(mark: Mark, version: number, envelope: Readonly<Record<string, unknown>>): number {
    if (mark.kind !== 'kept') throw new BadShapeError(['mac'], `a key beside it that reads it, but ${this.#path} is ${mark.kind === 'none' ? 'gone' : 'broken'}`);
    const count = numberAt(envelope['count'], ['count']);
    const given = Buffer.from(stringAt(envelope['mac'], ['mac']), 'base64');
    const right = this.#mac(mark, version, count, envelope['state']);
    if (given.length !== right.length || !timingSafeEqual(given, right)) throw new BadShapeError(['mac'], 'the authentication code of this content: it was changed by something else than Vestibule, or comes from elsewhere');
    if (count < mark.count) throw new BadShapeError(['count'], `number ${mark.count} or later: this is an older copy`);
    return count;
  }

  /**
   * Numbers and authenticates the next state: `envelope` goes beside it in the file. Needs the lock of the file, as `written` does.
   * @throws VestibuleError `data-folder-unreadable`
   */
  async next(version: number, state: unknown): Promise<{ readonly mark: KeptMark; readonly envelope: object }> {
    const before = await this.begin();
    const mark = { ...before, count: before.count + 1 };
    return { mark, envelope: { count: mark.count, mac: this.#mac(mark, version, mark.count, state).toString('base64') } };
  }

  /** Notes that the state of this mark is in the file. @throws VestibuleError `data-folder-unreadable` */
  async written(mark: KeptMark): Promise<void> {
    await this.#keep(mark);
    await this.reached(mark.id, mark.count);
  }

  /** Notes how far the file has come, for the memory elsewhere. */
  async reached(id: string, count: number): Promise<void> {
    if (count <= (this.#seen.get(id) ?? 0)) return;
    this.#seen.set(id, count);
    // A memory that fails is one that forgets; the key file still has the number.
    await this.#memory?.set(id, count).catch(() => undefined);
  }

  /**
   * Makes the key when there is none, or none that can be read: it is kept before anything is sealed with it. Needs the
   * lock of the file. @throws VestibuleError `data-folder-unreadable`
   */
  async begin(): Promise<KeptMark> {
    const known = await this.mark();
    if (known.kind === 'kept') return known;
    if (known.kind === 'broken') await setAside(this.#path);
    const mark: KeptMark = { kind: 'kept', id: randomBytes(9).toString('base64url'), key: randomBytes(KEY_BYTES), count: 0 };
    await this.#keep(mark);
    return mark;
  }

  async #keep({ id, key, count }: KeptMark): Promise<void> {
    await writeFileAtomic(this.#path, writeState(KEY_VERSION, { id, key: key.toString('base64'), count }));
  }

  #mac({ key }: KeptMark, version: number, count: number, state: unknown): Buffer {
    // What was parsed and is written again is the same text: members keep their order, and nothing else varies.
    return createHmac('sha256', key).update(JSON.stringify([this.#purpose, version, count, state])).digest();
  }
}

function decodeKey(state: unknown): { readonly id: string; readonly key: Buffer; readonly count: number } {
  const { id, key, count } = recordAt(state, ['state']);
  const bytes = Buffer.from(stringAt(key, ['state', 'key']), 'base64');
  if (bytes.length !== KEY_BYTES) throw new BadShapeError(['state', 'key'], `${KEY_BYTES} bytes in base64`);
  return { id: stringAt(id, ['state', 'id']), key: bytes, count: numberAt(count, ['state', 'count']) };
}
