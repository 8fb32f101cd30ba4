import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, VestibuleError } from '../../errors.ts';
import { readFrame, rpcError, writeNotification, writeReply, writeRequest, type Frame } from '../../json/frame.ts';
import { members, stringOf } from '../../json/slice.ts';
import type { RawJson } from '../../model.ts';
import { mirrorHeaders } from '../../upstream/dialect.ts';
import { bodyOf, mediaType, messagesOf, NotReachedError } from './exchange.ts';
import type { GatewayLink } from './gateway-link.ts';
import { sessionHeaders, type BridgeSession } from './session.ts';

const MAX_DEPTH = 64;
const POST_HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' } as const;
const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';
/** A stream that ends is opened again after this time, in milliseconds. */
const REOPEN_MS = 200;
const GOODBYE_MS = 1_500;
/** The gateway's own code for what it could not do. */
const CANNOT = -32000;

type Request = Extract<Frame, { kind: 'request' }>;

/** What a bridge works with. */
export interface BridgeOptions {
  readonly link: GatewayLink;
  /** Writes one message to the client. */
  readonly send: (line: string) => void;
  readonly log: (message: string) => void;
}

/**
 * Carries messages between a client on stdio and the gateway's HTTP endpoint, both eras as they are. When the gateway
 * restarts, a session is opened anew as the client had opened it, and requests that were not seen are sent again.
 */
export class Bridge {
  readonly #options: BridgeOptions;
  readonly #stop = new AbortController();
  /** Requests of the client under way, by raw id; aborting one closes its response. */
  readonly #running = new Map<RawJson, { readonly modern: boolean; readonly abort: AbortController; readonly done: Promise<void> }>();
  /** What the client opened its session with. */
  #opening: { readonly params: RawJson | undefined; acknowledged: boolean } | undefined;
  #session: Promise<BridgeSession> | undefined;
  /** Notifications and replies, one after another. */
  #line: Promise<unknown> = Promise.resolve();
  #lastOwnId = 0;

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  /** Takes one message of the client. */
  receive(text: string): void {
    const frame = readFrame(text, MAX_DEPTH);
    if (frame.kind === 'invalid') {
      this.#options.send(writeReply('null', { error: rpcError(frame.problem === 'not-json' ? -32700 : -32600, `No message of JSON-RPC 2.0: ${frame.problem}`) }));
    } else if (frame.kind === 'request') {
      this.#start(frame, text);
    } else if (frame.kind === 'notification' && frame.method === 'notifications/cancelled' && this.#cancelModern(frame.params)) {
      return;
    } else {
      const then = this.#line.then(() => this.#pass(frame, text));
      this.#line = then.catch((error: unknown) => this.#options.log(`A message could not be passed on: ${messageOf(error)}`));
    }
  }

