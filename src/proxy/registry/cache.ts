import { join } from 'node:path';
import type { VestibuleError } from '../errors.ts';
import { KeptText } from '../storage/kept-text.ts';
import { jsonOf, recordOf } from '../json/data.ts';

/** More answers are not kept; the oldest leave. */
const MAX_ANSWERS = 40;

/** One answer of a registry. */
export interface KeptAnswer {
  /** Milliseconds since epoch. */
  readonly at: number;
  readonly body: unknown;
}

/** What registries answered last, so that a search works without a network and asks nobody twice. */
export class RegistryCache {
  readonly #file: KeptText;
  readonly #answers: Map<string, KeptAnswer>;

  /** Opens the cache of a data folder. One that cannot be read is as good as empty. */
  static async open(dataDir: string, report: (problem: VestibuleError) => void): Promise<RegistryCache> {
    return new RegistryCache(await KeptText.open(join(dataDir, 'registry-cache.json'), 'What the registry answered', report));
  }

  private constructor(file: KeptText) {
    this.#file = file;
    this.#answers = new Map(
      Object.entries(recordOf(jsonOf(file.text))).flatMap(([url, value]): [string, KeptAnswer][] => {
        const { at, body } = recordOf(value);
        return typeof at === 'number' ? [[url, { at, body }]] : [];
      }),
    );
  }

  get(url: string): KeptAnswer | undefined {
    return this.#answers.get(url);
  }

  /** Everything that is kept, oldest first. */
  *bodies(): Iterable<unknown> {
    for (const { body } of this.#answers.values()) yield body;
  }

  set(url: string, answer: KeptAnswer): void {
    this.#answers.delete(url);
    this.#answers.set(url, answer);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= MAX_ANSWERS) break;
      this.#answers.delete(oldest);
    }
    this.#file.save(() => JSON.stringify(Object.fromEntries(this.#answers)));
  }

  /** Resolves when everything is on disk. */
  flush(): Promise<void> {
    return this.#file.flush();
  }
}
