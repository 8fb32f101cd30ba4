import type { InboundStage } from '../types.ts';

/** A person's consent for this very call, bound to principal, digest and arguments. Nothing asks yet: the agent's own prompt decides. */
export function createConsent(): InboundStage & { readonly name: 'consent' } {
  return { name: 'consent', phase: 'in', run: (_call, next) => next() };
}
