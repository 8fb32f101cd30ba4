import type { ConnectableId, WayIn } from './types.ts';

/** The name the gateway has in every client's list. */
export const ENTRY_NAME = 'vestibule';

/** An entry of a client's list, as plain data. */
export type Entry = Readonly<Record<string, unknown>>;

type HttpForm = (url: string, headers: Entry) => Entry;

/** How each client writes an HTTP server with headers; undefined for one that only starts programs. */
const HTTP_FORMS: Readonly<Record<ConnectableId, HttpForm | undefined>> = {
  'claude-code': (url, headers) => ({ type: 'http', url, headers }),
  // Its list takes programs only; HTTP servers are added in its settings, with OAuth.
  'claude-desktop': undefined,
  cursor: (url, headers) => ({ url, headers }),
  windsurf: (url, headers) => ({ serverUrl: url, headers }),
  codex: (url, headers) => ({ url, http_headers: headers }),
  // `url` means the older SSE transport there.
  gemini: (url, headers) => ({ httpUrl: url, headers }),
  'copilot-cli': (url, headers) => ({ type: 'http', url, headers, tools: ['*'] }),
  cline: (url, headers) => ({ type: 'streamableHttp', url, headers, disabled: false }),
  roo: (url, headers) => ({ type: 'streamable-http', url, headers }),
  continue: (url, headers) => ({ type: 'http', url, headers }),
  zed: (url, headers) => ({ url, headers }),
};

/** What clients want beside command, arguments and environment. */
const STDIO_EXTRAS: Readonly<Partial<Record<ConnectableId, Entry>>> = {
  'claude-code': { type: 'stdio' },
  'copilot-cli': { type: 'local', tools: ['*'] },
  cline: { disabled: false },
};

/** Whether a client's list takes HTTP servers with a header. */
export function speaksHttp(client: ConnectableId): boolean {
  return HTTP_FORMS[client] !== undefined;
}

/** The entry that brings a client to the gateway, in that client's own form. */
export function entryFor(client: ConnectableId, way: WayIn): Entry {
  if (way.kind === 'bridge') {
    const env = Object.keys(way.env).length === 0 ? {} : { env: way.env };
    const { type, ...extras } = STDIO_EXTRAS[client] ?? {};
    return { ...(type !== undefined && { type }), command: way.command, args: way.args, ...env, ...extras };
  }
  const form = HTTP_FORMS[client];
  if (form === undefined) throw new Error(`${client} takes no HTTP servers.`);
  return form(way.url, { Authorization: `Bearer ${way.token}` });
}

/** The entry in the form most clients know, for one that is not listed. */
export function genericEntry(url: string, token: string): Entry {
  return { type: 'http', url, headers: { Authorization: `Bearer ${token}` } };
}

/** Whether an entry is one that was written with this mark, whatever the client or a person added to it. */
export function isMarked(entry: unknown, mark: string): boolean {
  if (typeof entry === 'string') return entry === mark;
  return typeof entry === 'object' && entry !== null && Object.values(entry).some((value) => isMarked(value, mark));
}
