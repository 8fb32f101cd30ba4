/** Where a key and its value stand in a text. */
export interface Place {
  readonly key: number;
  readonly keyLength: number;
  readonly value: number;
  readonly valueLength: number;
}

/** Keys, and numbers of elements, from the top of a file to a value, as JSON. */
export const pathKey = (path: readonly (string | number)[]): string => JSON.stringify(path);

/**
 * Where the keys of a TOML text stand, by `pathKey`. What stands within an inline table or an array has the place of the
 * key it belongs to, which is not in the result.
 * @param text valid TOML: this finds places, and no mistakes
 */
export function placesIn(text: string): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  const counts = new Map<string, number>();
  let table: readonly (string | number)[] = [];
  let at = 0;

  const note = (path: readonly (string | number)[], place: Place): void => {
    if (!places.has(pathKey(path))) places.set(pathKey(path), place);
  };
  const skip = (pattern: RegExp): void => {
    pattern.lastIndex = at;
    at += pattern.exec(text)?.[0].length ?? 0;
  };
  /** The end of a text in quotes that begins here. */
  const skipText = (): void => {
    const quote = text[at] ?? '';
    const many = text.startsWith(quote.repeat(3), at) ? quote.repeat(3) : quote;
    at += many.length;
    while (at < text.length && !text.startsWith(many, at)) at += quote === '"' && text[at] === '\\' ? 2 : 1;
    at += many.length;
    // Up to two more quotes may end the text itself.
    if (many.length === 3) while (text[at] === quote) at++;
  };
  const keys = (): { readonly name: string; readonly offset: number; readonly length: number }[] => {
    const found: { readonly name: string; readonly offset: number; readonly length: number }[] = [];
    for (;;) {
      skip(/[ \t]*/y);
      const offset = at;
      if (text[at] === '"' || text[at] === "'") skipText();
      else skip(/[\w-]+/y);
      const raw = text.slice(offset, at);
      found.push({ name: unquoted(raw), offset, length: raw.length });
      skip(/[ \t]*/y);
      if (text[at] !== '.' || at === offset) return found;
      at++;
    }
  };
  const skipValue = (): void => {
    let depth = 0;
    while (at < text.length) {
      const char = text[at] ?? '';
      if (char === '"' || char === "'") skipText();
      else if (char === '#') {
        if (depth === 0) return;
        skip(/[^\n]*/y);
      } else if (char === '\n' && depth === 0) return;
      else {
        if (char === '[' || char === '{') depth++;
        if (char === ']' || char === '}') depth--;
        at++;
      }
    }
  };
  /** A path through arrays of tables goes on in the last element of each. */
  const within = (names: readonly string[], from: readonly (string | number)[]): readonly (string | number)[] =>
    names.reduce<readonly (string | number)[]>((path, name) => {
      const next = [...path, name];
      const count = counts.get(pathKey(next));
      return count === undefined ? next : [...next, count];
    }, from);

  for (;;) {
    skip(/(?:[ \t\r\n]|#[^\n]*)*/y);
    if (at >= text.length) return places;
    const before = at;
    if (text[at] === '[') {
      const many = text[at + 1] === '[';
      at += many ? 2 : 1;
      const found = keys();
      const names = found.map(({ name }) => name);
      const last = found.at(-1);
      const place = { key: last?.offset ?? before, keyLength: last?.length ?? 1, value: before, valueLength: 1 };
      for (const i of found.keys()) note(within(names.slice(0, i + 1), []), place);
      if (many) {
        const list = [...within(names.slice(0, -1), []), names.at(-1) ?? ''];
        counts.set(pathKey(list), (counts.get(pathKey(list)) ?? -1) + 1);
        note(list, place);
      }
      table = within(names, []);
      note(table, place);
      skip(/[^\n]*/y);
      continue;
    }
    const found = keys();
    skip(/[ \t]*=[ \t]*/y);
    const value = at;
    skipValue();
    const valueLength = text.slice(value, at).trimEnd().length;
    for (const [i, { length, offset }] of found.entries()) {
      note(within(found.slice(0, i + 1).map(({ name }) => name), table), { key: offset, keyLength: length, value: i === found.length - 1 ? value : offset, valueLength: i === found.length - 1 ? valueLength : length });
    }
    // Never the same place twice, whatever the text.
    if (at === before) at++;
  }
}

function unquoted(raw: string): string {
  if (raw.startsWith("'")) return raw.slice(1, -1);
  if (!raw.startsWith('"')) return raw;
  try {
    // What TOML escapes and JSON does not: \e, \xHH and \UHHHHHHHH, none of which is likely in a key.
    return JSON.parse(raw) as string;
  } catch {
    return raw.slice(1, -1);
  }
}
