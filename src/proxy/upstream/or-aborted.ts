import { stoppedWhileStarting } from './failure.ts';

/**
 * `promise`, or the error of a stopped start as soon as `signal` aborts: a stop must not wait for a person's input
 * or a slow shell. What the promise brings later is dropped.
 */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const aborted = (): void => reject(stoppedWhileStarting());
    if (signal.aborted) aborted();
    else signal.addEventListener('abort', aborted, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}
