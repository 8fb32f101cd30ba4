import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Frame, type FrameProblem, readFrame } from '../json/frame.ts';
import type { Principal } from '../model.ts';
import { readBody } from './body.ts';
import { claimsVersion } from './envelope.ts';
import { guardContent, type GuardPolicy, guardRequest, tooLarge } from './guard.ts';
import { headerOf, type Refusal, refusal, refuse, refuseUnread, sendJson, sendText } from './http.ts';
import { isLegacyVersion, type LegacyEra } from './legacy.ts';
import type { ListenerLimits } from './limits.ts';
import type { ModernEra } from './modern.ts';
import type { Authenticator } from './types.ts';

/** The path that speaks MCP. */
export const MCP_PATH = '/mcp';
/** Where Prometheus looks (contract §3). */
const METRICS_PATH = '/metrics';
/** Prometheus' text format. */
const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
/** Before the name of a profile: the same endpoint, showing less. */
const PROFILE_PATH = `${MCP_PATH}/p/`;

/** What a request passes on its way to an era. */
export interface RouterDeps {
  readonly policy: GuardPolicy;
  readonly authenticator: Authenticator;
  /** The principal as it is behind the profile of this name; undefined when there is none. */
  readonly profile: (principal: Principal, name: string) => Principal | undefined;
  /** What `/metrics` answers; undefined while metrics are off. */
  readonly metrics: () => Promise<string> | undefined;
  readonly legacy: LegacyEra;
  readonly modern: ModernEra;
  readonly limits: ListenerLimits;
  /** Hears of every request that is turned away before it reaches an era. */
  readonly refused: (why: Refusal) => void;
  /** Hears what went wrong inside. */
  readonly report: (error: unknown) => void;
}

const NOT_FOUND = refusal(404, 'Not found');
/** Plain: nothing here hands out tokens, and clients must not go looking for who does (contract §3). */
const UNAUTHORIZED = refusal(401, 'A valid bearer token is required', { 'www-authenticate': 'Bearer' });

const PROBLEMS: Readonly<Record<FrameProblem, Refusal>> = {
  'not-json': { status: 400, code: -32700, message: 'Parse error' },
  'too-deep': { status: 400, code: -32700, message: 'Parse error: nested too deep' },
  batch: { status: 400, code: -32600, message: 'Batches are not supported' },
  'not-jsonrpc': { status: 400, code: -32600, message: 'Not a JSON-RPC 2.0 message' },
};
const NOT_UTF8: Refusal = { status: 400, code: -32700, message: 'Parse error: not UTF-8' };
const INTERNAL: Refusal = { status: 500, code: -32603, message: 'Internal error' };

/** Takes each HTTP request through the checks in their order, and hands what passes to its era. */
export class Router {
  readonly #deps: RouterDeps;

  constructor(deps: RouterDeps) {
    this.#deps = deps;
  }

