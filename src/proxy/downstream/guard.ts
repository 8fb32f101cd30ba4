import type { IncomingMessage } from 'node:http';
import { type Refusal, refusal } from './http.ts';

/** Who may address the endpoint, and from where. */
export interface GuardPolicy {
  /** Exact values of `Host`. */
  readonly hosts: ReadonlySet<string>;
  /** Exact values of `Origin` that are not refused. */
  readonly origins: ReadonlySet<string>;
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'DELETE']);
const ALLOW = { allow: 'GET, POST, DELETE' };

/** Headers that decide something here and must not come twice: two readers could pick different ones. */
const SINGLE: ReadonlyMap<string, number> = new Map(
  [
    'host',
    'origin',
    'authorization',
    'content-type',
    'content-length',
    'content-encoding',
    'mcp-session-id',
    'mcp-protocol-version',
    'mcp-method',
    'mcp-name',
    'last-event-id',
  ].map((name, index) => [name, 1 << index]),
);

/**
 * The checks that come before authentication and hold on every route: one address, no browser, no tricks with the
 * request line (security N1, N2, N11). Returns why the request is refused, or undefined.
 */
export function guardRequest(req: IncomingMessage, policy: GuardPolicy): Refusal | undefined {
  if (repeatsHeader(req.rawHeaders)) return refusal(400, 'A header that must be single came twice');
  const { host, origin, upgrade } = req.headers;
  if (host === undefined || !policy.hosts.has(host)) return refusal(403, 'This Host is not served here');
  if (origin !== undefined && !policy.origins.has(origin)) return refusal(403, 'Browsers are not served here');
  if (req.url?.startsWith('/') !== true) return refusal(400, 'The request target must be a path');
  // Clients on the JDK offer HTTP/2 with every first request; that offer is ignored, as RFC 9110 §7.8 allows.
  if (upgrade !== undefined && upgrade.toLowerCase() !== 'h2c') return refusal(400, 'No protocol upgrades here');
  if (!METHODS.has(req.method ?? '')) return refusal(405, 'Method not allowed', ALLOW);
  return undefined;
}

/** A POST carries JSON and says so: anything a page could send without preflight is refused (security N3). */
export function guardContent(req: IncomingMessage, bodyBytes: number): Refusal | undefined {
  if (!isJson(req.headers['content-type'] ?? '')) return refusal(415, 'Content-Type must be application/json in UTF-8');
  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return refusal(415, 'Content-Encoding is not supported');
  if (Number(req.headers['content-length'] ?? 0) > bodyBytes) return tooLarge(bodyBytes);
  return undefined;
}

function isJson(contentType: string): boolean {
  if (contentType === 'application/json') return true;
  const [essence = '', ...parameters] = contentType.toLowerCase().split(';');
  return essence.trim() === 'application/json' && parameters.every((parameter) => UTF8_PARAMETER.test(parameter));
}

const UTF8_PARAMETER = /^\s*(?:charset\s*=\s*"?utf-8"?\s*)?$/;

/** The refusal of a body beyond the limit, whether announced or counted. */
export function tooLarge(bodyBytes: number): Refusal {
  return refusal(413, `The request body exceeds ${bodyBytes} bytes`);
}

function repeatsHeader(raw: readonly string[]): boolean {
  let seen = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const bit = SINGLE.get(raw[i]?.toLowerCase() ?? '');
    if (bit === undefined) continue;
    if ((seen & bit) !== 0) return true;
    seen |= bit;
  }
  return false;
}
