import type { Memento, SecretStorage } from 'vscode';
import type { SecretStore } from '../../proxy/storage/secret-store.ts';

/** What is read back at the next activation to learn whether secrets outlive one. */
const CANARY_KEY = 'vestibule/canary';
/** Remembers, outside SecretStorage, that a canary was written. */
const CANARY_WRITTEN = 'secretCanaryWritten';

/**
 * A SecretStore over VS Code's SecretStorage. On a Linux desktop without a keyring VS Code silently keeps secrets in
 * memory only; a canary of an earlier activation that is gone tells.
 */
export async function openSecretStore(
  secrets: Pick<SecretStorage, 'get' | 'store' | 'delete'>,
  memory: { get(key: string): unknown; update: Memento['update'] },
): Promise<SecretStore> {
  const found = (await secrets.get(CANARY_KEY)) !== undefined;
  const persistent = found || memory.get(CANARY_WRITTEN) !== true;
  if (!found) {
    await secrets.store(CANARY_KEY, 'written');
    await memory.update(CANARY_WRITTEN, true);
  }
  return {
    persistent,
    get: async (key) => secrets.get(key),
    set: async (key, value) => secrets.store(key, value),
    delete: async (key) => secrets.delete(key),
  };
}
