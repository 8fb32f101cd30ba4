import { elements, members, stringOf } from '../json/slice.ts';
import type { RawJson, RawReply } from '../model.ts';
import { legacyDialect, modernDialect } from './dialect.ts';
import { excerpt, UpstreamError } from './failure.ts';
import { HttpAnswerError } from './http/response.ts';
import type { RpcConnection } from './rpc-connection.ts';
import { serverInfo } from './server-info.ts';
import { settledWithin } from '../settled-within.ts';
import { UpstreamCallError, type ConnectionProfile } from './types.ts';

/** The newest revision with sessions: what `initialize` offers unless an agent agreed on an older one. */
export const NEWEST_LEGACY = '2025-11-25';
const MODERN_VERSION = '2026-07-28';
const UNSUPPORTED_VERSION = -32022;
/** How long a server may take over `notifications/initialized` before we go on regardless. */
const INITIALIZED_WAIT_MS = 5_000;
/** Servers of the legacy era may ignore a method they do not know, so the probe waits only this long. */
const PROBE_TIMEOUT_MS = 3_000;

/** How to introduce ourselves. */
export interface NegotiationOptions {
  readonly profile: ConnectionProfile;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The server may speak the other era only. `failure` is what to report when it does not speak that one either. */
class OtherEra {
  readonly failure: UpstreamError | UpstreamCallError;

  constructor(failure: UpstreamError | UpstreamCallError) {
    this.failure = failure;
  }
}

/**
 * Agrees with the server on an era and a revision (spec: lifecycle of the legacy era, server/discover of the modern).
 * @throws UpstreamError `handshake-failed` for an answer that does not fit, UpstreamCallError for none
 */
export async function negotiate(connection: RpcConnection, options: NegotiationOptions): Promise<void> {
  const { prefer } = options.profile;
  const first = prefer === 'legacy' ? await initialize(connection, options) : await discover(connection, options);
  if (!(first instanceof OtherEra)) return;
  const second = prefer === 'legacy' ? await discover(connection, options) : await initialize(connection, options);
  if (!(second instanceof OtherEra)) return;
  throw prefer === 'legacy' ? first.failure : second.failure;
}

async function initialize(connection: RpcConnection, options: NegotiationOptions): Promise<OtherEra | undefined> {
  connection.speak(legacyDialect(undefined));
  const { protocolVersion, capabilities, clientInfo } = options.profile;
  const params = `{"protocolVersion":${JSON.stringify(protocolVersion)},"capabilities":${capabilities},"clientInfo":${clientInfo}}`;
  const reply = await ask(connection, 'initialize', params, options, options.timeoutMs);
  if (reply instanceof OtherEra) return reply;
  if ('error' in reply) return new OtherEra(rejected('initialize', reply.error));

  const agreed = stringOf(members(reply.result)?.get('protocolVersion'));
  // Older revisions than we know differ in what they lack; newer ones are another protocol.
  if (agreed === undefined || agreed > NEWEST_LEGACY) {
    const failure = new UpstreamError('handshake-failed', `The server answered initialize with ${agreed === undefined ? 'no protocol version' : `protocol version ${excerpt(agreed, 40)}`}.`, {
      action: 'Update this server, or report this to its author.',
      evidence: [excerpt(reply.result, 500)],
    });
    if (agreed === undefined) throw failure;
    return new OtherEra(failure);
  }
  connection.settle(serverInfo('legacy', agreed, reply.result));
  connection.speak(legacyDialect(agreed));
  // The server must know before the first request, which over HTTP travels on its own.
  await settledWithin(connection.send('notifications/initialized'), INITIALIZED_WAIT_MS);
  connection.listen();
  return undefined;
}

async function discover(connection: RpcConnection, options: NegotiationOptions): Promise<OtherEra | undefined> {
  connection.speak(modernDialect(MODERN_VERSION, options.profile));
  const timeoutMs = options.profile.prefer === 'modern' ? Math.min(PROBE_TIMEOUT_MS, options.timeoutMs) : options.timeoutMs;
  const discovering = (): Promise<RawReply | OtherEra> => ask(connection, 'server/discover', undefined, options, timeoutMs);
  const first = await discovering();
  // Turned away for its version by a server that names this very version as supported: it means it the second time.
  const reply = !(first instanceof OtherEra) && 'error' in first && supportedIn(first.error).includes(MODERN_VERSION) ? await discovering() : first;
  if (reply instanceof OtherEra) return reply;
  if ('error' in reply) return new OtherEra(rejected('server/discover', reply.error));
  const versions = elements(members(reply.result)?.get('supportedVersions') ?? '') ?? [];
  if (!versions.some((version) => stringOf(version) === MODERN_VERSION)) return new OtherEra(unsupported(named(versions)));
  connection.settle(serverInfo('modern', MODERN_VERSION, reply.result));
  return undefined;
}

/** @returns OtherEra where the failure may only mean that the server does not know the method */
async function ask(connection: RpcConnection, method: string, params: RawJson | undefined, options: NegotiationOptions, timeoutMs: number): Promise<RawReply | OtherEra> {
  try {
    return await connection.call(method, params, { timeoutMs, maxTimeoutMs: timeoutMs, signal: options.signal });
  } catch (error) {
    if (!(error instanceof UpstreamCallError) || connection.end !== undefined) throw error;
    const probing = method === 'server/discover' && options.profile.prefer === 'modern';
    if (error.kind === 'timeout' && probing) return new OtherEra(error);
    if (error instanceof HttpAnswerError && error.kind === 'http-status') {
      // A 4xx may be a rejection whose id the server did not know, or say that this is an HTTP+SSE server. Some answer
      // what they do not know with a 5xx: the handshake of the other era tells whether they are well.
      if (probing || ((error.status ?? 0) < 500 && speaksModern(error.body))) return new OtherEra(error);
    }
    throw error;
  }
}

/** True for an HTTP error body that only a server of the modern era sends. */
function speaksModern(body: string): boolean {
  let code: unknown;
  try {
    const value = JSON.parse(body) as { readonly error?: { readonly code?: unknown } } | null;
    code = value?.error?.code;
  } catch {
    return false;
  }
  return typeof code === 'number' && ((code <= -32020 && code >= -32099) || code === -32601 || code === -32602);
}

function rejected(method: string, error: RawJson): UpstreamError {
  const all = members(error);
  const said = excerpt(stringOf(all?.get('message')) ?? error, 300);
  const supported = supportedIn(error);
  if (supported.length > 0) return unsupported(supported);
  return new UpstreamError('handshake-failed', `The server rejected ${method}: ${said}`, {
    action: 'Check the arguments, environment and keys of this server, and read its log.',
    evidence: [excerpt(error, 500)],
  });
}

/** The revisions that an error about ours names instead (2026-07-28, -32022). */
function supportedIn(error: RawJson): readonly string[] {
  const all = members(error);
  if (all?.get('code') !== String(UNSUPPORTED_VERSION)) return [];
  return named(elements(members(all.get('data') ?? '')?.get('supported') ?? ''));
}

function named(versions: readonly RawJson[] = []): readonly string[] {
  return versions.slice(0, 10).map((version) => excerpt(stringOf(version) ?? version, 40));
}

function unsupported(versions: readonly string[]): UpstreamError {
  const all = versions.join(', ');
  return new UpstreamError('handshake-failed', `The server speaks no revision of MCP that is known here; it names ${all === '' ? 'none' : all}.`, {
    action: 'Update Vestibule or this server.',
  });
}
