import type { CatalogTool } from '../../catalog/types.ts';
import { VestibuleError } from '../../errors.ts';
import { members } from '../../json/slice.ts';
import { traceparentOf } from '../../json/trace-context.ts';
import type { RawJson, RawReply, ServerName } from '../../model.ts';
import type { Pauses } from '../../pause/types.ts';
import type { ServedTools } from '../../policy/served.ts';
import { UpstreamCallError } from '../../upstream/types.ts';
import { toolOf } from '../call.ts';
import { mirroredArguments } from '../mirrored-arguments.ts';
import { pausedRefusal } from '../paused-refusal.ts';
import { refusal } from '../refusal.ts';
import type { Call, InboundStage, Outcome, UpstreamLink } from '../types.ts';
import { withheldRefusal } from './gate.ts';

/** What `dispatch` needs: the gate once more after a connection brought a fresh listing. */
export interface DispatchDeps {
  readonly served: ServedTools;
  readonly pauses: Pick<Pauses, 'reach'>;
}

/** Sends the call to its upstream and tells the four outcomes apart. The last inbound stage. */
export function createDispatch(deps: DispatchDeps): InboundStage & { readonly name: 'dispatch' } {
  return {
    name: 'dispatch',
    phase: 'in',
    async run(call) {
      const tool = toolOf(call);
      for (let attempt = 1; ; attempt++) {
        let link: UpstreamLink;
        try {
          const connected = call.session.connect(tool.server, call.route === 'code');
          link = connected instanceof Promise ? await connected : connected;
        } catch (error) {
          return notConnected(tool.server, error);
        }
        // Connecting lists anew: what was approved may not be what the server offers now (security D5).
        if (!deps.served.serves(tool)) return withheldRefusal(tool, deps.served);
        if (!link.offers(tool.digest)) return notOffered(tool.server);
        // Connecting may take long enough for a person to pull the switch.
        const reach = deps.pauses.reach(tool.server, tool.name, true);
        if (reach !== undefined) return pausedRefusal(tool, reach);
        try {
          return answered(await send(call, tool, link));
        } catch (error) {
          if (!(error instanceof UpstreamCallError)) throw error;
          if (attempt === 1 && !call.signal.aborted && mayRepeat(error, tool)) continue;
          return unanswered(tool, error);
        }
      }
    },
  };
}

function send(call: Call, tool: CatalogTool, link: UpstreamLink): Promise<RawReply> {
  const { argumentsText, meta, signal, onProgress, onNotification, findings } = call;
  const asks = (): boolean => {
    call.waitsForPerson = true;
    return call.route !== 'hedge';
  };
  const args = argumentsText === undefined ? '' : `,"arguments":${argumentsText}`;
  const relayedMeta = meta === undefined ? '' : `,"_meta":${meta}`;
  return link.request('tools/call', `{"name":${JSON.stringify(tool.name)}${args}${relayedMeta}}`, { signal, onProgress, onNotification, asks, found: (finding) => remember(findings, finding), headers: headersOf(tool, meta, argumentsText) });
}

/** A server that talks without end is recorded for the first of what was found, not for all of it. */
function remember(findings: string[], finding: string): void {
  if (findings.length < MAX_ASIDE_FINDINGS && !findings.includes(finding)) findings.push(finding);
}

const MAX_ASIDE_FINDINGS = 20;

/** The trace goes on in the HTTP header too, where servers look that know nothing of MCP's. */
function headersOf(tool: CatalogTool, meta: RawJson | undefined, argumentsText: RawJson | undefined): Readonly<Record<string, string>> | undefined {
  const traceparent = traceparentOf(meta);
  const mirrored = mirroredArguments(tool, argumentsText);
  return traceparent === undefined ? mirrored : { traceparent, ...mirrored };
}

/** An answer is an answer: results and JSON-RPC errors of the upstream pass unchanged. */
function answered(reply: RawReply): Outcome {
  if ('error' in reply) return { kind: 'protocol_error', code: undefined, reply, truncated: false };
  return { kind: isToolError(reply.result) ? 'tool_error' : 'ok', code: undefined, reply, truncated: false };
}

