import type { ConsentRequest, ConsentVerdict } from '../../consent/types.ts';
import { members } from '../../json/slice.ts';
import type { RawJson } from '../../model.ts';
import { toolOf } from '../call.ts';
import { consentRefusal } from '../consent-refusal.ts';
import type { InboundStage, Outcome } from '../types.ts';

/** What decides about consent, and asks for it. */
export interface Consents {
  /** A promise only where somebody has to be asked. */
  decide(request: ConsentRequest): ConsentVerdict | Promise<ConsentVerdict>;
  /** An allowed call was answered with questions of the upstream's: its repetition with this raw state is the same call. */
  interrupted(request: ConsentRequest, state: RawJson): void;
}

/**
 * A person's consent for this very call, bound to principal, digest and arguments. Whatever route a call came by, it
 * passes here once. What was paused or changed while a person thought about it is found by `dispatch`.
 */
export function createConsent(consents: Consents): InboundStage & { readonly name: 'consent' } {
  return {
    name: 'consent',
    phase: 'in',
    async run(call, next) {
      const tool = toolOf(call);
      const { principal, session, route, signal } = call;
      const request: ConsentRequest = {
        tool,
        principal,
        session: session.id,
        client: session.client,
        route,
        argumentsText: call.argumentsText ?? '{}',
        signal,
        continues: session.continues,
        askAgent: session.askConsent,
      };
      let verdict = consents.decide(request);
      if (verdict instanceof Promise) {
        call.waitsForPerson = true;
        verdict = await verdict;
        call.waitsForPerson = false;
      }
      if (!verdict.allowed) return consentRefusal(tool, verdict.why);
      const outcome = await next();
      const state = stateOf(outcome);
      if (state !== undefined) consents.interrupted(request, state);
      return outcome;
    },
  };
}

/** The raw `requestState` of an answer that asks for input first (2026-07-28). */
function stateOf({ reply }: Outcome): RawJson | undefined {
  // The substring test spares ordinary results a walk over their members.
  if (!('result' in reply) || !reply.result.includes('"input_required"')) return undefined;
  const all = members(reply.result);
  return all?.get('resultType') === '"input_required"' ? all.get('requestState') : undefined;
}
