import { Emitter, type Event } from '../proxy/events.ts';
import type { Endpoint } from '../proxy/downstream/types.ts';

/** Remembers the choice of this workspace. */
export interface ProfileMemory {
  get(): string | undefined;
  set(name: string | undefined): void;
}

/** The profile that the editor's own agents come through, as a person chose it for this workspace; all without. */
export class ChosenProfile {
  readonly #memory: ProfileMemory;
  readonly #changed = new Emitter<void>();

  constructor(memory: ProfileMemory) {
    this.#memory = memory;
  }

  /** Fires after another one was chosen. */
  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  get name(): string | undefined {
    return this.#memory.get();
  }

  /** @param name undefined for everything */
  choose(name: string | undefined): void {
    if (name === this.name) return;
    this.#memory.set(name);
    this.#changed.fire();
  }

  /** Where agents enter that see this profile. One that is not configured any more lets nobody in: it never widens. */
  urlAt({ url }: Pick<Endpoint, 'url'>): string {
    return this.name === undefined ? url : `${url}/p/${encodeURIComponent(this.name)}`;
  }
}
