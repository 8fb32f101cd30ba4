import { setTimeout as delay } from 'node:timers/promises';

const LIMIT_MS = 120_000;
const PAUSE_MS = 150;

/** Repeats `probe` until it yields something. There is no event to wait for across processes. */
export async function until<T>(what: string, probe: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`It never happened that ${what}`);
    await delay(PAUSE_MS);
  }
}
