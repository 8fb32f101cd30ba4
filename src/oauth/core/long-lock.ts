import { setTimeout as delay } from 'node:timers/promises';
import { VestibuleError } from '../../proxy/errors.ts';
import { holdLock } from '../../proxy/storage/file-lock.ts';

const LEAST_WAIT_MS = 20;
const MOST_WAIT_MS = 120;

/**
 * Runs `fn` while no other process does under the lock of `path`, for work that takes as long as a request to a slow
 * server. Callers of one process must come one after another by themselves.
 * @param waitMs how long to wait for another process
 * @throws VestibuleError `data-folder-locked` when a living owner keeps it longer, `data-folder-unreadable`
 */
export async function withLongLock<T>(path: string, waitMs: number, fn: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + waitMs;
  for (;;) {
    try {
      const lock = await holdLock(path);
      try {
        return await fn();
      } finally {
        lock.dispose();
      }
    } catch (error) {
      if (!VestibuleError.is(error, 'data-folder-locked') || performance.now() >= giveUpAt) throw error;
    }
    await delay(LEAST_WAIT_MS + Math.random() * (MOST_WAIT_MS - LEAST_WAIT_MS));
  }
}
