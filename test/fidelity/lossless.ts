/*
 * JSON whose numbers keep their text: 9007199254740993, 1.0 and 1e2 come out as they went in. `JSON.parse` with source
 * text access and `JSON.rawJSON` are of the engine; the types of this project's library level do not know them yet.
 */

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

const json = JSON as unknown as {
  parse(text: string, reviver: Reviver): unknown;
  rawJSON(text: string): unknown;
};

/** Parses JSON; a number whose text a double would not give back becomes a raw value that `stringify` writes as it was. */
export function parse(text: string): unknown {
  return json.parse(text, (_key, value, { source }) => (typeof value === 'number' && source !== undefined && String(value) !== source ? json.rawJSON(source) : value));
}

/** A number by its text. */
export function number(text: string): unknown {
  return json.rawJSON(text);
}

/** Writes JSON without spaces; undefined members are left out. */
export function stringify(value: unknown): string {
  return JSON.stringify(value);
}
