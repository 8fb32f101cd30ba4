import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { exceedsDepth } from '../../proxy/json/slice.ts';
import { isLoopbackHost, mayDialHost, pinningLookup, RefusedAddressError, type AddressPolicy } from './address-guard.ts';
import { SignInError, type SignInStep } from './sign-in-error.ts';

const MAX_BODY_BYTES = 64 * 1024;
const MAX_JSON_DEPTH = 32;
const MAX_REDIRECTS = 3;
const DEFAULT_TIMEOUT_MS = 10_000;

/** One request to a URL that an upstream named. Field names in lower case. */
export interface GuardedRequest {
  readonly url: string | URL;
  /** A POST is never sent on by a redirect. */
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An answer that was read whole. */
export interface GuardedAnswer {
  readonly status: number;
  readonly ok: boolean;
  readonly challenge: string | undefined;
  /** The body as JSON; undefined when it is none. Untrusted. */
  readonly json: unknown;
}

/**
 * Fetches for the sign-in (specification: guarded fetch): https only, or http on this machine where the MCP server is
 * on it; addresses are checked and pinned; at most 3 redirects within the same scheme, none for a POST; 64 KiB; 10 s
 * in all. Nothing of an answer is logged or quoted.
 * @throws SignInError of `step`
 */
export type GuardedFetch = (step: SignInStep, request: GuardedRequest, signal?: AbortSignal) => Promise<GuardedAnswer>;

/**
 * A fetch with these rules.
 * @param policy which addresses may be dialled beside public ones
 * @param configured a URL the person configured; its very origin may be anywhere but at a metadata service
 * @param timeoutMs for a request with all its redirects
 */
export function createGuardedFetch(policy: AddressPolicy, configured?: URL, timeoutMs = DEFAULT_TIMEOUT_MS): GuardedFetch {
  return async (step, request, signal) => {
    const late = AbortSignal.timeout(timeoutMs);
    const ends = signal === undefined ? late : AbortSignal.any([late, signal]);
    const first = urlOf(step, request.url);
    let url = first;
    for (let redirects = 0; ; redirects++) {
      const own = url.origin === configured?.origin;
      check(step, url, own ? { loopback: true, privateNetworks: true } : policy);
      const response = await open(step, url, request, own ? { loopback: true, privateNetworks: true } : policy, url.origin === first.origin, ends).catch((error: unknown) => {
        throw asSignInError(step, url, error, { late: late.aborted, cancelled: signal?.aborted === true, timeoutMs });
      });
      const target = redirectOf(response, url);
      if (target === undefined) {
        return await read(step, url, response).catch((error: unknown) => {
          throw asSignInError(step, url, error, { late: late.aborted, cancelled: signal?.aborted === true, timeoutMs });
        });
      }
      response.destroy();
      if (request.method === 'POST' || target === 'nowhere' || target.protocol !== url.protocol || redirects === MAX_REDIRECTS) {
        throw new SignInError(step, 'refused-redirect', `${shown(url)} redirects ${target === 'nowhere' ? 'nowhere' : `to ${target.origin}`}; that is not followed.`, {
          action: 'Ask the operator of this server to name the address it answers at.',
        });
      }
      url = target;
    }
  };
}

/** A URL as it may be shown: without its query. */
export function shown(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function urlOf(step: SignInStep, text: string | URL): URL {
  if (text instanceof URL || URL.canParse(text)) return new URL(text);
  throw new SignInError(step, 'bad-url', 'The server names an address that is no URL.', { action: 'Ask the operator of this server to correct its metadata.' });
}

function check(step: SignInStep, url: URL, policy: AddressPolicy): void {
  const here = isLoopbackHost(url.hostname);
  const plain = url.protocol === 'http:' && here && policy.loopback;
  if ((url.protocol !== 'https:' && !plain) || url.username !== '' || url.password !== '') {
    throw new SignInError(step, 'bad-url', `The server names ${url.protocol}//${url.host} for its sign-in; only https is used.`, {
      action: 'Ask the operator of this server to offer its sign-in over https.',
    });
  }
  if ((here && !policy.loopback) || !mayDialHost(url.hostname, policy)) throw refused(step, url);
}

function refused(step: SignInStep, url: URL): SignInError {
  return new SignInError(step, 'refused-address', `The server names ${url.host} for its sign-in, which is not a public address; no connection is made to it.`, {
    action: 'If it is a server of your own network, set "privateNetwork": true under "oauth" of this server in your own servers file.',
  });
}

function open(step: SignInStep, url: URL, { method = 'GET', headers, body }: GuardedRequest, policy: AddressPolicy, sameOrigin: boolean, signal: AbortSignal): Promise<IncomingMessage> {
  const options: RequestOptions = {
    method,
    // Whatever else is sent is meant for the origin that was asked first.
    headers: { accept: 'application/json', 'accept-encoding': 'identity', ...(sameOrigin && headers), ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }) },
    lookup: pinningLookup(policy),
    signal,
    // A connection of its own: one that was made under another policy must not be used.
    agent: false,
  };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, resolve);
    request.on('error', (error) => reject(error instanceof RefusedAddressError ? refused(step, url) : error));
    request.end(body);
  });
}

function redirectOf(response: IncomingMessage, from: URL): URL | 'nowhere' | undefined {
  const status = response.statusCode ?? 0;
  if (status < 300 || status >= 400 || status === 304) return undefined;
  const { location } = response.headers;
  return location !== undefined && URL.canParse(location, from.href) ? new URL(location, from) : 'nowhere';
}

async function read(step: SignInStep, url: URL, response: IncomingMessage): Promise<GuardedAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      response.destroy();
      throw new SignInError(step, 'too-large', `${shown(url)} answers with more than ${MAX_BODY_BYTES / 1024} KiB.`, { action: 'Ask the operator of this server to look at its sign-in.' });
    }
    chunks.push(chunk);
  }
  const status = response.statusCode ?? 0;
  return {
    status,
    ok: status >= 200 && status < 300,
    challenge: response.headers['www-authenticate'],
    json: jsonOf(response.headers['content-type'], Buffer.concat(chunks, bytes).toString('utf8')),
  };
}

function jsonOf(contentType: string | undefined, text: string): unknown {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!/^application\/(?:[\w.-]+\+)?json$/.test(type) || exceedsDepth(text, MAX_JSON_DEPTH)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function asSignInError(step: SignInStep, url: URL, error: unknown, why: { readonly late: boolean; readonly cancelled: boolean; readonly timeoutMs: number }): SignInError {
  if (error instanceof SignInError) return error;
  if (why.cancelled) return new SignInError(step, 'cancelled', 'The sign-in was cancelled.', { action: 'Sign in again when you want to use this server.' });
  if (why.late) {
    return new SignInError(step, 'timeout', `${shown(url)} did not answer within ${why.timeoutMs / 1000} s.`, { action: 'Try again; if it stays so, ask the operator of this server.', cause: error });
  }
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  return new SignInError(step, 'unreachable', `${url.host} cannot be reached${code}.`, { action: 'Check the network, VPN and firewall, then try again.', cause: error });
}
