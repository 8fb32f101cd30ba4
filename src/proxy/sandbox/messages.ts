import type { CodeEnd, CallAnswer } from './types.ts';

/** What a worker is started with. */
export interface WorkerInput {
  readonly code: string;
  /** File of the virtual machine's WebAssembly. */
  readonly wasmFile: string;
  /** Milliseconds since epoch at which the code has to be done. */
  readonly deadline: number;
}

/** From the worker. `id` counts calls from 1. */
export type FromWorker =
  | { readonly kind: 'call'; readonly id: number; readonly tool: string; readonly argumentsText: string | undefined }
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'end'; readonly end: CodeEnd };

/** To the worker: the answer of the call with this `id`. */
export interface ToWorker {
  readonly id: number;
  readonly answer: CallAnswer;
}
