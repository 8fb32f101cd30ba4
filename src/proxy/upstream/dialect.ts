import { members, objectOf, stringOf } from '../json/slice.ts';
import type { Era, RawJson } from '../model.ts';
import type { MessageHeaders } from './leg.ts';

/** Who we say we are to an upstream. */
export interface ClientIdentity {
  readonly name: string;
  readonly version: string;
}

/** A request's params and headers as its era wants them. */
export interface WrittenParams {
  readonly params: RawJson | undefined;
  readonly headers: MessageHeaders;
}

/** How messages are written in one era. */
export interface Dialect {
  readonly era: Era;
  /** @param progressToken our own token for this request, or undefined to leave `_meta.progressToken` alone */
  request(method: string, params: RawJson | undefined, progressToken: number | undefined): WrittenParams;
  /** Headers of notifications, replies and streams. */
  readonly headers: MessageHeaders;
}

/** Sessions: 2024-11-05 … 2025-11-25. `version` is undefined until `initialize` was answered. */
export function legacyDialect(version: string | undefined): Dialect {
  const headers: MessageHeaders = version === undefined ? {} : { 'mcp-protocol-version': version };
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
export function modernDialect(version: string, client: ClientIdentity, capabilities: RawJson): Dialect {
  const envelope: readonly (readonly [string, RawJson])[] = [
    ['io.modelcontextprotocol/protocolVersion', JSON.stringify(version)],
    ['io.modelcontextprotocol/clientInfo', JSON.stringify({ name: client.name, version: client.version })],
    ['io.modelcontextprotocol/clientCapabilities', capabilities],
  ];
  const headers: MessageHeaders = { 'mcp-protocol-version': version };
  return {
    era: 'modern',
    headers,
    request(method, params, progressToken) {
      const token: readonly (readonly [string, RawJson])[] =
        progressToken === undefined ? [] : [['progressToken', String(progressToken)]];
      const written = withMeta(params, [...envelope, ...token]);
      const field = NAME_FIELDS.get(method);
      const name = field === undefined ? undefined : stringOf(written.all.get(field));
      return {
        params: written.params,
        headers: {
          ...headers,
          'mcp-method': headerValue(method),
          ...(name !== undefined && { 'mcp-name': headerValue(name) }),
        },
      };
    },
  };
}

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
