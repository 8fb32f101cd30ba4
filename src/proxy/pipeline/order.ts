import type { Stage } from './types.ts';

/**
 * The stages of every tool call, in order. This array is the documentation: what is not here does not happen
 * to a call, and nothing reaches an upstream without passing all of it.
 */
export const STAGE_ORDER = [
  'resolve', // name or id → catalog entry that the principal's grant covers
  'route', // which of the servers that offer it
  'gate', // server enabled, launch and current digest approved, nothing paused
  'authorize', // read-only ways run read-only tools
  'credentials', // nothing that is kept for another server goes to this one
  'shape', // arguments: valid against the schema, within size
  'consent', // a person's consent for this call
  'rates', // calls a minute
  'budget', // what the caller may use in an hour, day or month
  'cache', // answers that need no upstream
  'lane', // calls at the same time, and whose turn it is
  'retry', // again, where that is safe
  'breaker', // no calls for a server that keeps failing
  'dispatch', // the upstream itself
  'inspect', // result budget and store
  'record', // the journal, always
] as const;

export type StageName = (typeof STAGE_ORDER)[number];

/** Puts one stage per name into the order above; a stage under another's name does not compile. */
export function inOrder(stages: { readonly [Name in StageName]: Stage & { readonly name: Name } }): readonly Stage[] {
  return STAGE_ORDER.map((name) => stages[name]);
}
