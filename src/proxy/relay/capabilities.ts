import type { Catalog } from '../catalog/types.ts';
import { members, objectOf } from '../json/slice.ts';
import type { Era, RawJson } from '../model.ts';

/** What agents of both eras find here whatever the servers behind it declare: a server may come later. */
const ALWAYS: readonly (readonly [string, RawJson])[] = [
  ['tools', '{"listChanged":true}'],
  ['prompts', '{"listChanged":true}'],
  ['resources', '{"subscribe":true,"listChanged":true}'],
  ['completions', '{}'],
  ['logging', '{}'],
];
/** Extensions that consist of what is relayed anyway, by era. */
const EXTENSIONS: Readonly<Record<Era, ReadonlySet<string>>> = {
  legacy: new Set(['io.modelcontextprotocol/ui']),
  modern: new Set(['io.modelcontextprotocol/ui', 'io.modelcontextprotocol/skills']),
};

/**
 * The raw capabilities agents of one era are told: what we always carry, and of the rest what some of these servers
 * declare.
 * @param servers those that serve something to the agent
 */
export function capabilitiesFor(era: Era, catalog: Catalog, servers: Iterable<string>): RawJson {
  const extensions = new Map<string, RawJson>();
  for (const server of servers) {
    const declared = members(catalog.server(server)?.capabilities ?? '');
    for (const [name, value] of members(declared?.get('extensions') ?? '') ?? []) {
      if (EXTENSIONS[era].has(name) && !extensions.has(name)) extensions.set(name, value);
    }
  }
  return objectOf([
    ...ALWAYS,
    ...(extensions.size > 0 ? [['extensions', objectOf(extensions)] as const] : []),
  ]);
}
