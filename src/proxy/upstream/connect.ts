import type { ResolvedTransport } from '../config/types.ts';
import { VestibuleError } from '../errors.ts';
import { stoppedWhileStarting, UpstreamError } from './failure.ts';
import { dialableUrl, shownUrl } from './http/dial-guard.ts';
import { HttpClient } from './http/http-client.ts';
import { httpFailure } from './http/http-failure.ts';
import { HttpAnswerError } from './http/response.ts';
import { SseLeg } from './http/sse-leg.ts';
import { StreamableHttpLeg } from './http/streamable-leg.ts';
import type { Credentials } from './keys.ts';
import { negotiate } from './negotiate.ts';
import { RpcConnection } from './rpc-connection.ts';
import { launch } from './stdio/launch.ts';
import { StdioLeg } from './stdio/stdio-leg.ts';
import type { WriteLog } from './throttled-log.ts';
import { UpstreamCallError, type ConnectionProfile, type UpstreamConnection } from './types.ts';

/** How a connection is made. */
export interface ConnectOptions {
  readonly profile: ConnectionProfile;
  /** Answers what the server asks; it may ask as soon as it hears that the handshake is over. */
  readonly asked: UpstreamConnection['onRequest'];
  /** Milliseconds a server may take over the handshake. */
  readonly handshakeMs: number;
  readonly signal: AbortSignal;
  /** Throws when the launch is not approved; called right before each spawn and dial. */
  readonly gate: () => void;
  readonly log: WriteLog;
  /** Where launched processes are recorded. */
  readonly stateDir: string;
  /** What requests over HTTP carry to be let in. */
  readonly credentials?: Credentials | undefined;
}

type Stdio = Extract<ResolvedTransport, { readonly type: 'stdio' }>;
type Http = Exclude<ResolvedTransport, Stdio>;

/**
 * Opens and negotiates one connection to an upstream. When it fails or is aborted, nothing of it is left.
 * @throws VestibuleError with a launch, handshake or transport reason; UpstreamError where there is evidence
 */
export function connectUpstream(transport: ResolvedTransport, options: ConnectOptions): Promise<RpcConnection> {
  return transport.type === 'stdio' ? connectStdio(transport, options) : connectHttp(transport, options);
}

async function connectStdio(transport: Stdio, options: ConnectOptions): Promise<RpcConnection> {
  const child = await launch(transport, options.signal, options.gate, options.stateDir);
  const connection = new RpcConnection((sink) => new StdioLeg(child, sink, options.log), options.log);
  try {
    await handshake(connection, options);
    return connection;
  } catch (error) {
    const failure = stdioFailure(error, connection, options);
    await connection.close();
    // Some servers end themselves over a request before initialize, such as the probe for the modern era.
    if (options.profile.prefer === 'modern' && connection.end !== undefined) return await connectStdio(transport, legacyFirst(options));
    throw failure;
  }
}

async function connectHttp(transport: Http, options: ConnectOptions): Promise<RpcConnection> {
  const url = dialableUrl(transport.url);
  if (transport.type === 'sse') return openHttp(SseLeg, url, transport, legacyFirst(options));
  try {
    return await openHttp(StreamableHttpLeg, url, transport, options);
  } catch (error) {
    if (!mayBeSse(error)) throw error;
    // What the first attempt met is what a person should hear when this is no HTTP+SSE server either.
    return await openHttp(SseLeg, url, transport, legacyFirst(options)).catch((second: unknown) => {
      throw VestibuleError.is(second, 'launch-not-approved') || VestibuleError.is(second, 'disposed') ? second : error;
    });
  }
}

async function openHttp(Leg: typeof StreamableHttpLeg | typeof SseLeg, url: URL, transport: Http, options: ConnectOptions): Promise<RpcConnection> {
  options.gate();
  const client = new HttpClient(transport.headers, options.credentials);
  const connection = new RpcConnection((sink) => new Leg(url, client, sink, options.log), options.log);
  try {
    await handshake(connection, options);
    return connection;
  } catch (error) {
    await connection.close();
    throw httpErrorOf(error, url, options);
  }
}

async function handshake(connection: RpcConnection, options: ConnectOptions): Promise<void> {
  connection.onRequest = options.asked;
  await negotiate(connection, {
    profile: options.profile,
    timeoutMs: options.handshakeMs,
    signal: options.signal,
  });
  if (connection.end !== undefined) throw connection.end.error;
}

function legacyFirst(options: ConnectOptions): ConnectOptions {
  return { ...options, profile: { ...options.profile, prefer: 'legacy' } };
}

/** An HTTP+SSE server answers the first POST with a 4xx (spec 2025-03-26 §backwards compatibility). */
function mayBeSse(failure: unknown): boolean {
  const answer = failure instanceof UpstreamError ? failure.cause : undefined;
  if (!(answer instanceof HttpAnswerError) || answer.kind !== 'http-status') return false;
  const status = answer.status ?? 0;
  return status >= 400 && status < 500;
}

function stdioFailure(error: unknown, connection: RpcConnection, options: ConnectOptions): unknown {
  if (options.signal.aborted) return stoppedWhileStarting();
  if (connection.end !== undefined) return exitedEarly(connection.end.error);
  if (!(error instanceof UpstreamCallError)) return error;
  const evidence = connection.evidence();
  const noise = evidence.some((line) => line.startsWith('stdout: '));
  if (error.kind === 'timeout') {
    const seconds = options.handshakeMs / 1000;
    return noise
      ? new UpstreamError('handshake-timeout', `The server wrote text to stdout that is not MCP, and did not answer initialize within ${seconds} s.`, {
          action: 'Check that its command starts an MCP server on stdio, with nothing else writing to stdout.',
          code: 'stdout-noise',
          evidence,
          cause: error,
        })
      : new UpstreamError('handshake-timeout', `The server did not answer initialize within ${seconds} s.`, {
          action: 'Check that its command starts an MCP server on stdio; a first start may still be downloading, then start it again.',
          evidence,
          cause: error,
        });
  }
  return new UpstreamError('handshake-failed', `The server did not complete the handshake: ${error.message}`, {
    action: 'Read its log and check its command and arguments.',
    ...(noise && { code: 'stdout-noise' }),
    evidence,
    cause: error,
  });
}

function exitedEarly(error: UpstreamError): UpstreamError {
  return new UpstreamError(error.reason, error.message.replace(/\.$/, ' before it answered initialize.'), { action: error.action, evidence: error.evidence, cause: error });
}

function httpErrorOf(error: unknown, url: URL, options: ConnectOptions): unknown {
  if (options.signal.aborted) return stoppedWhileStarting();
  if (!(error instanceof UpstreamCallError)) return error;
  if (error.kind !== 'timeout') return httpFailure(error, url);
  return new UpstreamError('handshake-timeout', `${shownUrl(url)} did not answer within ${options.handshakeMs / 1000} s.`, {
    action: 'Check that the URL is the MCP endpoint of this server, and that the server is well.',
    cause: error,
  });
}
