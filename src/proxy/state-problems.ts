import type { ConfigProblem } from './config/types.ts';
import type { VestibuleError } from './errors.ts';
import { Emitter, type Disposable, type Event } from './events.ts';

const MAX_KEPT = 10;

/** Files of decisions that could not be used since the start, for a person to see until they start anew. */
export class StateProblems implements Disposable {
  readonly #changed = new Emitter<void>();
  #all: readonly ConfigProblem[] = [];

  get all(): readonly ConfigProblem[] {
    return this.#all;
  }

  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  /** Takes what a store reports; the oldest give way. */
  add({ message, action, at }: VestibuleError): void {
    this.#all = [...this.#all, { severity: 'error' as const, message, fix: action, at, server: undefined }].slice(-MAX_KEPT);
    this.#changed.fire();
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
