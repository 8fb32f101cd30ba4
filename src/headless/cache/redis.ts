import { createRequire } from 'node:module';
import { VestibuleError } from '../../proxy/errors.ts';
import type { KeyValue } from './key-value.ts';

/** The part of `@redis/client` that is used; it is the person's own copy (docs/decisions/0027-cache-stores.md). */
interface RedisClient {
  readonly isReady: boolean;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  mGet(keys: readonly string[]): Promise<readonly (Uint8Array | string | null)[]>;
  set(key: string, value: Uint8Array, options: { readonly PX: number }): Promise<unknown>;
  incr(key: string): Promise<unknown>;
  withTypeMapping(mapping: Readonly<Record<number, unknown>>): RedisClient;
  destroy(): void;
}

interface RedisLibrary {
  readonly createClient: (options: object) => RedisClient;
  readonly RESP_TYPES: { readonly BLOB_STRING: number };
}

const CONNECT_MS = 5_000;
/** The longest wait between two attempts to connect, in milliseconds. */
const MAX_WAIT_MS = 10_000;

/**
 * A Redis server, or one that speaks like it, as a store.
 * @param url `redis://` or `rediss://`, with user and password where it needs them
 * @param load what loads a package that is installed beside this program; for tests
 * @throws VestibuleError `bad-config` where its client library is not installed
 */
export async function openRedis(url: string, load: (name: string) => unknown = createRequire(process.argv[1] ?? process.execPath)): Promise<KeyValue> {
  const { RESP_TYPES, createClient } = await library(load);
  // While it is away nothing waits for it: what is asked meanwhile is not known.
  const client = createClient({ url, disableOfflineQueue: true, socket: { connectTimeout: CONNECT_MS, reconnectStrategy: (attempt: number) => Math.min(MAX_WAIT_MS, 100 * 2 ** Math.min(attempt, 10)) } });
  let problem: unknown;
  client.on('error', (error) => (problem = error));
  client.connect().catch((error: unknown) => (problem = error));
  const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  const ready = <T>(run: () => Promise<T>): Promise<T> => (client.isReady ? run() : Promise.reject(problem instanceof Error ? problem : new Error('it is not connected')));
  return {
    get: (names) => ready(async () => (await binary.mGet(names)).map((value) => (value === null ? undefined : Buffer.from(value as Uint8Array)))),
    set: (name, value, ms) => ready(async () => {
        await client.set(name, value, { PX: Math.ceil(ms) });
      }),
    increment: (name) => ready(async () => {
        await client.incr(name);
      }),
    close: () => {
      client.destroy();
      return Promise.resolve();
    },
  };
}

async function library(load: (name: string) => unknown): Promise<RedisLibrary> {
  try {
    return (await load('@redis/client')) as RedisLibrary;
  } catch (cause) {
    throw new VestibuleError('bad-config', '"store": "redis" needs the package @redis/client, which is not installed beside vestibule. Answers are kept in memory.', {
      action: 'Run "npm install @redis/client" where vestibule is installed (with -g if it is), or remove "store" from "gateway.cache".',
      cause,
    });
  }
}
