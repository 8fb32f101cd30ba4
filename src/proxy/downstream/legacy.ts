import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Frame, writeReply } from '../json/frame.ts';
import { members, objectOf, stringOf } from '../json/slice.ts';
import type { Principal, RawJson } from '../model.ts';
import { answerRequest, BUSY, identityOf, type EraDeps, type RequestFrame, traced } from './era.ts';
import { type Accepts, accepts, headerOf, type Refusal, refusal, refuse, sendAnswer, sendEmpty } from './http.ts';
import { LegacyRequest } from './legacy-request.ts';
import { LegacySession } from './legacy-session.ts';
import { PostAnswer } from './post-answer.ts';

/** The versions of the legacy era, newest first. */
const VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'] as const;

/** True for a version that is negotiated by `initialize`. */
export function isLegacyVersion(version: string): boolean {
  return (VERSIONS as readonly string[]).includes(version);
}

const SESSION_HEADER = 'mcp-session-id';
const UNKNOWN_SESSION: Refusal = { status: 404, code: -32001, message: 'Session not found' };
/** Probes without a session expect to hear that there is no GET stream here (protocol: 405), not that they erred. */
const NEEDS_SESSION = refusal(405, 'Only a session that initialize opened has this', { allow: 'POST' });

/** The legacy era: sessions that `initialize` opens (MCP 2024-11-05 to 2025-11-25, Streamable HTTP). */
export class LegacyEra {
  readonly #deps: EraDeps;

  constructor(deps: EraDeps) {
    this.#deps = deps;
  }

  /** Serves one POSTed message of a session, or the `initialize` that opens one. */
  post(req: IncomingMessage, res: ServerResponse, frame: Frame, principal: Principal): void {
    const accepted = accepts(req);
    if (frame.kind === 'request' && frame.method === 'initialize') {
      this.#initialize(res, frame, principal, accepted);
      return;
    }
    const session = this.#session(req, principal);
    if (session === undefined) {
      refuse(res, UNKNOWN_SESSION, frame.kind === 'request' ? frame.id : undefined);
      return;
    }
    switch (frame.kind) {
      case 'request':
        this.#request(req, res, frame, session, accepted);
        break;
      case 'notification':
        this.#notification(session, frame.method, frame.params);
        sendEmpty(res, 202);
        break;
      default:
        session.calls.settle(frame.id, 'result' in frame ? { result: frame.result } : { error: frame.error });
        sendEmpty(res, 202);
    }
  }

  /** Serves a GET: the stream of what belongs to no request. */
  get(req: IncomingMessage, res: ServerResponse, principal: Principal): void {
    if (headerOf(req, SESSION_HEADER) === undefined) refuse(res, NEEDS_SESSION);
    else if (!accepts(req).stream) refuse(res, refusal(406, 'Accept must list text/event-stream'));
    else {
      const session = this.#session(req, principal);
      if (session === undefined) refuse(res, UNKNOWN_SESSION);
      else session.openStandalone(res, headerOf(req, 'last-event-id'));
    }
  }

  /** Serves a DELETE: the agent is through with its session. */
  delete(req: IncomingMessage, res: ServerResponse, principal: Principal): void {
    if (headerOf(req, SESSION_HEADER) === undefined) {
      refuse(res, NEEDS_SESSION);
      return;
    }
    const session = this.#session(req, principal);
    if (session === undefined) {
      refuse(res, UNKNOWN_SESSION);
      return;
    }
    this.#deps.sessions.end(session);
    sendEmpty(res, 200);
  }

  #initialize(res: ServerResponse, frame: RequestFrame, principal: Principal, accepted: Accepts): void {
    const params = frame.params === undefined ? undefined : members(frame.params);
    const wanted = stringOf(params?.get('protocolVersion'));
    if (params === undefined || wanted === undefined) {
      refuse(res, { status: 400, code: -32602, message: 'initialize needs a protocolVersion' }, frame.id);
      return;
    }
    const protocolVersion = isLegacyVersion(wanted) ? wanted : VERSIONS[0];
    const client = identityOf(params.get('clientInfo'));
    const capabilities = params.get('capabilities') ?? '{}';
    const { capabilities: ours, instructions } = this.#deps.handler.describe(principal, 'legacy');
    const session = new LegacySession(principal, { ...client, capabilities, protocolVersion }, this.#deps.limits);
    if (!this.#deps.sessions.add(session)) {
      refuse(res, refusal(503, 'Too many sessions at work'), frame.id);
      return;
    }
    const result: [string, RawJson][] = [
      ['protocolVersion', JSON.stringify(protocolVersion)],
      ['capabilities', ours],
      ['serverInfo', this.#deps.serverInfo],
    ];
    if (instructions !== undefined) result.push(['instructions', JSON.stringify(instructions)]);
    res.setHeader(SESSION_HEADER, session.id);
    sendAnswer(res, accepted, writeReply(frame.id, { result: objectOf(result) }));
  }

  #request(req: IncomingMessage, res: ServerResponse, frame: RequestFrame, session: LegacySession, accepted: Accepts): void {
    if (frame.method === 'ping') {
      sendAnswer(res, accepted, writeReply(frame.id, { result: '{}' }));
      return;
    }
    if (session.inFlight >= this.#deps.limits.inFlightPerSession) {
      sendAnswer(res, accepted, writeReply(frame.id, { error: BUSY }));
      return;
    }
    // VS Code reads events without a message as broken ones, except on GET. It also leaves out this header.
    const prime = headerOf(req, 'mcp-protocol-version') !== undefined;
    const answer = new PostAnswer(res, accepted, this.#deps, session.principal.id, () => session.openPost(res, prime));
    const request = new LegacyRequest(session, traced(req, frame), answer);
    void answerRequest(this.#deps, request).then((reply) => request.finish(reply));
  }

  #notification(session: LegacySession, method: string, params: RawJson | undefined): void {
    if (method !== 'notifications/cancelled') {
      try {
        this.#deps.handler.notified?.(session, method, params);
      } catch (error) {
        this.#deps.report(error);
      }
      return;
    }
    const id = params === undefined ? undefined : members(params)?.get('requestId');
    if (id !== undefined && params !== undefined) session.cancel(id, params);
  }

  /** The session a request names, if it is one of this principal: an id alone opens nothing (security N7). */
  #session(req: IncomingMessage, principal: Principal): LegacySession | undefined {
    const id = headerOf(req, SESSION_HEADER);
    const session = id === undefined ? undefined : this.#deps.sessions.get(id);
    if (!(session instanceof LegacySession) || session.principal.id !== principal.id) return undefined;
    // Nor does a session change what it may see by changing its address.
    if (session.principal.profile?.name !== principal.profile?.name) return undefined;
    session.touch(principal);
    return session;
  }
}
