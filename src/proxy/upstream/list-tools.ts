import { elements, members, stringOf } from '../json/slice.ts';
import type { RawJson } from '../model.ts';
import { excerpt, UpstreamError } from './failure.ts';
import { declares } from './server-info.ts';
import type { WriteLog } from './throttled-log.ts';
import type { CallOptions, UpstreamConnection } from './types.ts';

const MAX_PAGES = 64;
const MAX_TOOLS = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_MS = 120_000;

/**
 * Every page of `tools/list`, each definition as the text that was received. What is over the bounds (64 pages,
 * 10,000 tools, 64 MiB, two minutes, a cursor that comes twice) is left out and logged: the rest of the server still works.
 * @throws UpstreamError `handshake-failed` for an answer that is no list, UpstreamCallError for none
 */
export async function listTools(connection: UpstreamConnection, options: CallOptions, log: WriteLog): Promise<readonly RawJson[]> {
  if (!declares(connection.info, 'tools')) return [];
  const tools: RawJson[] = [];
  const cursors = new Set<RawJson>();
  let bytes = 0;
  let cursor: RawJson | undefined;
  const until = performance.now() + MAX_MS;
  for (let page = 1; ; page++) {
    const reply = await connection.call('tools/list', cursor === undefined ? undefined : `{"cursor":${cursor}}`, options);
    if ('error' in reply) throw unlistable(`The server answered tools/list with an error: ${excerpt(stringOf(members(reply.error)?.get('message')) ?? '', 300)}`, reply.error);
    const all = members(reply.result);
    const found = elements(all?.get('tools') ?? '');
    if (found === undefined) throw unlistable('The server answered tools/list with something that is no list of tools.', reply.result);
    for (const tool of found) {
      bytes += Buffer.byteLength(tool);
      if (tools.length === MAX_TOOLS || bytes > MAX_BYTES) return incomplete(tools, `more than ${MAX_TOOLS} tools or ${MAX_BYTES / 1024 / 1024} MiB`, log);
      tools.push(tool);
    }
    cursor = all?.get('nextCursor');
    if (cursor?.startsWith('"') !== true) return tools;
    if (cursors.has(cursor)) return incomplete(tools, 'given a cursor for the second time', log);
    if (performance.now() > until) return incomplete(tools, `taken more than ${MAX_MS / 1000} s`, log);
    if (page === MAX_PAGES) return incomplete(tools, `more than ${MAX_PAGES} pages`, log);
    cursors.add(cursor);
  }
}

function incomplete(tools: readonly RawJson[], why: string, log: WriteLog): readonly RawJson[] {
  log('protocol', `tools/list was read only in part (${tools.length} tools): it has ${why}.`);
  return tools;
}

function unlistable(message: string, answer: RawJson): UpstreamError {
  return new UpstreamError('handshake-failed', message, {
    action: 'Read the log of this server, and report this to its author.',
    evidence: [excerpt(answer, 500)],
  });
}
