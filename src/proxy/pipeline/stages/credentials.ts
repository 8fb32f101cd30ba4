import type { ServerName } from '../../model.ts';
import { toolOf } from '../call.ts';
import { refusal } from '../refusal.ts';
import type { InboundStage } from '../types.ts';

/** Knows what is kept for which server. */
export interface Credentials {
  holdsAnothersCredential(argumentsText: string, server: ServerName): boolean;
}

/**
 * Keeps credentials that Vestibule holds for one server, and its own token, out of calls of another: an agent that came by
 * one cannot carry it off in arguments (security B7). The refusal and the record do not repeat it.
 */
export function createCredentials(credentials: Credentials): InboundStage & { readonly name: 'credentials' } {
  return {
    name: 'credentials',
    phase: 'in',
    run(call, next) {
      if (call.argumentsText === undefined || !credentials.holdsAnothersCredential(call.argumentsText, toolOf(call).server)) return next();
      return Promise.resolve(
        refusal('not_permitted', 'The arguments hold a credential that is kept for another server or for Vestibule itself. The call was not sent.', {
          retryable: false,
          action: 'Leave it out. Where the server needs it, the person configures it as a variable or header of that server.',
        }),
      );
    },
  };
}
