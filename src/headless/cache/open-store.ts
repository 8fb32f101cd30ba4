import { join } from 'node:path';
import type { CacheStoreSettings } from '../../proxy/config/types.ts';
import { VestibuleError } from '../../proxy/errors.ts';
import type { CacheStore } from '../../proxy/policy/flow/shared-answers.ts';
import { masterKey } from '../keys/master-key.ts';
import { openRedis } from './redis.ts';
import { sealedStore } from './sealed-store.ts';
import { openSqlite } from './sqlite.ts';

const KEY_BYTES = 32;

/**
 * The store of `gateway.cache`: `cache.sqlite` in the data folder, or a Redis server. Values are encrypted with the key of
 * the data folder, or with the one in `VESTIBULE_CACHE_KEY`, which gateways of different folders can have in common.
 * @throws VestibuleError `bad-config`, `corrupt-file`, `data-folder-unreadable`, `data-folder-locked`
 */
export async function openCacheStore(dataDir: string, { store, url }: CacheStoreSettings, env: NodeJS.ProcessEnv): Promise<CacheStore> {
  const key = env['VESTIBULE_CACHE_KEY'] === undefined ? (await masterKey(dataDir, env)).bytes : keyIn(env['VESTIBULE_CACHE_KEY']);
  if (store === 'sqlite') return sealedStore(await openSqlite(join(dataDir, 'cache.sqlite')), key);
  const address = env['VESTIBULE_REDIS_URL'] ?? url;
  if (address === undefined) {
    throw new VestibuleError('bad-config', '"store": "redis" does not say where. Answers are kept in memory.', { action: 'Write "url" in "gateway.cache", or set VESTIBULE_REDIS_URL, which may hold a password.' });
  }
  return sealedStore(await openRedis(address), key);
}

function keyIn(text: string): Uint8Array {
  const bytes = Buffer.from(text.trim(), 'base64url');
  if (bytes.length === KEY_BYTES) return bytes;
  throw new VestibuleError('bad-config', `VESTIBULE_CACHE_KEY is no key of ${KEY_BYTES} bytes. Answers are kept in memory.`, { action: 'Make one: openssl rand -base64 32.' });
}
