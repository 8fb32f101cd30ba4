import type { Worker } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import type { Disposable } from '../events.ts';
import { loneThread } from '../lone-thread.ts';
import { settledWithin } from '../settled-within.ts';
import { CALL_OFF_MS, KILL_AFTER_MS, MAX_RUNS, WORKER_HEAP_MB, WORKER_STACK_MB } from './limits.ts';
import type { FromWorker, ToWorker, WorkerInput } from './messages.ts';
import type { CallAnswer, CodeEnd, CodeOutcome, CodeRequest, CodeSandbox } from './types.ts';
import { workerFiles } from './worker-files.ts';

/** Runs each piece of code in a thread of its own, which is killed when it does not end in time. */
export class WorkerSandbox implements CodeSandbox, Disposable {
  readonly #onBreakdown: (problem: string) => void;
  readonly #ending = new AbortController();
  #runs = 0;

  /** @param onBreakdown told when the sandbox itself fails, which no code should be able to cause */
  constructor(onBreakdown: (problem: string) => void) {
    this.#onBreakdown = onBreakdown;
  }

  async run(request: CodeRequest): Promise<CodeOutcome> {
    if (this.#runs >= MAX_RUNS) return { end: { kind: 'busy' }, logs: [], calls: 0 };
    this.#runs++;
    try {
      const outcome = await runOnce({ ...request, signal: AbortSignal.any([request.signal, this.#ending.signal]) });
      if (outcome.end.kind === 'failed') this.#onBreakdown(outcome.end.message);
      return outcome;
    } finally {
      this.#runs--;
    }
  }

  /** Ends every run. */
  dispose(): void {
    this.#ending.abort();
  }
}

async function runOnce(request: CodeRequest): Promise<CodeOutcome> {
  if (request.signal.aborted) return { end: { kind: 'cancelled' }, logs: [], calls: 0 };
  const logs: string[] = [];
  const calls: Promise<void>[] = [];
  const over = new AbortController();
  const signal = AbortSignal.any([request.signal, over.signal]);
  const worker = startWorker(request);

  function makeCall({ id, tool, argumentsText }: Extract<FromWorker, { kind: 'call' }>): void {
    const answered = request
      .call(tool, argumentsText, signal)
      .catch((error: unknown): CallAnswer => ({ ok: false, code: 'internal', message: messageOf(error), retryable: false }))
      .then((answer) => worker.postMessage({ id, answer } satisfies ToWorker));
    calls.push(answered);
  }

  const end = await new Promise<CodeEnd>((resolve) => {
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'call') makeCall(message);
      else if (message.kind === 'log') logs.push(message.line);
      else resolve(message.end);
    });
    worker.on('error', (error) => resolve(brokenDown(error)));
    worker.on('exit', (code) => resolve({ kind: 'failed', message: `the thread ended with ${code}` }));
    const timer = setTimeout(() => resolve({ kind: 'timeout' }), request.timeoutMs + KILL_AFTER_MS);
    over.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    request.signal.addEventListener('abort', () => resolve({ kind: 'cancelled' }), { once: true, signal: over.signal });
  });
  over.abort();
  await worker.terminate();
  await settledWithin(Promise.allSettled(calls), CALL_OFF_MS);
  return { end, logs, calls: calls.length };
}

function startWorker({ code, timeoutMs }: CodeRequest): Worker {
  const { program, wasm } = workerFiles();
  const workerData: WorkerInput = { code, wasmFile: wasm, deadline: Date.now() + timeoutMs };
  return loneThread(program, { data: workerData, heapMb: WORKER_HEAP_MB, stackMb: WORKER_STACK_MB });
}

function brokenDown(error: unknown): CodeEnd {
  const outOfMemory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  return outOfMemory ? { kind: 'threw', message: 'InternalError: out of memory' } : { kind: 'failed', message: messageOf(error) };
}
