import { members, objectOf, stringOf } from '../json/slice.ts';
import type { Era, RawJson } from '../model.ts';
import type { MessageHeaders } from './leg.ts';
import type { Sender } from './types.ts';

/** A request's params and headers as its era wants them. */
export interface WrittenParams {
  readonly params: RawJson | undefined;
  readonly headers: MessageHeaders;
}

/** How messages are written in one era. */
export interface Dialect {
  readonly era: Era;
  /**
   * @param progressToken our own token for this request, or undefined to leave `_meta.progressToken` alone
   * @param sender who the request speaks for, if not the connection's own
   */
  request(method: string, params: RawJson | undefined, progressToken: number | undefined, sender?: Sender): WrittenParams;
  /** Headers of notifications, replies and streams. */
  readonly headers: MessageHeaders;
}

/**
 * What may be the first message a server gets, before anybody knows its era: those that require the header (2026-07-28)
 * find it, others do not look.
 */
const OPENING: MessageHeaders = { 'mcp-method': 'initialize' };

/** Sessions: 2024-11-05 … 2025-11-25. `version` is undefined until `initialize` was answered. */
export function legacyDialect(version: string | undefined): Dialect {
  const headers: MessageHeaders = version === undefined ? OPENING : { 'mcp-protocol-version': version };
  return {
    era: 'legacy',
    headers,
    request(_method, params, progressToken) {
      if (progressToken === undefined) return { params, headers };
      return { params: withMeta(params, [['progressToken', String(progressToken)]]).params, headers };
    },
  };
}

/** Stateless: every request carries the `_meta` envelope and its mirror in headers (2026-07-28). */
export function modernDialect(version: string, self: Sender): Dialect {
  const headers: MessageHeaders = { 'mcp-protocol-version': version };
  return {
    era: 'modern',
    headers,
    request(method, params, progressToken, sender = self) {
      const added: [string, RawJson][] = [[`${ENVELOPE}protocolVersion`, JSON.stringify(version)]];
      if (sender.clientInfo !== undefined) added.push([`${ENVELOPE}clientInfo`, sender.clientInfo]);
      added.push([`${ENVELOPE}clientCapabilities`, sender.capabilities]);
      if (sender.logLevel !== undefined) added.push([`${ENVELOPE}logLevel`, sender.logLevel]);
      if (progressToken !== undefined) added.push(['progressToken', String(progressToken)]);
      const written = withMeta(params, added);
      return { params: written.params, headers: { ...headers, ...mirrorHeaders(method, written.all) } };
    },
  };
}

/** The headers that repeat what a request of the modern era asks for. @param params its raw members */
export function mirrorHeaders(method: string, params: ReadonlyMap<string, RawJson> | undefined): MessageHeaders {
  const field = NAME_FIELDS.get(method);
  const name = field === undefined ? undefined : stringOf(params?.get(field));
  return { 'mcp-method': headerValue(method), ...(name !== undefined && { 'mcp-name': headerValue(name) }) };
}

const ENVELOPE = 'io.modelcontextprotocol/';

/** The member that `Mcp-Name` mirrors, by method (2026-07-28, Streamable HTTP). */
const NAME_FIELDS: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

function withMeta(params: RawJson | undefined, added: readonly (readonly [string, RawJson])[]): { readonly params: RawJson; readonly all: ReadonlyMap<string, RawJson> } {
  const all = (params === undefined ? undefined : members(params)) ?? new Map<string, RawJson>();
  const current = all.get('_meta');
  const meta = (current === undefined ? undefined : members(current)) ?? new Map<string, RawJson>();
  for (const [key, value] of added) meta.set(key, value);
  all.set('_meta', objectOf(meta));
  return { params: objectOf(all), all };
}

/** An HTTP field value; whatever a field cannot hold travels as `=?base64?…?=` (2026-07-28). */
export function headerValue(text: string): string {
  const plain = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/.test(text) && !(text.startsWith('=?base64?') && text.endsWith('?='));
  return plain ? text : `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`;
}
