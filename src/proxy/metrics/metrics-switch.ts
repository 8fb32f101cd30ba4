import type { Disposable } from '../events.ts';
import type { Metrics, MetricsSource } from './metrics.ts';

/** Metrics while they are wanted. Off, nothing listens and the library is not even loaded. */
export class MetricsSwitch implements Disposable {
  readonly #source: MetricsSource;
  #metrics: Promise<Metrics> | undefined;

  constructor(source: MetricsSource) {
    this.#source = source;
  }

  /** Switches them on, from zero, or off; what is as wanted stays. */
  set(on: boolean): void {
    if (on === (this.#metrics !== undefined)) return;
    if (on) this.#metrics = import('./metrics.ts').then(({ Metrics }) => new Metrics(this.#source));
    else this.dispose();
  }

  /** The metrics in Prometheus' text format; undefined while they are off. */
  text(): Promise<string> | undefined {
    return this.#metrics?.then((metrics) => metrics.text());
  }

  dispose(): void {
    void this.#metrics?.then((metrics) => metrics.dispose());
    this.#metrics = undefined;
  }
}