  /** Resolves when nothing is under way, or after `graceMs` milliseconds. */
  async settled(graceMs: number): Promise<void> {
    const all = Promise.all([this.#line, ...[...this.#running.values()].map(({ done }) => done)]);
    await Promise.race([all, delay(graceMs, undefined, { ref: false })]);
  }

  /** Ends everything, and the session too. */
  async close(): Promise<void> {
    this.#stop.abort();
    for (const { abort } of this.#running.values()) abort.abort();
    const session = await this.#session?.catch(() => undefined);
    if (session?.id === undefined) return;
    const { response } = await this.#options.link
      .send({ method: 'DELETE', url: session.url, headers: sessionHeaders(session), signal: AbortSignal.timeout(GOODBYE_MS) })
      .catch(() => ({ response: undefined }));
    response?.resume();
  }

  #start(frame: Request, text: string): void {
    const abort = new AbortController();
    const modern = versionOf(frame.params);
    const run = modern !== undefined ? this.#modern(frame, text, modern, abort.signal) : frame.method === 'initialize' ? this.#initialize(frame) : this.#legacy(frame, text, abort.signal);
    const done = run
      .catch((error: unknown) => {
        // Nobody waits for the answer to what was cancelled.
        if (!abort.signal.aborted) this.#options.send(writeReply(frame.id, { error: rpcError(CANNOT, sentence(error)) }));
      })
      .finally(() => {
        if (this.#running.get(frame.id)?.abort === abort) this.#running.delete(frame.id);
      });
    this.#running.set(frame.id, { modern: modern !== undefined, abort, done });
  }

  // ——— the modern era: no session, each request by itself ———

  async #modern(frame: Request, text: string, version: string, signal: AbortSignal): Promise<void> {
    const headers = { ...POST_HEADERS, 'mcp-protocol-version': version, ...mirrorHeaders(frame.method, frame.params === undefined ? undefined : members(frame.params)) };
    for (;;) {
      const { response } = await this.#options.link.send({ method: 'POST', headers, body: text, signal });
      try {
        if (await this.#answer(frame, response)) return;
      } catch (error) {
        if (frame.method !== 'subscriptions/listen' || signal.aborted) throw error;
      }
      // Listening goes on for as long as the client wants it to, whatever becomes of the gateway.
      if (frame.method !== 'subscriptions/listen') throw ended();
      await delay(REOPEN_MS, undefined, { signal });
    }
  }

  /** Closing the response is how a request of the modern era is cancelled. @returns whether it was one */
  #cancelModern(params: RawJson | undefined): boolean {
    const id = params === undefined ? undefined : members(params)?.get('requestId');
    const running = id === undefined ? undefined : this.#running.get(id);
    if (running?.modern !== true) return false;
    running.abort.abort();
    return true;
  }

  // ——— the legacy era: one session ———

  async #initialize(frame: Request): Promise<void> {
    this.#opening = { params: frame.params, acknowledged: false };
    const opened = this.#open(frame.id, frame.params, (answer) => this.#options.send(answer));
    this.#session = opened;
    opened.catch(() => {
      if (this.#session === opened) this.#session = undefined;
    });
    await opened;
  }

  async #open(id: RawJson, params: RawJson | undefined, onAnswer: (answer: string) => void): Promise<BridgeSession> {
    const { url, response } = await this.#options.link.send({ method: 'POST', headers: POST_HEADERS, body: writeRequest(id, 'initialize', params), signal: this.#stop.signal });
    let session: BridgeSession | undefined;
    await this.#answer({ kind: 'request', id, method: 'initialize', params }, response, (answer) => {
      const result = members(members(answer)?.get('result') ?? '{}');
      const header = response.headers['mcp-session-id'];
      session = { url, id: typeof header === 'string' ? header : undefined, version: stringOf(result?.get('protocolVersion')), capabilities: result?.get('capabilities') ?? '{}' };
      onAnswer(answer);
    });
    if (session === undefined) throw ended();
    return session;
  }

  async #legacy(frame: Request, text: string, signal: AbortSignal): Promise<void> {
    // What was notified before it comes before it.
    await this.#line;
    for (let again = true; ; again = false) {
      const { response } = await this.#sendInSession(text, signal);
      // A session that ended meanwhile has not seen the request.
      if (response.statusCode === 404 && again) {
        response.resume();
        continue;
      }
      if (!(await this.#answer(frame, response))) throw ended();
      return;
    }
  }

  async #pass(frame: Frame, text: string): Promise<void> {
    const opening = this.#opening;
    // Clients of the modern era have nothing to notify of.
    if (opening === undefined || this.#session === undefined) return;
    const { response } = await this.#sendInSession(text, this.#stop.signal);
    response.resume();
    if (frame.kind === 'notification' && frame.method === 'notifications/initialized' && !opening.acknowledged) {
      opening.acknowledged = true;
      this.#listen(await this.#session);
    }
  }

  /** Sends a message in the session; a gateway that restarted is opened a new one at first. */
  async #sendInSession(text: string, signal: AbortSignal): Promise<{ readonly response: IncomingMessage }> {
    for (;;) {
      const current = this.#session;
      if (current === undefined) throw new VestibuleError('bad-json', 'The client has not opened a session.', { action: 'Send initialize first.' });
      const session = await current;
      try {
        const reached = await this.#options.link.send({ method: 'POST', url: session.url, headers: { ...POST_HEADERS, ...sessionHeaders(session) }, body: text, signal });
        if (reached.response.statusCode === 404) this.#renew(current);
        return reached;
      } catch (error) {
        if (!(error instanceof NotReachedError)) throw error;
        this.#renew(current);
      }
    }
  }

  /** Opens a new session in the place of one that is gone, once, as the client had opened it. */
  #renew(gone: Promise<BridgeSession>): void {
    const opening = this.#opening;
    if (this.#session !== gone || opening === undefined || this.#stop.signal.aborted) return;
    const renewed = this.#open(`"vestibule-bridge-${++this.#lastOwnId}"`, opening.params, () => undefined).then(async (session) => {
      if (opening.acknowledged) {
        const { response } = await this.#options.link.send({ method: 'POST', url: session.url, headers: { ...POST_HEADERS, ...sessionHeaders(session) }, body: writeNotification('notifications/initialized', undefined), signal: this.#stop.signal });
        response.resume();
        this.#listen(session);
        this.#tellOfChanges(session);
      }
      return session;
    });
    this.#session = renewed;
    // One that did not open is tried anew by the next message.
    renewed.catch((error: unknown) => {
      if (!this.#stop.signal.aborted) this.#options.log(`The gateway is gone: ${sentence(error)}`);
      if (this.#session === renewed) this.#session = gone;
    });
  }

  /** Another gateway may list other things. */
  #tellOfChanges({ capabilities }: BridgeSession): void {
    const declared = members(capabilities);
    for (const kind of ['tools', 'prompts', 'resources']) {
      if (members(declared?.get(kind) ?? '{}')?.get('listChanged') === 'true') this.#options.send(writeNotification(`notifications/${kind}/list_changed`, undefined));
    }
  }

  /** Follows the stream of what belongs to no request, until the session is gone. */
  #listen(session: BridgeSession): void {
    void this.#follow(session).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) this.#options.log(`Changes are not heard of: ${messageOf(error)}`);
    });
  }

  async #follow(session: BridgeSession): Promise<void> {
    const { signal } = this.#stop;
    for (;;) {
      const current = this.#session;
      if (current === undefined || (await current) !== session) return;
      try {
        const { response } = await this.#options.link.send({ method: 'GET', url: session.url, headers: { accept: 'text/event-stream', ...sessionHeaders(session) }, signal });
        if (response.statusCode !== 200) {
          response.resume();
          if (response.statusCode === 404) this.#renew(current);
          return;
        }
        await messagesOf(response, (text) => this.#deliver(text));
      } catch (error) {
        if (signal.aborted) return;
        // The process is gone: its successor is met now, so that the client hears of what is new there.
        if (error instanceof NotReachedError) return this.#renew(current);
      }
      await delay(REOPEN_MS, undefined, { signal });
    }
  }

  // ——— answers ———

  /** Passes on what a response holds. @returns whether the answer was in it */
  async #answer(frame: Request, response: IncomingMessage, onAnswer: (text: string) => void = (text) => this.#options.send(text)): Promise<boolean> {
    const answers: string[] = [];
    const take = (text: string): void => {
      const message = oneLine(text);
      const read = readFrame(message, MAX_DEPTH);
      if (read.kind === 'invalid') return;
      if ((read.kind !== 'result' && read.kind !== 'error') || read.id !== frame.id) this.#options.send(message);
      else if (answers.push(message) === 1) onAnswer(message);
    };
    if (mediaType(response) === 'text/event-stream') await messagesOf(response, take);
    else {
      const text = await bodyOf(response);
      const status = response.statusCode ?? 0;
      if (status === 401) throw refused();
      if (status < 400 || isAnswerTo(text, frame.id)) take(text);
      else throw new VestibuleError('http-status', `The gateway refused the request (HTTP ${status}).`, { action: 'Look at its log.' });
    }
    return answers.length > 0;
  }

  #deliver(text: string): void {
    const message = oneLine(text);
    if (readFrame(message, MAX_DEPTH).kind !== 'invalid') this.#options.send(message);
  }
}

/** The revision that a message of the modern era names in its envelope. */
function versionOf(params: RawJson | undefined): string | undefined {
  const meta = params === undefined ? undefined : members(params)?.get('_meta');
  return meta === undefined ? undefined : stringOf(members(meta)?.get(VERSION_KEY));
}

function isAnswerTo(text: string, id: RawJson): boolean {
  const read = readFrame(text, MAX_DEPTH);
  return (read.kind === 'result' || read.kind === 'error') && read.id === id;
}

/** Line breaks between tokens would end a line of stdio too early. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}

function sentence(error: unknown): string {
  return VestibuleError.is(error) ? `${error.message} ${error.action}` : `The connection to the gateway failed: ${messageOf(error)}. The request may have been carried out or not.`;
}

function ended(): VestibuleError {
  return new VestibuleError('connection-failed', 'The gateway ended before it answered.', { action: 'The request may have been carried out or not: check before sending it again.' });
}

function refused(): VestibuleError {
  return new VestibuleError('auth-required', 'The gateway does not know the token of this agent: it was revoked, or has expired.', { action: 'Connect the agent again.' });
}
