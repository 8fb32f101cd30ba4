import { VestibuleError, type AgentErrorCode } from '../errors.ts';
import { rpcError } from '../json/frame.ts';
import type { RawReply, ServerName } from '../model.ts';
import { UpstreamCallError } from '../upstream/types.ts';

/** What an agent is told about a failure of ours, in the words of contract §6. */
interface Failure {
  readonly code: AgentErrorCode;
  readonly retryable: boolean;
  readonly message: string;
  readonly action: string;
}

/**
 * The JSON-RPC error for a request that is no tool call and did not reach its upstream, or got no answer. Nothing of an
 * upstream's own text is in it. @throws `error` itself when it is none of the failures a request may meet
 */
export function failedReply(server: ServerName, error: unknown): RawReply {
  return replyOf(failureOf(server, error));
}

/** The JSON-RPC error for a request to a server that a person paused. */
export function pausedReply(server: ServerName): RawReply {
  return replyOf({ code: 'paused', retryable: true, message: `A person has paused the server ${JSON.stringify(server)}.`, action: 'Wait until they resume it.' });
}

function replyOf({ message, ...data }: Failure): RawReply {
  return { error: rpcError(-32603, `${message} ${data.action}`, { 'vestibule/error': data }) };
}

function failureOf(server: ServerName, error: unknown): Failure {
  const name = JSON.stringify(server);
  if (error instanceof UpstreamCallError) {
    switch (error.kind) {
      case 'auth-required':
        return signIn(name);
      case 'timeout':
        return { code: 'timeout', retryable: true, message: `The server ${name} did not answer in time.`, action: 'Try again later.' };
      case 'too-large':
        return { code: 'too_large', retryable: false, message: `The server ${name} answered with more than can be relayed.`, action: 'Ask for less at once.' };
      default:
        return unavailable(name, 'the connection was lost');
    }
  }
  if (!VestibuleError.is(error)) throw error;
  if (error.reason === 'auth-required') return signIn(name);
  if (error.reason === 'launch-not-approved') {
    return { code: 'awaiting_approval', retryable: false, message: `The server ${name} awaits a person's approval before it may start.`, action: 'Ask the person to run “Vestibule: Review Quarantine”.' };
  }
  return unavailable(name, `it could not be reached (${error.reason})`);
}

function signIn(name: string): Failure {
  return { code: 'auth_required', retryable: false, message: `The server ${name} needs a sign-in.`, action: 'Ask the person to run “Vestibule: Sign In” for this server, or `vestibule upstream login` in a terminal.' };
}

function unavailable(name: string, why: string): Failure {
  return { code: 'upstream_unavailable', retryable: true, message: `The server ${name} did not take the request: ${why}.`, action: 'Try again shortly.' };
}
