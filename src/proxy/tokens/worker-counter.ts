import { dirname, join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import { loneThread } from '../lone-thread.ts';
import { MAX_BATCH, type TokenCounter } from './types.ts';

/** How long the thread, some 80 MB, is kept for the next batch. */
const IDLE_MS = 15_000;
/** Longer than any honest batch takes; hostile texts are given up on. */
const BATCH_MS = 30_000;
const HEAP_MB = 256;

/** A `TokenCounter` whose tokenizer runs in a thread of its own, started when first needed and ended when idle. */
export class WorkerTokenCounter implements TokenCounter {
  readonly #failed: (problem: string) => void;
  #worker: Worker | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;
  #reported = false;
  #disposed = false;

  /** @param failed told once, when counting does not work on this machine */
  constructor(failed: (problem: string) => void) {
    this.#failed = failed;
  }

  count(texts: readonly string[]): Promise<readonly number[] | undefined> {
    const counted = this.#queue.then(() => this.#count(texts));
    this.#queue = counted;
    return counted;
  }

  dispose(): void {
    this.#disposed = true;
    this.#end();
  }

  async #count(texts: readonly string[]): Promise<readonly number[] | undefined> {
    if (texts.length === 0) return [];
    if (this.#disposed || texts.reduce((sum, { length }) => sum + length, 0) > MAX_BATCH) return undefined;
    clearTimeout(this.#idle);
    try {
      this.#worker ??= loneThread(program(), { heapMb: HEAP_MB });
      return await ask(this.#worker, texts);
    } catch (error) {
      this.#end();
      this.#report(messageOf(error));
      return undefined;
    } finally {
      this.#idle = setTimeout(() => this.#end(), IDLE_MS).unref();
    }
  }

  #report(problem: string): void {
    if (this.#reported || this.#disposed) return;
    this.#reported = true;
    this.#failed(problem);
  }

  #end(): void {
    clearTimeout(this.#idle);
    void this.#worker?.terminate();
    this.#worker = undefined;
  }
}

/** Among the sources, or beside the bundles. */
function program(): string {
  const here = import.meta.filename;
  return join(dirname(here), here.endsWith('.ts') ? 'worker.ts' : 'tokenizer.cjs');
}

/** One batch; there is never a second one under way. */
function ask(worker: Worker, texts: readonly string[]): Promise<readonly number[]> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      worker.off('message', answered).off('error', broke).off('exit', ended);
      end();
    };
    const answered = (counts: readonly number[]): void => settle(() => resolve(counts));
    const broke = (error: Error): void => settle(() => reject(error));
    const ended = (code: number): void => settle(() => reject(new Error(`the thread ended with ${code}`)));
    const timer = setTimeout(() => broke(new Error('counting took too long')), BATCH_MS);
    timer.unref();
    worker.on('message', answered).on('error', broke).on('exit', ended);
    worker.postMessage(texts);
  });
}
