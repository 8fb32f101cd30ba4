import type { GatewayOptions } from '../options.ts';
import type { Refusal } from './http.ts';

/** Milliseconds in which refusals of one kind share a line: whoever floods us must not flood the log. */
const QUIET_MS = 10_000;

/** Writes down what was turned away, and how often. Says nothing of what the client sent. */
export class RefusalLog {
  readonly #log: GatewayOptions['log'];
  readonly #kinds = new Map<string, { quietUntil: number; unsaid: number }>();

  constructor(log: GatewayOptions['log']) {
    this.#log = log;
  }

  add(why: Refusal): void {
    const now = Date.now();
    const kind = this.#kinds.get(why.message) ?? { quietUntil: 0, unsaid: 0 };
    this.#kinds.set(why.message, kind);
    if (now < kind.quietUntil) {
      kind.unsaid++;
      return;
    }
    this.#log('warn', 'A request was refused', { status: why.status, reason: why.message, alsoSince: kind.unsaid });
    kind.quietUntil = now + QUIET_MS;
    kind.unsaid = 0;
  }
}
