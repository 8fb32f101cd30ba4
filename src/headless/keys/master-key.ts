import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AsyncEntry } from '@napi-rs/keyring';
import { VestibuleError } from '../../proxy/errors.ts';
import { readTextIfExists, writeFileAtomic } from '../../proxy/storage/atomic-file.ts';
import { withFileLock } from '../../proxy/storage/file-lock.ts';

/** The key that secrets of a data folder are encrypted with, and where it is kept. */
export interface MasterKey {
  readonly bytes: Uint8Array;
  /** False when it lies beside what it encrypts, for want of a keychain. */
  readonly inKeychain: boolean;
}

const SERVICE = 'vestibule';
const BYTES = 32;

/**
 * The key of a data folder, made when there is none: from the keychain of the system, else from a file that only its
 * owner can read. `VESTIBULE_KEYCHAIN=off` does without the keychain.
 * @throws VestibuleError `corrupt-file`, `data-folder-unreadable`, `data-folder-locked`
 */
export async function masterKey(dataDir: string, env: NodeJS.ProcessEnv): Promise<MasterKey> {
  const path = join(dataDir, 'secrets.key');
  return withFileLock(path, async () => {
    // A folder keeps to what it began with: a keychain that is locked today must not make yesterday's secrets unreadable.
    const beside = await readTextIfExists(path);
    if (beside !== undefined) return { bytes: decode(beside, path), inKeychain: false };
    const kept = env['VESTIBULE_KEYCHAIN'] === 'off' ? undefined : await fromKeychain(dataDir);
    if (kept !== undefined) return { bytes: decode(kept, 'the keychain'), inKeychain: true };
    const fresh = randomBytes(BYTES);
    await writeFileAtomic(path, fresh.toString('base64url'));
    return { bytes: fresh, inKeychain: false };
  });
}

/** @returns undefined where there is no keychain, or none that can be used */
async function fromKeychain(dataDir: string): Promise<string | undefined> {
  try {
    // A native library that is not on every platform.
    const { AsyncEntry: Entry } = createRequire(process.argv[1] ?? process.execPath)('@napi-rs/keyring') as { readonly AsyncEntry: typeof AsyncEntry };
    // The kernel's own store forgets at the end of a session; only a real keychain will do.
    const entry = new Entry(SERVICE, dataDir, { linux: { store: 'secret-service' } });
    const found = await entry.getPassword();
    // It is null, whatever its types say, where there is none.
    if (typeof found === 'string') return found;
    const fresh = randomBytes(BYTES).toString('base64url');
    await entry.setPassword(fresh);
    // One that says yes and keeps nothing is none.
    return (await entry.getPassword()) === fresh ? fresh : undefined;
  } catch {
    return undefined;
  }
}

function decode(text: string, where: string): Uint8Array {
  const bytes = Buffer.from(text.trim(), 'base64url');
  if (bytes.length === BYTES) return bytes;
  throw new VestibuleError('corrupt-file', `The key in ${where} is not one of ours.`, { action: 'Put it back from a copy. Without it, remove secrets.json and secrets.key of the data folder and sign in again.' });
}
