import { onOrphaned } from './exec.mjs';

/**
 * Resolves at the first Ctrl-C, polite end, closed terminal or end of the npm that started us; from the call on these
 * no longer end the process.
 */
export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
    onOrphaned(resolve);
  });
}
