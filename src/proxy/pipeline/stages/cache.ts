import type { InboundStage } from '../types.ts';

/** Answers that need no upstream: cached or coalesced calls of approved read-only tools. Nothing is cached yet. */
export function createCache(): InboundStage & { readonly name: 'cache' } {
  return { name: 'cache', phase: 'in', run: (_call, next) => next() };
}
