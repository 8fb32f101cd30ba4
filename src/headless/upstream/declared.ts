import { editServersFile, isEdited, notEdited, type ServersEdit } from '../../proxy/config/edit.ts';
import { VestibuleError } from '../../proxy/errors.ts';
import type { ServerName } from '../../proxy/model.ts';
import { readConfig } from '../state.ts';
import type { Places } from '../places.ts';

/**
 * Applies an edit to the file whose entry of this server counts, or, when none can be used, to the first that has
 * one. Resolves with the file.
 * @throws VestibuleError `not-found`, `bad-config`, `data-folder-unreadable`
 */
export async function editDeclaration(places: Places, name: ServerName, edit: ServersEdit): Promise<string> {
  const { upstreams } = await readConfig(places);
  const counting = upstreams.find((upstream) => upstream.name === name);
  if (counting !== undefined && !isEdited(counting.file)) throw notEdited(counting.file, counting.at);
  const files = counting === undefined ? [...places.configFiles.filter(isEdited), places.userFile, places.workspaceFile] : [counting.file];
  for (const file of files) {
    try {
      await editServersFile(file, [edit]);
      return file;
    } catch (error) {
      if (!VestibuleError.is(error, 'not-found')) throw error;
    }
  }
  throw new VestibuleError('not-found', `There is no server named "${name}".`, { action: 'vestibule upstream list shows the names.' });
}
