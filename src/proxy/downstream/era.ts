import type { IncomingMessage } from 'node:http';
import { type Frame, rpcError } from '../json/frame.ts';
import { withTraceContext } from '../json/trace-context.ts';
import { members, stringOf } from '../json/slice.ts';
import type { RawJson, RawReply } from '../model.ts';
import type { ListenerLimits } from './limits.ts';
import type { SessionTable } from './session-table.ts';
import type { AgentHandler, AgentRequest } from './types.ts';
import type { UnreadAnswers } from './unread-answers.ts';

export type RequestFrame = Extract<Frame, { kind: 'request' }>;

/** What both eras are made from. */
export interface EraDeps {
  readonly handler: AgentHandler;
  readonly sessions: SessionTable;
  readonly limits: ListenerLimits;
  readonly unread: UnreadAnswers;
  /** Raw `serverInfo`. */
  readonly serverInfo: RawJson;
  /** Hears what the handler throws. */
  readonly report: (error: unknown) => void;
}

const INTERNAL_ERROR: RawReply = { error: rpcError(-32603, 'Internal error') };

/** A tool call with the trace context of the HTTP request it came by; everything else as it is. */
export function traced(req: IncomingMessage, frame: RequestFrame): RequestFrame {
  if (frame.method !== 'tools/call' || req.headers['traceparent'] === undefined) return frame;
  return { ...frame, params: withTraceContext(frame.params, req.headers) };
}

/** The error of a request beyond what one session may have in flight (security N16). */
export const BUSY: RawJson = rpcError(-32000, 'Too many requests in flight; send it again when some are answered', {
  retryable: true,
});

/** Lets the handler answer. Whatever it throws becomes a generic error: its text is for our log only. */
export async function answerRequest(deps: EraDeps, request: AgentRequest): Promise<RawReply> {
  try {
    return await deps.handler.handle(request);
  } catch (error) {
    // Work that stops because it was cancelled is no failure.
    if (!request.signal.aborted) deps.report(error);
    return INTERNAL_ERROR;
  }
}

/** Characters of a client's name or version that are kept; both go to journals and views. */
const NAME_LENGTH = 128;

/** Characters of a raw `clientInfo` that are passed on; beyond that only name and version are. */
const INFO_LENGTH = 16 * 1024;

/** What a client says it is. Untrusted text. */
export interface ClientIdentity {
  /** "unknown" where it is missing. */
  readonly name: string;
  readonly version: string;
  /** Raw `clientInfo`, never without name and version. */
  readonly clientInfo: RawJson;
}

/** Reads a raw `clientInfo`. */
export function identityOf(clientInfo: RawJson | undefined): ClientIdentity {
  const info = clientInfo === undefined ? undefined : members(clientInfo);
  const read = (key: string): string | undefined => stringOf(info?.get(key))?.slice(0, NAME_LENGTH);
  const [name, version] = [read('name'), read('version')];
  const named = { name: name ?? 'unknown', version: version ?? 'unknown' };
  const whole = name !== undefined && version !== undefined && clientInfo !== undefined && clientInfo.length <= INFO_LENGTH;
  return { ...named, clientInfo: whole ? clientInfo : JSON.stringify(named) };
}
