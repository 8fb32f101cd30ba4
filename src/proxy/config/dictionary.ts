/**
 * A record without a prototype: keys come from files and upstreams, so `constructor` or `__proto__` must be a key
 * like any other, present only when somebody wrote it.
 */
export function dictionary<V>(entries: Iterable<readonly [string, V]> = []): Record<string, V> {
  const record = Object.create(null) as Record<string, V>;
  for (const [key, value] of entries) record[key] = value;
  return record;
}