function isToolError(result: RawJson): boolean {
  // The substring test spares successful results, the common case, a walk over their members.
  return result.includes('"isError"') && members(result)?.get('isError') === 'true';
}

/**
 * A request that never left may always be sent again. One that may have arrived is repeated only for tools that
 * are approved as read-only or idempotent (house rule 7), and only when the connection, not time, was lost.
 */
function mayRepeat(error: UpstreamCallError, tool: CatalogTool): boolean {
  if (error.kind !== 'connection-lost' && error.kind !== 'session-lost') return false;
  return !error.sent || repeatable(tool);
}

function repeatable(tool: CatalogTool): boolean {
  return tool.tier === 'read' || tool.annotations.idempotentHint === true;
}

function unanswered(tool: CatalogTool, error: UpstreamCallError): Outcome {
  const server = JSON.stringify(tool.server);
  const again = repeatable(tool) ? 'It is safe to call again.' : 'Check whether it took effect before you call again.';
  switch (error.kind) {
    case 'auth-required':
      return signIn(tool.server);
    case 'too-large':
      return {
        ...refusal('too_large', `The server ${server} answered with more than can be relayed.`, { retryable: false, action: 'Ask for less at once.' }),
        kind: 'tool_error',
      };
    case 'timeout':
      return {
        ...refusal('timeout', `The server ${server} did not answer in time; nobody knows whether the call took effect.`, {
          retryable: repeatable(tool),
          action: `${again} The person can raise timeoutSeconds for this server.`,
        }),
        kind: 'ambiguous',
      };
    case 'cancelled':
      return {
        ...refusal('ambiguous', 'The call was cancelled; it may have taken effect before.', { retryable: repeatable(tool), action: again }),
        kind: 'ambiguous',
      };
    case 'http-status':
    case 'connection-lost':
    case 'session-lost':
    case 'bad-answer': {
      // A 4xx says that the request was turned away, also for its session; everything else after sending is unknown.
      const turnedAway = (error.kind === 'http-status' || error.kind === 'session-lost') && error.status !== undefined && error.status < 500;
      if (!error.sent || turnedAway) {
        const why = error.status === undefined ? 'the connection was lost before the call was sent' : `it answered with HTTP status ${error.status}`;
        return unavailable(tool.server, why, 'Try again shortly; the person can look at the logs of this server.');
      }
      return {
        ...refusal('ambiguous', `The connection to the server ${server} was lost before it answered; nobody knows whether the call took effect.`, {
          retryable: repeatable(tool),
          action: again,
        }),
        kind: 'ambiguous',
      };
    }
  }
}

/** A server may offer one agent what it does not offer another; each is only sent what it was shown (security D6). */
function notOffered(server: ServerName): Outcome {
  return unavailable(server, 'it does not offer this tool to this agent as it was approved', 'Use another tool.');
}

function notConnected(server: ServerName, error: unknown): Outcome {
  if (VestibuleError.is(error, 'auth-required')) return signIn(server);
  if (VestibuleError.is(error, 'not-found')) return unavailable(server, 'it is not configured any more', 'Use another tool.');
  if (VestibuleError.is(error, 'launch-not-approved')) {
    return refusal('awaiting_approval', `The server "${server}" awaits a person's approval before it may start.`, {
      retryable: false,
      action: 'Ask the person to run “Vestibule: Review Quarantine” in the editor, or `vestibule quarantine list` in a terminal.',
    });
  }
  // The reason is ours; messages may quote the upstream's stderr, which is for the person and not for the model.
  const reason = VestibuleError.is(error) ? error.reason : 'launch-failed';
  return unavailable(server, `it could not be reached (${reason})`, 'Try again later, or ask the person to look at this server in the Vestibule view.');
}

function unavailable(server: ServerName, why: string, action: string): Outcome {
  return refusal('upstream_unavailable', `The server "${server}" did not take the call: ${why}.`, { retryable: true, action });
}

function signIn(server: ServerName): Outcome {
  return refusal('auth_required', `The server "${server}" needs a sign-in.`, {
    retryable: false,
    action: 'Ask the person to run “Vestibule: Sign In” for this server, or `vestibule upstream login` in a terminal.',
  });
}
