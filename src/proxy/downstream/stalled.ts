import type { ServerResponse } from 'node:http';

/**
 * Cuts a response off once its reader took nothing of what waits for it during `ms` milliseconds.
 * @returns what ends the watch
 */
export function cutOffWhenStalled(res: ServerResponse, ms: number): () => void {
  let unread = res.writableLength;
  const look = setInterval(() => {
    if (res.writableLength >= unread) res.destroy();
    unread = res.writableLength;
  }, ms).unref();
  return () => clearInterval(look);
}
