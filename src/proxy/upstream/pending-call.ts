import type { RawJson, RawNotification, RawReply } from '../model.ts';
import { UpstreamCallError, type CallOptions, type ClientRequestHandler } from './types.ts';

/** The longest delay a Node timer holds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** One request that awaits its answer, with its clock and its agent's side channels. Settles exactly once. */
export class PendingCall {
  readonly #options: CallOptions;
  readonly #resolve: (reply: RawReply) => void;
  readonly #reject: (error: UpstreamCallError) => void;
  readonly #giveUp: (error: UpstreamCallError) => void;
  readonly #startedAt = performance.now();
  #lastSignAt = this.#startedAt;
  /** Questions of the server that wait for somebody else's answer. */
  #questions = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param giveUp called when time is up or the caller aborts; it has to reject the call with that error */
  constructor(
    options: CallOptions,
    resolve: (reply: RawReply) => void,
    reject: (error: UpstreamCallError) => void,
    giveUp: (error: UpstreamCallError) => void,
  ) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#giveUp = giveUp;
    options.signal?.addEventListener('abort', this.#aborted, { once: true });
    this.#arm();
  }

  /** True when the caller wants progress, and so the request carries our token. */
  get wantsProgress(): boolean {
    return this.#options.onProgress !== undefined;
  }

  /** True when somebody takes what the server says or asks while this request is under way. */
  get isRelayed(): boolean {
    return this.#options.onRequest !== undefined || this.#options.onNotification !== undefined;
  }

  get onRequest(): ClientRequestHandler | undefined {
    return this.#options.onRequest;
  }

  /** What the agent has to read before more should come. */
  congestion(): Promise<void> | undefined {
    return this.#options.congestion?.();
  }

  /** The server waits for an answer: until `answered`, its silence is not its own. */
  asked(): void {
    this.#questions++;
  }

  answered(): void {
    this.#questions--;
    this.#lastSignAt = performance.now();
  }

  progress(params: RawJson): void {
    // The timer is not touched here: it looks at this time when it fires. A flood of progress costs no timers.
    this.#lastSignAt = performance.now();
    this.#options.onProgress?.(params);
  }

  /** @returns false when the caller does not listen */
  notification(notification: RawNotification): boolean {
    this.#options.onNotification?.(notification);
    return this.#options.onNotification !== undefined;
  }

  resolve(reply: RawReply): void {
    this.#release();
    this.#resolve(reply);
  }

  reject(error: UpstreamCallError): void {
    this.#release();
    this.#reject(error);
  }

  readonly #aborted = (): void => this.#giveUp(new UpstreamCallError('cancelled', 'The call was cancelled.', { sent: true }));

  readonly #tick = (): void => {
    if (this.#questions > 0) this.#lastSignAt = performance.now();
    if (this.#remaining() > 0) return this.#arm();
    const { timeoutMs, maxTimeoutMs } = this.#options;
    const overall = performance.now() - this.#startedAt >= maxTimeoutMs;
    const message = overall
      ? `The server did not finish within ${maxTimeoutMs / 1000} s.`
      : `The server gave no answer and no sign of progress for ${timeoutMs / 1000} s.`;
    this.#giveUp(new UpstreamCallError('timeout', message, { sent: true }));
  };

  #arm(): void {
    const remaining = this.#remaining();
    if (Number.isFinite(remaining)) this.#timer = setTimeout(this.#tick, Math.min(Math.max(Math.ceil(remaining), 1), LONGEST_TIMER));
  }

  #remaining(): number {
    const { timeoutMs, maxTimeoutMs } = this.#options;
    return Math.min(this.#lastSignAt + timeoutMs, this.#startedAt + maxTimeoutMs) - performance.now();
  }

  #release(): void {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#aborted);
  }
}
