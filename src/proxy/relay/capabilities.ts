import { members, objectOf } from '../json/slice.ts';
import { TASKS_EXTENSION } from '../json/tasks-extension.ts';
import type { Era, RawJson } from '../model.ts';

/** What agents of both eras find here whatever the servers behind it declare: a server may come later. */
const ALWAYS: readonly (readonly [string, RawJson])[] = [
  ['tools', '{"listChanged":true}'],
  ['prompts', '{"listChanged":true}'],
  ['resources', '{"subscribe":true,"listChanged":true}'],
  ['completions', '{}'],
  ['logging', '{}'],
];
/** Extensions that are relayed, by era. */
const EXTENSIONS: Readonly<Record<Era, ReadonlySet<string>>> = {
  legacy: new Set(['io.modelcontextprotocol/ui']),
  modern: new Set(['io.modelcontextprotocol/ui', 'io.modelcontextprotocol/skills', TASKS_EXTENSION]),
};

/**
 * The raw capabilities agents of one era are told: what we always carry, and of the rest what some server declares.
 * @param said raw capabilities of servers that serve something to the agent
 */
export function capabilitiesFor(era: Era, said: Iterable<RawJson | undefined>): RawJson {
  const extensions = new Map<string, RawJson>();
  const tasks = new TaskCapabilities();
  for (const capabilities of said) {
    const declared = members(capabilities ?? '');
    if (era === 'legacy') tasks.add(declared?.get('tasks'));
    for (const [name, value] of members(declared?.get('extensions') ?? '') ?? []) {
      if (EXTENSIONS[era].has(name) && !extensions.has(name)) extensions.set(name, value);
    }
  }
  return objectOf([
    ...ALWAYS,
    ...tasks.entries(),
    ...(extensions.size > 0 ? [['extensions', objectOf(extensions)] as const] : []),
  ]);
}

/** What servers can do with tasks made of calls (2025-11-25), all together. */
class TaskCapabilities {
  readonly #known = new Map<string, RawJson>();

  /** @param declared raw `tasks` of a server's capabilities */
  add(declared: RawJson | undefined): void {
    const all = members(declared ?? '');
    const calls = members(members(all?.get('requests') ?? '')?.get('tools') ?? '')?.get('call');
    // Without tasks made of calls there is nothing to list or cancel.
    if (all === undefined || calls === undefined) return;
    for (const name of ['list', 'cancel']) if (all.has(name)) this.#known.set(name, '{}');
    this.#known.set('requests', '{"tools":{"call":{}}}');
  }

  entries(): readonly (readonly [string, RawJson])[] {
    return this.#known.size === 0 ? [] : [['tasks', objectOf(this.#known)]];
  }
}
