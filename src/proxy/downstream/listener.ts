import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SessionSnapshot } from '../api.ts';
import { messageOf, VestibuleError } from '../errors.ts';
import type { Principal } from '../model.ts';
import type { GatewayOptions } from '../options.ts';
import type { EraDeps } from './era.ts';
import type { GuardPolicy } from './guard.ts';
import { refusal, refuseUnread } from './http.ts';
import { LegacyEra } from './legacy.ts';
import { DEFAULT_LIMITS, type ListenerLimits } from './limits.ts';
import { hostsAt, listenOnLoopback, LOOPBACK } from './loopback.ts';
import { ModernEra } from './modern.ts';
import { RefusalLog } from './refusal-log.ts';
import { MCP_PATH, Router } from './router.ts';
import { type ServerInfo, writeServerInfo } from './server-info.ts';
import { SessionTable } from './session-table.ts';
import type { AgentHandler, Authenticator, Endpoint } from './types.ts';
import { UnreadAnswers } from './unread-answers.ts';

/** What an endpoint is made from. */
export interface ListenerOptions {
  readonly handler: AgentHandler;
  readonly authenticator: Authenticator;
  /** Port to try first; 0 lets the system choose. */
  readonly port: number;
  /** When true a taken `port` is an error instead of a reason to take another. */
  readonly portRequired: boolean;
  readonly serverInfo: ServerInfo;
  /** The principal as it is behind the profile of this name (`/mcp/p/<name>`); without it there are none. */
  readonly profile?: (principal: Principal, name: string) => Principal | undefined;
  /** What `/metrics` answers the owner; without it, or while it gives undefined, there is no such path. */
  readonly metrics?: () => Promise<string> | undefined;
  readonly log: GatewayOptions['log'];
  /** Bounds other than the defaults; for tests. */
  readonly limits?: Partial<ListenerLimits>;
}

/** The agent side of the proxy: one HTTP endpoint on localhost that speaks both eras. */
export interface Listener {
  /** Where it listens; undefined before and after. */
  readonly endpoint: Endpoint | undefined;
  /** Starts listening if it is not yet. @throws VestibuleError `cannot-bind`, `disposed` */
  listen(): Promise<Endpoint>;
  /** Every agent known now: legacy sessions and callers of the modern era. */
  sessions(): readonly SessionSnapshot[];
  /** Ends the sessions and streams of a principal whose token is no longer valid. */
  revoke(principalId: string): void;
  /**
   * Accepts nothing new, ends open streams, lets requests finish for `graceMs` milliseconds, cancels what is left
   * and resolves when the last connection is closed.
   */
  close(graceMs: number): Promise<void>;
}

/** Makes an endpoint that does not listen yet. */
export function createListener(options: ListenerOptions): Listener {
  return new HttpListener(options);
}

/** Milliseconds for the last answers to leave the process. */
const FLUSH_MS = 500;

const SHUTTING_DOWN = refusal(503, 'Shutting down');

