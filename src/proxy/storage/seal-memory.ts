import type { SealMemory } from './seal.ts';
import type { SecretStore } from './secret-store.ts';

/** Remembers how far sealed files had come in the secret store: in the editor that is kept apart from the data folder. */
export function sealMemory(secrets: Pick<SecretStore, 'get' | 'set'>): SealMemory {
  return {
    get: async (id) => {
      const count = Number(await secrets.get(keyOf(id)));
      return Number.isSafeInteger(count) ? count : undefined;
    },
    set: (id, count) => secrets.set(keyOf(id), String(count)),
  };
}

function keyOf(id: string): string {
  return `seal/${encodeURIComponent(id)}`;
}
