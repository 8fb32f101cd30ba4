import type { Clock } from '../../clock.ts';
import type { BreakerConfig } from '../../config/types.ts';

/** `closed` lets calls through, `open` none, `half-open` a few that show whether it works again. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** How a call that was let through ended; `neutral` says nothing of the server. */
export type CircuitOutcome = 'success' | 'failure' | 'neutral';

/** Calls in a window that are remembered; the newest decide. */
const MAX_REMEMBERED = 1_000;

/**
 * Refuses calls of a server that keeps failing. It opens when, of at least `calls` calls of the window, the share
 * `failures` failed; after `openSeconds` it lets `trials` calls through, one failure of which opens it again and the
 * success of all of which closes it.
 */
export class Breaker {
  readonly #clock: Clock;
  readonly #changed: () => void;
  #config: BreakerConfig;
  #state: CircuitState = 'closed';
  #openedAt = 0;
  /** Ends of calls, oldest first; those before `#first` do not count any more. */
  #ended: { readonly at: number; readonly failed: boolean }[] = [];
  #first = 0;
  /** How many of those that count failed. */
  #failed = 0;
  #trialsOut = 0;
  #trialsPassed = 0;

  /** @param changed called after it opened or closed */
  constructor(config: BreakerConfig, clock: Clock, changed: () => void = () => undefined) {
    this.#config = config;
    this.#clock = clock;
    this.#changed = changed;
  }

  /** Other rules from now on; what was seen stays. */
  set config(config: BreakerConfig) {
    this.#config = config;
  }

  get state(): CircuitState {
    return this.#state === 'open' && this.#reopensInMs() <= 0 ? 'half-open' : this.#state;
  }

  /** Calls of the window and how many of them failed, and seconds until it lets one through again, when it is open. */
  snapshot(): { readonly calls: number; readonly failed: number; readonly retryAfterSeconds?: number } {
    this.#dropBefore(this.#clock.now() - this.#config.windowSeconds * 1000);
    return { calls: this.#ended.length - this.#first, failed: this.#failed, ...(this.state === 'open' && { retryAfterSeconds: this.#reopensInSeconds() }) };
  }

  /** Lets a call through, which must be told how it ended; or says in how many seconds to try again. */
  enter(): ((outcome: CircuitOutcome) => void) | { readonly retryAfterSeconds: number } {
    if (this.#state === 'open') {
      const wait = this.#reopensInMs();
      if (wait > 0) return { retryAfterSeconds: this.#reopensInSeconds() };
      this.#state = 'half-open';
      this.#trialsOut = 0;
      this.#trialsPassed = 0;
    }
    if (this.#state === 'closed') return (outcome) => this.#closedEnded(outcome);
    if (this.#trialsOut + this.#trialsPassed >= this.#config.trials) return { retryAfterSeconds: 1 };
    this.#trialsOut++;
    const opening = this.#openedAt;
    return (outcome) => this.#trialEnded(outcome, opening);
  }

  #closedEnded(outcome: CircuitOutcome): void {
    if (outcome === 'neutral' || this.#state !== 'closed') return;
    const now = this.#clock.now();
    this.#ended.push({ at: now, failed: outcome === 'failure' });
    if (outcome === 'failure') this.#failed++;
    this.#dropBefore(now - this.#config.windowSeconds * 1000);
    const count = this.#ended.length - this.#first;
    if (count >= this.#config.calls && this.#failed / count >= this.#config.failures) this.#open();
  }

  #dropBefore(since: number): void {
    for (let oldest = this.#ended[this.#first]; oldest !== undefined; oldest = this.#ended[this.#first]) {
      if (oldest.at >= since && this.#ended.length - this.#first <= MAX_REMEMBERED) break;
      if (oldest.failed) this.#failed--;
      this.#first++;
    }
    // Moving the array for each call would cost more than the rest.
    if (this.#first <= MAX_REMEMBERED) return;
    this.#ended = this.#ended.slice(this.#first);
    this.#first = 0;
  }

  #beginAnew(): void {
    this.#ended = [];
    this.#first = 0;
    this.#failed = 0;
  }

  #trialEnded(outcome: CircuitOutcome, opening: number): void {
    // One that was let through before the circuit opened again decides nothing.
    if (this.#state !== 'half-open' || opening !== this.#openedAt) return;
    this.#trialsOut--;
    if (outcome === 'failure') return this.#open();
    if (outcome === 'success' && ++this.#trialsPassed >= this.#config.trials) {
      this.#state = 'closed';
      this.#beginAnew();
      this.#changed();
    }
  }

  #open(): void {
    this.#state = 'open';
    this.#openedAt = this.#clock.now();
    this.#beginAnew();
    this.#changed();
  }

  #reopensInSeconds(): number {
    return Math.max(1, Math.ceil(this.#reopensInMs() / 1000));
  }

  #reopensInMs(): number {
    return this.#openedAt + this.#config.openSeconds * 1000 - this.#clock.now();
  }
}
