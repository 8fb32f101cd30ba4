import type { OtlpOptions } from './otlp-tracer.ts';
import type { CallTracer } from './types.ts';

/** Traces while an endpoint is set. Without one nothing is made and the library is not even loaded. */
export class TracingSwitch {
  readonly #options: Omit<OtlpOptions, 'endpoint'>;
  #endpoint: string | undefined;
  #tracer: CallTracer | undefined;
  #changing: Promise<void> = Promise.resolve();

  constructor(options: Omit<OtlpOptions, 'endpoint'>) {
    this.#options = options;
  }

  /** Makes spans now; undefined while nobody wants any. */
  get tracer(): CallTracer | undefined {
    return this.#tracer;
  }

  /** Sends to this endpoint from soon on, or to none. */
  set(endpoint: string | undefined): void {
    if (endpoint === this.#endpoint) return;
    this.#endpoint = endpoint;
    this.#changing = this.#changing.then(() => this.#change());
  }

  /** Sends what is left, within `ms` milliseconds. */
  async close(ms: number): Promise<void> {
    await this.#changing;
    const last = this.#tracer;
    this.#endpoint = undefined;
    this.#tracer = undefined;
    await last?.close(ms);
  }

  async #change(): Promise<void> {
    const endpoint = this.#endpoint;
    const before = this.#tracer;
    this.#tracer = undefined;
    void before?.close(CLOSE_MS);
    if (endpoint === undefined) return;
    try {
      const { OtlpTracer } = await import('./otlp-tracer.ts');
      if (this.#endpoint === endpoint) this.#tracer = new OtlpTracer({ ...this.#options, endpoint });
    } catch (error) {
      this.#options.failed(error instanceof Error ? error.message : String(error));
    }
  }
}

const CLOSE_MS = 5_000;
