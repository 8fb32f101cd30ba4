import { isDeepStrictEqual } from 'node:util';
import { parse, TomlError } from 'smol-toml';
import { VestibuleError } from '../errors.ts';
import type { ListEdit } from './edit.ts';

const MAX_LENGTH = 1_048_576;
const BEGIN = '# >>> vestibule: this block is written by Vestibule, and removed by undoing the connection';
const END = '# <<< vestibule';
/** The block with the empty line before it. */
const BLOCK = new RegExp(`(?:(?<=\\n)\\r?\\n)?${BEGIN.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\r?\\n[^]*?${END}(?:\\r?\\n|$)`);

/**
 * Edits of a client's list in TOML: one delimited block at the end, for no library writes TOML without laying it out
 * anew. The result is read back, and counts only if it says what the text said and the entry.
 */
export const tomlEdit: ListEdit = {
  set(text, { path, member }, name, entry) {
    const rest = text.replace(BLOCK, '');
    const before = read(rest, path);
    if (at(before, [...member, name]) !== undefined) {
      throw new VestibuleError('bad-config', `${path} has a server "${name}" that Vestibule did not write there, or no longer knows as its own.`, { action: `Remove [${[...member, name].join('.')}] from it first.` });
    }
    const eol = rest.includes('\r\n') ? '\r\n' : '\n';
    const lines = [BEGIN, `[${[...member, name].join('.')}]`, ...Object.entries(entry).map(([key, value]) => `${key} = ${written(value)}`), END];
    const gap = rest === '' ? '' : rest.endsWith('\n') ? eol : eol + eol;
    const after = `${rest}${gap}${lines.join(eol)}${eol}`;
    // A list that is written inline, or anything else a table cannot be added to, shows here.
    if (!isDeepStrictEqual(withoutEntry(read(after, path), member, name), withoutEntry(before, member, name))) {
      throw new VestibuleError('bad-config', `${path} has ${member.join('.')} in a form that nothing can be added to.`, { action: `Write the servers as tables, [${member.join('.')}.NAME].` });
    }
    return after;
  },

  get(text, { path, member }, name) {
    return at(read(text, path), [...member, name]);
  },

  remove(text, { path, member }, name) {
    const rest = text.replace(BLOCK, '');
    if (at(read(rest, path), [...member, name]) === undefined) return rest;
    throw new VestibuleError('bad-config', `The block of Vestibule in ${path} was taken apart.`, { action: `Remove [${[...member, name].join('.')}] by hand.` });
  },
};

type Table = Readonly<Record<string, unknown>>;

function read(text: string, path: string): Table {
  if (text.length > MAX_LENGTH) throw new VestibuleError('bad-config', `${path} is larger than ${MAX_LENGTH / 1_048_576} MiB.`, { action: 'Remove what is no setting.' });
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ''] = error.message.split('\n');
    throw new VestibuleError('bad-config', `${path} cannot be edited: ${reason}`, { action: 'Correct the file first.', at: { file: path, line: error.line, column: error.column }, cause: error });
  }
}

function at(table: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((value, key) => (isTable(value) && Object.hasOwn(value, key) ? value[key] : undefined), table);
}

/** A copy without the entry, and without the list when nothing else is in it. */
function withoutEntry(table: Table, [key, ...rest]: readonly string[], name: string): Table {
  if (key === undefined) return Object.fromEntries(Object.entries(table).filter(([other]) => other !== name));
  return Object.fromEntries(
    Object.entries(table).flatMap(([other, value]) => {
      if (other !== key || !isTable(value)) return [[other, value]];
      const left = withoutEntry(value, rest, name);
      return Object.keys(left).length === 0 ? [] : [[other, left]];
    }),
  );
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value of an entry in TOML; JSON's strings are TOML's basic strings. */
function written(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  if (isTable(value)) return `{ ${Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)} = ${written(inner)}`).join(', ')} }`;
  return JSON.stringify(value);
}
