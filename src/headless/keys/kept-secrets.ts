import { join } from 'node:path';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { VestibuleError } from '../../proxy/errors.ts';
import type { SecretStore } from '../../proxy/storage/secret-store.ts';
import { readTextIfExists, writeFileAtomic } from '../../proxy/storage/atomic-file.ts';
import { withFileLock } from '../../proxy/storage/file-lock.ts';
import { BadShapeError, parseState, recordAt, writeState } from '../../proxy/storage/parse-state.ts';
import type { MasterKey } from './master-key.ts';

const VERSION = 1;
const MAX_SECRETS = 2_000;

type Values = Readonly<Record<string, string>>;

/**
 * Secrets of this program, over its runs: a file in the data folder with each value encrypted (JWE, A256GCM). Every
 * process of the folder reads what the last one wrote.
 */
export class KeptSecrets implements SecretStore {
  readonly persistent = true;
  readonly #path: string;
  readonly #key: () => Promise<MasterKey>;

  /** @param key asked for when it is first needed */
  constructor(dataDir: string, key: () => Promise<MasterKey>) {
    this.#path = join(dataDir, 'secrets.json');
    this.#key = key;
  }

  async get(key: string): Promise<string | undefined> {
    const values = await this.#read();
    const sealed = Object.hasOwn(values, key) ? values[key] : undefined;
    if (sealed === undefined) return undefined;
    try {
      const { plaintext, protectedHeader } = await compactDecrypt(sealed, (await this.#key()).bytes, { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] });
      // A value belongs to its name: one that was moved to another does not count.
      return protectedHeader['kid'] === key ? Buffer.from(plaintext).toString('utf8') : undefined;
    } catch (cause) {
      throw new VestibuleError('corrupt-file', `A secret in ${this.#path} cannot be read with the key of this data folder.`, {
        action: 'Put secrets.json and its key back from the same copy, or remove secrets.json and sign in again.',
        cause,
      });
    }
  }

  async set(key: string, value: string): Promise<void> {
    const { bytes } = await this.#key();
    const sealed = await new CompactEncrypt(Buffer.from(value, 'utf8')).setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: key }).encrypt(bytes);
    await this.#change((values) => Object.fromEntries([...Object.entries(values).filter(([name]) => name !== key), [key, sealed] as const].slice(-MAX_SECRETS)));
  }

  async delete(key: string): Promise<void> {
    await this.#change((values) => Object.fromEntries(Object.entries(values).filter(([name]) => name !== key)));
  }

  #change(change: (values: Values) => Values): Promise<void> {
    return withFileLock(this.#path, async () => writeFileAtomic(this.#path, writeState(VERSION, change(await this.#read()))));
  }

  async #read(): Promise<Values> {
    const text = await readTextIfExists(this.#path);
    return text === undefined ? {} : parseState(text, { file: this.#path, version: VERSION, decode });
  }
}

function decode(state: unknown): Values {
  const values = recordAt(state, []);
  for (const [name, value] of Object.entries(values)) if (typeof value !== 'string') throw new BadShapeError([name], 'a text');
  return values as Values;
}
