import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Frame, rpcError, writeReply } from '../json/frame.ts';
import { objectOf } from '../json/slice.ts';
import { declaresTasks, TASKS_NOT_DECLARED } from '../json/tasks-extension.ts';
import type { Principal, RawJson } from '../model.ts';
import { checkEnvelope, type Envelope, MODERN_VERSIONS, readEnvelope } from './envelope.ts';
import { answerRequest, BUSY, identityOf, type EraDeps, type RequestFrame, traced } from './era.ts';
import { type Accepts, accepts, refusal, refuse, sendAnswer, sendEmpty, sendJson } from './http.ts';
import { honoured, ListenStream, readFilter, type ListenFilter } from './listen-stream.ts';
import { callerId, ModernCaller } from './modern-caller.ts';
import { ModernRequest } from './modern-request.ts';
import { modernResult } from './modern-result.ts';
import { type AnswerStream, PostAnswer } from './post-answer.ts';
import { SseStream } from './sse-stream.ts';

/** Methods of the legacy era that this one took out; the handler knows them, so they end here. */
const REMOVED: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
]);

/** The stateless era (MCP 2026-07-28): each request says by itself who sends it and what it can do. */
export class ModernEra {
  readonly #deps: EraDeps;

  constructor(deps: EraDeps) {
    this.#deps = deps;
  }

  /** Serves one POSTed message. */
  post(req: IncomingMessage, res: ServerResponse, frame: Frame, principal: Principal): void {
    if (frame.kind === 'notification') {
      // Clients of this era have nothing to notify a server of: taken, and that is all.
      sendEmpty(res, 202);
      return;
    }
    if (frame.kind !== 'request') {
      refuse(res, { status: 400, code: -32600, message: 'Nothing was asked that this could answer' });
      return;
    }
    const envelope = readEnvelope(frame.params);
    if ('status' in envelope) {
      refuse(res, envelope, frame.id);
      return;
    }
    const problem = checkEnvelope(req, frame.method, frame.params, envelope);
    if (problem !== undefined) refuse(res, problem, frame.id);
    else if (REMOVED.has(frame.method)) refuse(res, { status: 404, code: -32601, message: 'Method not found' }, frame.id);
    else this.#serve(req, res, traced(req, frame), envelope, principal);
  }

  #serve(req: IncomingMessage, res: ServerResponse, frame: RequestFrame, envelope: Envelope, principal: Principal): void {
    const accepted = accepts(req);
    const caller = this.#caller(principal, envelope);
    if (caller === undefined) refuse(res, refusal(503, 'Too many sessions at work'), frame.id);
    else if (frame.method === 'server/discover') this.#discover(res, frame, principal, accepted);
    else if (frame.method === 'subscriptions/listen') this.#listen(res, frame, caller, accepted);
    else if (caller.inFlight >= this.#deps.limits.inFlightPerSession) {
      sendAnswer(res, accepted, writeReply(frame.id, { error: BUSY }));
    } else {
      const answer = new PostAnswer(res, accepted, this.#deps, caller.principal.id, () => this.#openStream(res));
      const request = new ModernRequest(caller, frame, { req, res, answer }, { logs: envelope.logs, serverInfo: this.#deps.serverInfo });
      void answerRequest(this.#deps, request).then((reply) => request.finish(reply));
    }
  }

  /** The caller a request comes from, remembered from earlier requests; undefined when the table has no room. */
  #caller(principal: Principal, envelope: Envelope): ModernCaller | undefined {
    const client = { ...identityOf(envelope.clientInfo), capabilities: envelope.capabilities, protocolVersion: envelope.protocolVersion };
    const id = callerId(principal, client);
    const known = this.#deps.sessions.get(id);
    if (known instanceof ModernCaller) {
      known.touch(principal);
      return known;
    }
    const caller = new ModernCaller(id, principal, client, (self, uris) => this.#listening(self, uris));
    return this.#deps.sessions.add(caller) ? caller : undefined;
  }

  #discover(res: ServerResponse, frame: RequestFrame, principal: Principal, accepted: Accepts): void {
    const { capabilities, instructions } = this.#deps.handler.describe(principal, 'modern');
    const result: [string, RawJson][] = [
      ['supportedVersions', JSON.stringify(MODERN_VERSIONS)],
      ['capabilities', capabilities],
    ];
    if (instructions !== undefined) result.push(['instructions', JSON.stringify(instructions)]);
    const complete = modernResult(frame.method, objectOf(result), this.#deps.serverInfo);
    sendAnswer(res, accepted, writeReply(frame.id, { result: complete }));
  }

  #listen(res: ServerResponse, frame: RequestFrame, caller: ModernCaller, accepted: Accepts): void {
    const { limits, handler } = this.#deps;
    const filter = readFilter(frame.params);
    if (!accepted.stream) {
      refuse(res, refusal(406, 'Accept must list text/event-stream'), frame.id);
    } else if (filter === undefined) {
      const error = rpcError(-32602, 'subscriptions/listen needs params.notifications, an object of booleans and resourceSubscriptions');
      sendAnswer(res, accepted, writeReply(frame.id, { error }));
    } else if (caller.listens >= limits.listensPerCaller) {
      sendAnswer(res, accepted, writeReply(frame.id, { error: rpcError(-32000, 'Too many listen streams are open') }));
    } else if (filter.tasks.size === 0) {
      this.#open(res, frame.id, caller, filter, new Set());
    } else if (!declaresTasks(caller.capabilities)) {
      sendJson(res, 400, writeReply(frame.id, { error: TASKS_NOT_DECLARED }));
    } else {
      // What becomes of a task is told once: it is acknowledged when its server tells of it.
      const hearing = handler.hear?.(caller, filter.tasks) ?? Promise.resolve(new Set<string>());
      void hearing.then((tasks) => {
        if (!res.destroyed && caller.listens < limits.listensPerCaller) return this.#open(res, frame.id, caller, filter, tasks);
        handler.unhear?.(caller, tasks);
        res.destroy();
      });
    }
  }

  #open(res: ServerResponse, id: RawJson, caller: ModernCaller, filter: ListenFilter, tasks: ReadonlySet<string>): void {
    const { handler, limits, serverInfo } = this.#deps;
    const wanted = honoured(filter, handler.describe(caller.principal, 'modern').capabilities, tasks);
    const stream = new ListenStream(res, id, wanted, serverInfo, limits, () => {
      caller.removeListen(stream);
      if (tasks.size > 0) handler.unhear?.(caller, tasks);
    });
    caller.addListen(stream);
  }

  #listening(caller: ModernCaller, uris: ReadonlySet<string>): void {
    try {
      this.#deps.handler.listening?.(caller, uris);
    } catch (error) {
      this.#deps.report(error);
    }
  }

  #openStream(res: ServerResponse): AnswerStream {
    const stream = new SseStream(res, this.#deps.limits, () => undefined);
    return {
      send: (message) => stream.send(message),
      congestion: () => stream.congestion(),
      finish: (message) => {
        stream.send(message);
        stream.end();
      },
    };
  }
}
