import { addInput, addServer, editServersFile } from '../config/edit.ts';
import type { SecretStore } from '../storage/secret-store.ts';
import { SECRET_KEYS } from '../variable-scope.ts';
import type { Importable } from './types.ts';

/**
 * Writes what was planned to a servers file, in one replacement; its secrets go to the store first, so that no
 * entry refers to one that is not there. Launches and tools still wait for approval (contract §5).
 * @param secrets undefined leaves them out: who imports stores them later
 * @throws VestibuleError of the file; secrets stored by then stay
 */
export async function applyImport(servers: readonly Importable[], file: string, secrets: Pick<SecretStore, 'set'> | undefined): Promise<void> {
  if (secrets !== undefined) {
    for (const { name, value } of servers.flatMap((server) => server.secrets)) await secrets.set(SECRET_KEYS.secret(name), value);
  }
  const edits = servers.flatMap(({ name, entry, inputs }) => [...inputs.map((input) => addInput(input)), addServer(name, entry)]);
  await editServersFile(file, edits);
}
