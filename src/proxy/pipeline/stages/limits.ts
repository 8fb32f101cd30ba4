import type { InboundStage } from '../types.ts';

/** Rates, concurrency and the circuit breaker. Nothing is limited yet; each upstream answers as fast as it can. */
export function createLimits(): InboundStage & { readonly name: 'limits' } {
  return { name: 'limits', phase: 'in', run: (_call, next) => next() };
}