class HttpListener implements Listener {
  readonly #options: ListenerOptions;
  readonly #limits: ListenerLimits;
  readonly #sessions: SessionTable;
  readonly #server: Server;
  readonly #hosts = new Set<string>();
  readonly #origins = new Set<string>();
  /** Responses not yet handed to the network. */
  readonly #open = new Set<ServerResponse>();
  #endpoint: Endpoint | undefined;
  #listening: Promise<Endpoint> | undefined;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    const report = (error: unknown): void => options.log('error', 'An agent request failed inside', { error: messageOf(error) });
    this.#sessions = new SessionTable(options.handler, this.#limits, report);
    this.#server = this.#createServer(this.#createRouter(report));
  }

  get endpoint(): Endpoint | undefined {
    return this.#closing === undefined ? this.#endpoint : undefined;
  }

  listen(): Promise<Endpoint> {
    this.#listening ??= this.#bind().catch((error: unknown) => {
      // The next attempt may find the port free.
      this.#listening = undefined;
      throw error;
    });
    return this.#listening;
  }

  sessions(): readonly SessionSnapshot[] {
    return this.#sessions.snapshots();
  }

  revoke(principalId: string): void {
    this.#sessions.endOf(principalId);
  }

  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#end(graceMs);
    return this.#closing;
  }

  #createRouter(report: (error: unknown) => void): Router {
    const { handler, authenticator, profile, metrics, serverInfo, log } = this.#options;
    const era: EraDeps = { handler, sessions: this.#sessions, limits: this.#limits, unread: new UnreadAnswers(this.#limits), serverInfo: writeServerInfo(serverInfo), report };
    const policy: GuardPolicy = { hosts: this.#hosts, origins: this.#origins };
    const refusals = new RefusalLog(log);
    return new Router({
      policy,
      authenticator,
      profile: profile ?? (() => undefined),
      metrics: metrics ?? (() => undefined),
      legacy: new LegacyEra(era),
      modern: new ModernEra(era),
      limits: this.#limits,
      refused: (why) => refusals.add(why),
      report,
    });
  }

  #createServer(router: Router): Server {
    const { headerBytes, headersTimeoutMs, requestTimeoutMs, checkIntervalMs, keepAliveTimeoutMs, connections } = this.#limits;
    const server = createServer({
      maxHeaderSize: headerBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: checkIntervalMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      insecureHTTPParser: false,
      requireHostHeader: true,
    });
    // The size of the headers is bounded; dropping some of them silently would blind the guard.
    server.maxHeadersCount = 0;
    server.maxConnections = connections;
    server.on('request', (req, res) => this.#serve(router, req, res));
    server.on('clientError', refuseBroken);
    server.on('connect', (_req, socket: Duplex) => refuseSocket(socket, '405 Method Not Allowed'));
    return server;
  }

  #serve(router: Router, req: IncomingMessage, res: ServerResponse): void {
    this.#open.add(res);
    res.once('close', () => {
      this.#open.delete(res);
      if (this.#open.size === 0) this.#drained?.();
    });
    if (this.#closing === undefined) router.handle(req, res);
    else refuseUnread(req, res, SHUTTING_DOWN, this.#limits.bodyBytes);
  }

  async #bind(): Promise<Endpoint> {
    if (this.#closing !== undefined) throw new VestibuleError('disposed', 'The endpoint is closed.', { action: 'Start Vestibule again.' });
    const { port, portRequired } = this.#options;
    let bound: number;
    try {
      bound = await this.#tryPort(port);
    } catch (error) {
      if (port === 0 || portRequired) throw cannotBind(port, error);
      this.#options.log('warn', 'The port is taken; another one is used', { port });
      bound = await this.#tryPort(0).catch((second: unknown) => {
        throw cannotBind(0, second);
      });
    }
    this.#allow(bound);
    this.#endpoint = { url: `http://${LOOPBACK}:${bound}${MCP_PATH}`, port: bound };
    return this.#endpoint;
  }

  #allow(port: number): void {
    // Nobody needs a token here: the endpoint is for test clients, and those name it as their origin.
    const open = this.#options.authenticator.authenticate(undefined) !== undefined;
    for (const host of hostsAt(port)) {
      this.#hosts.add(host);
      if (open) this.#origins.add(`http://${host}`);
    }
  }

  #tryPort(port: number): Promise<number> {
    return listenOnLoopback(this.#server, port, (error) => this.#options.log('error', 'The endpoint failed', { error: error.message }));
  }

  async #end(graceMs: number): Promise<void> {
    await this.#listening?.catch(() => undefined);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#sessions.endStreams();
    await this.#finished(graceMs);
    this.#sessions.close();
    await this.#finished(FLUSH_MS);
    this.#server.closeAllConnections();
    await closed;
  }

  /** Resolves when every response is through, or after `ms` milliseconds. */
  async #finished(ms: number): Promise<void> {
    if (this.#open.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }
}

const BROKEN: ReadonlyMap<string | undefined, string> = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
]);

/** What the parser could not read as one plain request ends with its connection (security N11). */
function refuseBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
  refuseSocket(socket, BROKEN.get(error.code) ?? '400 Bad Request');
}

function refuseSocket(socket: Duplex, status: string): void {
  // Behind an earlier response the status could be taken for a part of it.
  const fresh = socket instanceof Socket && socket.bytesWritten === 0;
  if (!socket.writable || !fresh) socket.destroy();
  else socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

function cannotBind(port: number, cause: unknown): VestibuleError {
  const what = port === 0 ? 'any port' : `port ${port}`;
  return new VestibuleError('cannot-bind', `Cannot listen on ${LOOPBACK}, ${what}: ${messageOf(cause)}`, {
    action: port === 0 ? 'Check what keeps this program from listening on localhost.' : 'Free the port, or choose another with --port.',
    cause,
  });
}
