import type { ClientFile } from '../clients/client-files.ts';
import { jsonEdit } from './edit-json.ts';
import { tomlEdit } from './edit-toml.ts';
import type { Entry } from './entries.ts';

/** Edits one entry of a client's list and nothing else of the text. */
export interface ListEdit {
  /** The text with the entry, in the place of one of the same name. @throws VestibuleError `bad-config` with the place */
  readonly set: (text: string, file: ClientFile, name: string, entry: Entry) => string;
  /** The entry as plain data; undefined when there is none. @throws VestibuleError `bad-config` */
  readonly get: (text: string, file: ClientFile, name: string) => unknown;
  /** The text without the entry. @throws VestibuleError `bad-config` */
  readonly remove: (text: string, file: ClientFile, name: string) => string;
}

/** How lists of a file are edited; a byte order mark in front stays where it is. */
export function editOf({ format, path }: ClientFile): ListEdit {
  if (format === 'json') return besideMark(jsonEdit);
  if (format === 'toml') return besideMark(tomlEdit);
  throw new Error(`No client is connected through a ${format} file such as ${path}.`);
}

function besideMark(edit: ListEdit): ListEdit {
  const cut = (text: string): readonly [mark: string, rest: string] => (text.startsWith('\uFEFF') ? ['\uFEFF', text.slice(1)] : ['', text]);
  return {
    set: (text, ...to) => {
      const [mark, rest] = cut(text);
      return mark + edit.set(rest, ...to);
    },
    get: (text, ...from) => edit.get(cut(text)[1], ...from),
    remove: (text, ...from) => {
      const [mark, rest] = cut(text);
      return mark + edit.remove(rest, ...from);
    },
  };
}
