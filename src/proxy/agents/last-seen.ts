import { join } from 'node:path';
import type { VestibuleError } from '../errors.ts';
import type { Disposable } from '../events.ts';
import { entriesAt, numberAt } from '../storage/parse-state.ts';
import { StateFile } from '../storage/state-file.ts';

/** How long a sighting may wait before it is written, in milliseconds: requests pay for a map entry only. */
const WRITE_AFTER_MS = 10_000;

/** Who is worth remembering, and who hears of trouble. */
export interface LastSeenOptions {
  readonly onProblem: (problem: VestibuleError) => void;
  /** False for an agent that is none any more: it is forgotten. */
  isKnown(name: string): boolean;
}

type Sightings = ReadonlyMap<string, number>;

const NEVER: Sightings = new Map();

/**
 * When each agent was last let in, kept in `agents-seen.json`: apart from the agents themselves, so that no process
 * has to read those again for it.
 */
export class LastSeen implements Disposable {
  readonly #file: StateFile<Sightings>;
  readonly #options: LastSeenOptions;
  readonly #fresh = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @throws VestibuleError `data-folder-unreadable` */
  static async open(dataDir: string, options: LastSeenOptions): Promise<LastSeen> {
    const file = await StateFile.open<Sightings>({
      path: join(dataDir, 'agents-seen.json'),
      version: 1,
      empty: NEVER,
      decode: (state) => new Map([...entriesAt(state, ['state'])].map(([name, at]) => [name, numberAt(at, ['state', name])])),
      encode: (sightings) => Object.fromEntries(sightings),
      report: options.onProblem,
    });
    return new LastSeen(file, options);
  }

  private constructor(file: StateFile<Sightings>, options: LastSeenOptions) {
    this.#file = file;
    this.#options = options;
  }

  /** An agent was let in now. */
  seen(name: string): void {
    this.#fresh.set(name, Date.now());
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_AFTER_MS).unref();
  }

  /** When an agent was last let in since `since`, in milliseconds since epoch; undefined when it was not. */
  of(name: string, since: number): number | undefined {
    const at = Math.max(this.#fresh.get(name) ?? 0, this.#file.state.get(name) ?? 0);
    return at < since || at === 0 ? undefined : at;
  }

  /** Writes what is new. Never rejects: what cannot be written is reported and lost. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const fresh = [...this.#fresh];
    if (fresh.length === 0) return;
    try {
      await this.#file.update((written) => {
        const merged = new Map(written);
        for (const [name, at] of fresh) merged.set(name, Math.max(at, merged.get(name) ?? 0));
        return new Map([...merged].filter(([name]) => this.#options.isKnown(name)));
      });
      for (const [name, at] of fresh) if (this.#fresh.get(name) === at) this.#fresh.delete(name);
    } catch (error) {
      this.#options.onProblem(error as VestibuleError);
    }
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#file.dispose();
  }
}
