import type { CallRecord } from './types.ts';

/** What calls can be exported as: the journal's own lines, a table, or what tools for HTTP archives read. */
export const EXPORT_FORMATS = ['jsonl', 'csv', 'har'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/**
 * Calls as the text of one file, in pieces. Secrets were taken out before the calls were recorded.
 * - `jsonl`: one record a line as the journal holds it, with its seal.
 * - `csv`: RFC 4180 with a header line; cells that a spreadsheet would take for a formula start with an apostrophe.
 * - `har`: HTTP Archive 1.2 in form. A call is shown as a request to `mcp://server/tool`; the whole record is under `_call`.
 * @param version of this program, for the archive's creator
 */
export async function* exportText(format: ExportFormat, calls: AsyncIterable<CallRecord>, version: string): AsyncIterable<string> {
  if (format === 'har') yield* harText(calls, version);
  else {
    if (format === 'csv') yield csvLine(COLUMNS);
    for await (const call of calls) yield format === 'csv' ? csvLine(COLUMNS.map((column) => call[column])) : `${JSON.stringify(call)}\n`;
  }
}

const COLUMNS = [
  'seq', 'time', 'id', 'parent', 'session', 'agent', 'client', 'server', 'tool', 'digest', 'route', 'outcome', 'code',
  'durationMs', 'bytesIn', 'bytesOut', 'tokensOut', 'truncated', 'findings', 'traceparent', 'insteadOf', 'arguments',
] as const satisfies readonly (keyof CallRecord)[];

function csvLine(cells: readonly unknown[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // Arguments come from a model and names from upstreams: neither may become a formula on somebody's screen.
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

async function* harText(calls: AsyncIterable<CallRecord>, version: string): AsyncIterable<string> {
  yield `{"log":{"version":"1.2","creator":${JSON.stringify({ name: 'Vestibule', version })},"entries":[`;
  let separator = '\n';
  for await (const call of calls) {
    yield `${separator}${JSON.stringify(harEntry(call))}`;
    separator = ',\n';
  }
  yield '\n]}}\n';
}

function harEntry(call: CallRecord): object {
  const { time, durationMs, server, tool, outcome, code, bytesIn, bytesOut } = call;
  const plain = { httpVersion: 'MCP', cookies: [], headers: [], headersSize: -1 };
  return {
    startedDateTime: time,
    time: durationMs,
    request: {
      ...plain,
      method: 'POST',
      url: `mcp://${encodeURIComponent(server)}/${encodeURIComponent(tool)}`,
      queryString: [],
      postData: { mimeType: 'application/json', text: call.arguments === undefined ? '' : JSON.stringify(call.arguments) },
      bodySize: bytesIn,
    },
    response: {
      ...plain,
      status: STATUS[outcome],
      statusText: code === undefined ? outcome : `${outcome} (${code})`,
      // What was answered is not kept in the journal.
      content: { size: bytesOut, mimeType: 'application/json' },
      redirectURL: '',
      bodySize: bytesOut,
    },
    cache: {},
    timings: { send: 0, wait: durationMs, receive: 0 },
    _call: call,
  };
}

/** The nearest thing HTTP has, so that failed calls stand out in viewers. */
const STATUS: Readonly<Record<CallRecord['outcome'], number>> = { ok: 200, tool_error: 422, protocol_error: 502, ambiguous: 504, refused: 403 };
