import { join } from 'node:path';
import type { UpstreamConfig } from '../config/types.ts';
import { sha256 } from '../json/canonical.ts';
import type { Era } from '../model.ts';
import { readTextIfExists, writeFileAtomic } from '../storage/atomic-file.ts';
import { listAt, numberAt, parseState, recordAt, stringAt, writeState } from '../storage/parse-state.ts';

const VERSION = 1;
const MAX_ENTRIES = 1_000;
const MAX_BYTES = 1024 * 1024;
/** A server that did not speak an era may have learned to. */
const DOUBT_AFTER_MS = 24 * 60 * 60 * 1000;

/** Which eras a server was found to speak, or not to; what is not in it nobody knows. */
export type SpokenEras = ReadonlyMap<Era, boolean>;

interface Entry {
  readonly eras: ReadonlyMap<Era, boolean>;
  /** Milliseconds since epoch of the last connection. */
  readonly at: number;
}

/**
 * Which eras servers speak, kept over restarts, so that a handshake begins with the right one. It only says what is tried
 * first: whatever is wrong in it costs a round trip.
 */
export class EraMemory {
  readonly #file: string;
  /** By launch, the one used last at the end. */
  readonly #entries: Map<string, Entry>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, entries: Map<string, Entry>) {
    this.#file = file;
    this.#entries = entries;
  }

  /** Reads what is kept in the folder; nothing, when that cannot be read. */
  static async open(stateDir: string): Promise<EraMemory> {
    const file = join(stateDir, 'eras.json');
    const text = await readTextIfExists(file, MAX_BYTES).catch(() => undefined);
    return new EraMemory(file, entriesIn(text, file));
  }

  of(config: UpstreamConfig): SpokenEras {
    return this.#entries.get(keyOf(config))?.eras ?? new Map();
  }

  /** Keeps what a connection showed. Resolves when it is written, or could not be. */
  note(config: UpstreamConfig, eras: SpokenEras): Promise<void> {
    const key = keyOf(config);
    const known = this.#entries.get(key)?.eras;
    if (known?.size === eras.size && [...eras].every(([era, spoken]) => known.get(era) === spoken)) return this.#writing;
    this.#entries.delete(key);
    this.#entries.set(key, { eras: new Map(eras), at: Date.now() });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MAX_ENTRIES && oldest !== undefined) this.#entries.delete(oldest);
    // A memory that cannot be written only does not last.
    this.#writing = this.#writing.then(() => writeFileAtomic(this.#file, writeState(VERSION, this.#state())).catch(() => undefined));
    return this.#writing;
  }

  #state(): unknown {
    return [...this.#entries].map(([key, { eras, at }]) => ({ key, at, eras: Object.fromEntries(eras) }));
  }
}

/** Where a server is, told without what may be secret in it. */
function keyOf({ name, transport }: UpstreamConfig): string {
  return sha256(JSON.stringify([name, transport]));
}

function entriesIn(text: string | undefined, file: string): Map<string, Entry> {
  if (text === undefined) return new Map();
  try {
    return parseState(text, { file, version: VERSION, decode });
  } catch {
    return new Map();
  }
}

function decode(state: unknown): Map<string, Entry> {
  const until = Date.now() - DOUBT_AFTER_MS;
  return new Map(
    listAt(state, ['state']).slice(-MAX_ENTRIES).map((value, i) => {
      const { key, at, eras } = recordAt(value, ['state', i]);
      const time = numberAt(at, ['state', i, 'at']);
      const spoken = recordAt(eras, ['state', i, 'eras']);
      const sure = (['legacy', 'modern'] as const).filter((era) => spoken[era] === true || (spoken[era] === false && time > until));
      return [stringAt(key, ['state', i, 'key']), { eras: new Map(sure.map((era) => [era, spoken[era] === true])), at: time }];
    }),
  );
}
