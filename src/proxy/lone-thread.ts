import { Worker } from 'node:worker_threads';

/** What a thread gets. */
export interface LoneThreadOptions {
  /** Most its heap may grow to, in MB. */
  readonly heapMb: number;
  /** Its native stack, in MB; the usual one without. */
  readonly stackMb?: number;
  /** Copied to it as `workerData`. */
  readonly data?: unknown;
}

/**
 * Starts a thread for work that is not trusted with the process: it gets no environment, no flags and no way to its
 * output, and does not keep the process alive.
 * @param program absolute path of its module
 */
export function loneThread(program: string, { data, heapMb, stackMb }: LoneThreadOptions): Worker {
  const worker = new Worker(program, {
    workerData: data,
    env: {},
    argv: [],
    execArgv: [],
    stdin: false,
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: heapMb, ...(stackMb !== undefined && { stackSizeMb: stackMb }) },
  });
  worker.unref();
  return worker;
}
