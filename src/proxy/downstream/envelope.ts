import type { IncomingMessage } from 'node:http';
import { members, stringOf } from '../json/slice.ts';
import type { RawJson } from '../model.ts';
import { headerOf, type Refusal } from './http.ts';

const PREFIX = 'io.modelcontextprotocol/';
const VERSION_KEY = `${PREFIX}protocolVersion`;
const CAPABILITIES_KEY = `${PREFIX}clientCapabilities`;
const CLIENT_KEY = `${PREFIX}clientInfo`;
const LOG_LEVEL_KEY = `${PREFIX}logLevel`;
export const SERVER_INFO_KEY = `${PREFIX}serverInfo`;
export const SUBSCRIPTION_KEY = `${PREFIX}subscriptionId`;

/** The revisions of the modern era that are spoken here. */
export const MODERN_VERSIONS: readonly string[] = ['2026-07-28'];

/** What every modern request says of itself in `_meta`. */
export interface Envelope {
  readonly protocolVersion: string;
  /** Raw capabilities of the client, for this request. */
  readonly capabilities: RawJson;
  /** Raw `clientInfo`, if any. */
  readonly clientInfo: RawJson | undefined;
  /** True when the client wants log messages with this request. */
  readonly logs: boolean;
}

/** True when raw `params` name a protocol version in their `_meta`, whatever its value: so do modern messages only. */
export function claimsVersion(params: RawJson | undefined): boolean {
  // Searching is much cheaper than cutting. The slash of the whole key may come escaped, this part does not.
  return params?.includes('protocolVersion') === true && metaOf(params)?.has(VERSION_KEY) === true;
}

/** Reads the envelope of a request; a refusal (400, -32602) names what is missing or wrong in it. */
export function readEnvelope(params: RawJson | undefined): Envelope | Refusal {
  const meta = metaOf(params);
  if (meta === undefined) return badEnvelope(['_meta']);
  const protocolVersion = stringOf(meta.get(VERSION_KEY));
  const capabilities = meta.get(CAPABILITIES_KEY);
  const clientInfo = meta.get(CLIENT_KEY);
  const logLevel = meta.get(LOG_LEVEL_KEY);
  const wrong: string[] = [];
  if (protocolVersion === undefined) wrong.push(VERSION_KEY);
  if (capabilities?.startsWith('{') !== true) wrong.push(CAPABILITIES_KEY);
  if (clientInfo?.startsWith('{') === false) wrong.push(CLIENT_KEY);
  if (logLevel !== undefined && stringOf(logLevel) === undefined) wrong.push(LOG_LEVEL_KEY);
  if (protocolVersion === undefined || capabilities === undefined || wrong.length > 0) return badEnvelope(wrong);
  return { protocolVersion, capabilities, clientInfo, logs: logLevel !== undefined };
}

/** Which member of `params` the `Mcp-Name` header repeats, by method. */
const NAMED_BY: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

/**
 * Holds the headers of a request against its body, which alone decides; whoever stands between must not be led to
 * believe something else (security N13). Version first: a client that names an unknown one learns what is known.
 */
export function checkEnvelope(req: IncomingMessage, method: string, params: RawJson | undefined, envelope: Envelope): Refusal | undefined {
  const version = headerOf(req, 'mcp-protocol-version');
  if (version !== undefined && version !== envelope.protocolVersion) return mismatch('MCP-Protocol-Version');
  const methodHeader = headerOf(req, 'mcp-method');
  if (methodHeader !== undefined && methodHeader !== method) return mismatch('Mcp-Method');
  if (!MODERN_VERSIONS.includes(envelope.protocolVersion)) return unsupportedVersion(envelope.protocolVersion);
  if (version === undefined) return mismatch('MCP-Protocol-Version');
  if (methodHeader === undefined) return mismatch('Mcp-Method');
  return nameMatches(req, method, params) ? undefined : mismatch('Mcp-Name');
}

function nameMatches(req: IncomingMessage, method: string, params: RawJson | undefined): boolean {
  const key = NAMED_BY.get(method);
  if (key === undefined || params === undefined) return true;
  const name = stringOf(members(params)?.get(key));
  const header = headerOf(req, 'mcp-name');
  if (header === undefined) return name === undefined;
  return name === undefined || decodeHeader(header) === name;
}

/** What a header says the body holds; undefined when it was not sent, null when it is malformed. */
export function mirrored(req: IncomingMessage, header: string): string | null | undefined {
  const value = headerOf(req, header);
  // What occurs twice says two things.
  if (value === undefined) return req.headers[header] === undefined ? undefined : null;
  return decodeHeader(value) ?? null;
}

/** A header value, out of its `=?base64?…?=` wrapping if it has one; undefined when that is broken. */
function decodeHeader(value: string): string | undefined {
  const wrapped = /^=\?base64\?(.*)\?=$/.exec(value)?.[1];
  if (wrapped === undefined) return value;
  const bytes = Buffer.from(wrapped, 'base64');
  return bytes.toString('base64') === wrapped ? bytes.toString('utf8') : undefined;
}

function metaOf(params: RawJson | undefined): Map<string, RawJson> | undefined {
  const meta = params === undefined ? undefined : members(params)?.get('_meta');
  return meta === undefined ? undefined : members(meta);
}

function badEnvelope(wrong: readonly string[]): Refusal {
  return {
    status: 400,
    code: -32602,
    message: `Open a session by initialize, or send the _meta envelope of ${MODERN_VERSIONS.join(', ')}; missing or wrong: ${wrong.join(', ')}`,
    data: { envelope: wrong },
  };
}

function mismatch(header: string): Refusal {
  return { status: 400, code: -32020, message: `The header ${header} is missing or does not match the body`, data: { header } };
}

function unsupportedVersion(requested: string): Refusal {
  return {
    status: 400,
    code: -32022,
    message: 'Unsupported protocol version',
    data: { supported: MODERN_VERSIONS, requested: requested.slice(0, 64) },
  };
}