  /** Answers one HTTP request, whatever it is. Never throws. */
  handle(req: IncomingMessage, res: ServerResponse): void {
    this.#safely(res, () => {
      this.#turnAwayIf(req, res, guardRequest(req, this.#deps.policy) ?? this.#route(req, res));
    });
  }

  #route(req: IncomingMessage, res: ServerResponse): Refusal | undefined {
    const path = req.url ?? '';
    if (path === '/health' && req.method === 'GET') {
      sendJson(res, 200, '{"status":"ok"}');
      return undefined;
    }
    if (path.startsWith('/.well-known/')) return NOT_FOUND;
    const caller = this.#deps.authenticator.authenticate(req.headers.authorization);
    if (!(caller instanceof Promise)) return this.#enter(req, res, caller);
    caller.then(
      (known) => {
        // A client that went away meanwhile is not answered.
        if (!res.destroyed) this.#safely(res, () => this.#turnAwayIf(req, res, this.#enter(req, res, known)));
      },
      (error: unknown) => {
        this.#deps.report(error);
        this.#turnAway(req, res, UNAUTHORIZED);
      },
    );
    return undefined;
  }

  #enter(req: IncomingMessage, res: ServerResponse, caller: Principal | undefined): Refusal | undefined {
    const path = req.url ?? '';
    if (caller === undefined) return UNAUTHORIZED;
    if (path === METRICS_PATH) return this.#metrics(req, res, caller);
    const principal = this.#principalAt(path, caller);
    if (principal === undefined) return NOT_FOUND;
    switch (req.method) {
      case 'GET':
        this.#deps.legacy.get(req, res, principal);
        return undefined;
      case 'DELETE':
        this.#deps.legacy.delete(req, res, principal);
        return undefined;
      default:
        return this.#post(req, res, principal);
    }
  }

  /** For the owner only: what it tells of is everybody's. */
  #metrics(req: IncomingMessage, res: ServerResponse, { kind }: Principal): Refusal | undefined {
    const text = kind === 'agent' || req.method !== 'GET' ? undefined : this.#deps.metrics();
    if (text === undefined) return NOT_FOUND;
    text.then(
      (body) => sendText(res, METRICS_CONTENT_TYPE, body),
      (error: unknown) => {
        this.#deps.report(error);
        refuse(res, INTERNAL);
      },
    );
    return undefined;
  }

  #principalAt(path: string, caller: Principal): Principal | undefined {
    if (path === MCP_PATH) return caller;
    return path.startsWith(PROFILE_PATH) ? this.#deps.profile(caller, path.slice(PROFILE_PATH.length)) : undefined;
  }

  #post(req: IncomingMessage, res: ServerResponse, principal: Principal): Refusal | undefined {
    const { limits } = this.#deps;
    const why = guardContent(req, limits.bodyBytes);
    if (why !== undefined) return why;
    void readBody(req, limits.bodyBytes).then((body) => {
      if ('text' in body) this.#safely(res, () => this.#message(req, res, body.text, principal));
      else if (body.problem === 'too-large') this.#turnAway(req, res, tooLarge(limits.bodyBytes));
      else if (body.problem === 'not-utf8') this.#turnAway(req, res, NOT_UTF8);
    });
    return undefined;
  }

  #message(req: IncomingMessage, res: ServerResponse, text: string, principal: Principal): void {
    const frame = readFrame(text, this.#deps.limits.jsonDepth);
    if (frame.kind === 'invalid') {
      this.#deps.refused(PROBLEMS[frame.problem]);
      refuse(res, PROBLEMS[frame.problem]);
      return;
    }
    const { legacy, modern } = this.#deps;
    const era = eraOf(req, frame);
    if (era === 'legacy') legacy.post(req, res, frame, principal);
    else modern.post(req, res, frame, principal);
  }

  /** Whatever fails inside fails closed: one request is denied, the endpoint lives on. */
  #safely(res: ServerResponse, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#deps.report(error);
      if (res.headersSent) res.destroy();
      else refuse(res, INTERNAL);
    }
  }

  #turnAwayIf(req: IncomingMessage, res: ServerResponse, why: Refusal | undefined): void {
    if (why !== undefined) this.#turnAway(req, res, why);
  }

  #turnAway(req: IncomingMessage, res: ServerResponse, why: Refusal): void {
    this.#deps.refused(why);
    refuseUnread(req, res, why, 2 * this.#deps.limits.bodyBytes);
  }
}

/**
 * Which era a message belongs to (protocol §1.5): the body decides where it says so; then a version header that no
 * legacy client sends; and what is left is legacy only with a session, or to open one.
 */
function eraOf(req: IncomingMessage, frame: Frame): 'legacy' | 'modern' {
  if ('params' in frame && claimsVersion(frame.params)) return 'modern';
  if (frame.kind === 'request' && frame.method === 'initialize') return 'legacy';
  const version = headerOf(req, 'mcp-protocol-version');
  if (version !== undefined && !isLegacyVersion(version)) return 'modern';
  return headerOf(req, 'mcp-session-id') === undefined ? 'modern' : 'legacy';
}
