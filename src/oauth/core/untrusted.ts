/* Reads members of JSON that a server sent: what is missing, misshapen or too long is undefined. */

const MAX_TEXT = 16_384;
const MAX_ITEMS = 256;

/** The members of an object; empty for anything else. */
export function membersOf(json: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof json === 'object' && json !== null && !Array.isArray(json) ? Object.entries(json) : []);
}

/** A text that is not empty. */
export function textIn(members: ReadonlyMap<string, unknown>, name: string): string | undefined {
  const value = members.get(name);
  return typeof value === 'string' && value !== '' && value.length <= MAX_TEXT ? value : undefined;
}

/** A list of texts; undefined when it is none. */
export function textsIn(members: ReadonlyMap<string, unknown>, name: string): readonly string[] | undefined {
  const value = members.get(name);
  if (!Array.isArray(value) || value.length > MAX_ITEMS) return undefined;
  return value.filter((item): item is string => typeof item === 'string' && item !== '' && item.length <= MAX_TEXT);
}
