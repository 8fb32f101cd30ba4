import type { Catalog, CatalogTool } from '../catalog/types.ts';
import type { RawJson, RawReply, ServerName, ToolId } from '../model.ts';
import type { SearchHit, SearchOptions, SearchResult } from '../search/types.ts';
import { textReply } from './answers.ts';
import { BadArgumentsError, type MenuArguments } from './arguments.ts';
import { MAX_QUERIES, MAX_RESULTS } from './definitions.ts';
import { plainLine } from './plain-line.ts';
import { signatureLine } from './signature.ts';
import type { MenuCaller, MenuDeps } from './types.ts';

const ALSO_SERVERS = 2;
/** About 80 tokens of names in all. */
const ALSO_CHARACTERS = 280;
const MAX_SCHEMA = 4_000;

/** `retrieve_tools`: searches what this caller may use, and answers in lines (contract §4). */
export function retrieveTools(args: MenuArguments, caller: MenuCaller, deps: MenuDeps): RawReply {
  const queries = readQueries(args);
  const limit = args.integer('limit', 1, MAX_RESULTS) ?? deps.topK();
  const server = args.string('server');
  const readOnly = args.boolean('read_only') === true;
  const detail = args.choice('detail', ['signature', 'schema']) ?? 'signature';
  const explain = args.boolean('explain') === true;

  const mayUse = deps.visible(caller.principal);
  const fits = (id: ToolId): boolean => {
    if (!mayUse(id)) return false;
    if (server === undefined && !readOnly) return true;
    const tool = deps.catalog.find(id);
    return tool !== undefined && (server === undefined || tool.server === server) && (!readOnly || tool.tier === 'read');
  };
  const found = search(deps, queries, { limit, visible: fits, explain });
  const tools = found.hits.map((hit) => ({ hit, tool: deps.catalog.find(hit.id) })).filter((entry) => entry.tool !== undefined) as {
    hit: SearchHit;
    tool: CatalogTool;
  }[];
  const hidden = countHidden(deps, queries, server);

  const lines = tools.map(({ hit, tool }) => (explain ? `${hit.score.toFixed(2)} ` : '') + signatureLine(tool) + (detail === 'schema' ? `\n  ${schemaOf(tool)}` : ''));
  if (tools.length === 0) lines.push(nothingFound(server, readOnly));
  lines.push(...alsoOn(deps.catalog, tools.map(({ tool }) => tool), mayUse));
  if (found.total > tools.length) lines.push(`more: ${found.total - tools.length}`);
  if (hidden > 0) lines.push(`hidden: ${hidden} awaiting approval`);
  if (tools.length > 0) lines.push('Call with call_tool {"tool": id, "arguments": {…}}; tools marked [read] with call_tool_read.');
  return textReply(lines.join('\n'));
}

function readQueries(args: MenuArguments): readonly string[] {
  const query = args.string('query');
  const several = args.strings('queries', MAX_QUERIES);
  const queries = [...(query === undefined ? [] : [query]), ...(several ?? [])].filter((text) => text.trim() !== '');
  if (queries.length === 0) throw new BadArgumentsError('Give "query", a short phrase such as "create github issue", or "queries", one phrase per step.');
  return queries;
}

function search(deps: MenuDeps, queries: readonly string[], options: SearchOptions): SearchResult {
  const [only, ...rest] = queries;
  return only !== undefined && rest.length === 0 ? deps.index.search(only, options) : deps.index.searchAll(queries, options);
}

/** How many matches wait for a person's decision; a number only, nothing of their text. */
function countHidden(deps: MenuDeps, queries: readonly string[], server: ServerName | undefined): number {
  const visible = (id: ToolId): boolean => server === undefined || deps.catalog.find(id)?.server === server;
  return deps.pendingIndex.searchAll(queries, { limit: 1, visible }).total;
}

function nothingFound(server: string | undefined, readOnly: boolean): string {
  const narrowed = server !== undefined || readOnly;
  return `No tool matches. Try other words for the same capability${narrowed ? ', or drop the filters' : ''}; one short phrase per step works best.`;
}

/** The other tools of the best two servers: what the words of a search miss is often right beside what they hit. */
function alsoOn(catalog: Catalog, tools: readonly CatalogTool[], visible: (id: ToolId) => boolean): string[] {
  const shown = new Set<ToolId>(tools.map((tool) => tool.id));
  const servers = [...new Set(tools.map((tool) => tool.server))].slice(0, ALSO_SERVERS);
  const lines: string[] = [];
  let room = ALSO_CHARACTERS;
  for (const server of servers) {
    const names: string[] = [];
    for (const tool of catalog.server(server)?.tools ?? []) {
      const name = plainLine(tool.name);
      if (shown.has(tool.id) || !visible(tool.id) || name.length + 2 > room) continue;
      names.push(name);
      room -= name.length + 2;
    }
    if (names.length > 0) lines.push(`also on ${plainLine(server)}: ${names.join(', ')}`);
  }
  return lines;
}

function schemaOf(tool: CatalogTool): RawJson {
  const schema = JSON.stringify(tool.inputSchema);
  return schema.length <= MAX_SCHEMA ? schema : `(the schema has ${schema.length} characters: call describe_tool)`;
}
