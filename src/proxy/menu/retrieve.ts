import type { CatalogTool } from '../catalog/types.ts';
import type { RawReply, ToolId } from '../model.ts';
import type { SearchHit, SearchOptions, SearchResult, ToolIndex } from '../search/types.ts';
import { alsoOn } from './also-on.ts';
import { boundedReply } from './answers.ts';
import { BadArgumentsError, type MenuArguments } from './arguments.ts';
import { MAX_QUERIES, MAX_RESULTS } from './definitions.ts';
import { plainJson, plainLine } from './plain-line.ts';
import { signatureLine } from './signature.ts';
import type { MenuCaller, MenuDeps } from './types.ts';

const MAX_SCHEMA = 4_000;
const MAX_NAMED_SERVERS = 20;

/** `retrieve_tools`: searches what this caller may use, and answers in lines (contract §4). */
export function retrieveTools(args: MenuArguments, caller: MenuCaller, deps: MenuDeps): Promise<RawReply> {
  const queries = readQueries(args);
  const limit = args.integer('limit', 1, MAX_RESULTS) ?? deps.topK();
  const filter: Filter = { server: args.string('server'), readOnly: args.boolean('read_only') === true };
  const detail = args.choice('detail', ['signature', 'schema']) ?? 'signature';
  const explain = args.boolean('explain') === true;

  const visible = deps.visible(caller.principal);
  const found = search(deps.index, queries, { limit, explain, visible, priors: deps.priors(caller), filter: (id) => passes(deps.catalog.find(id), filter) });
  const tools = found.hits.flatMap((hit) => {
    const tool = deps.catalog.find(hit.id);
    return tool === undefined ? [] : [{ hit, tool }];
  });

  const lines = tools.map(({ hit, tool }) => lineOf(hit, tool, { explain, schema: detail === 'schema' }));
  if (tools.length === 0) lines.push(nothingFound(filter, visible, deps));
  lines.push(...alsoOn(queries, tools.map(({ tool }) => tool), visible, deps));
  if (found.total > tools.length) lines.push(`more: ${found.total - tools.length}`);
  const hidden = countHidden(queries, filter, caller, deps);
  if (hidden > 0) lines.push(`hidden: ${hidden} awaiting approval`);
  lines.push(...howToCall(tools.map(({ tool }) => tool), caller));
  return boundedReply(lines.join('\n'), caller, deps);
}

/** Which tool to call the results with, where that does not stand beside each of them. */
function howToCall(tools: readonly CatalogTool[], caller: MenuCaller): string[] {
  const [best] = tools;
  const listed = best === undefined ? 0 : (caller.promote?.(tools) ?? 0);
  const lines: string[] = [];
  if (best !== undefined && listed > 0) {
    const which = listed === tools.length ? 'These' : `The first ${listed}`;
    lines.push(`${which} are now in your tool list: call them directly by name, e.g. ${best.exposedName}.`);
  }
  if (tools.slice(listed).some(({ tier }) => tier !== 'read')) lines.push('Call with call_tool, except where marked.');
  return lines;
}

interface Filter {
  readonly server: string | undefined;
  readonly readOnly: boolean;
}

function passes(tool: CatalogTool | undefined, { server, readOnly }: Filter): boolean {
  return tool !== undefined && (server === undefined || tool.server === server) && (!readOnly || tool.tier === 'read');
}

function lineOf(hit: SearchHit, tool: CatalogTool, parts: { readonly explain: boolean; readonly schema: boolean }): string {
  const line = parts.explain ? `${hit.score.toFixed(2)} ${signatureLine(tool)}` : signatureLine(tool);
  return parts.schema ? `${line}\n  ${schemaOf(tool)}` : line;
}

function readQueries(args: MenuArguments): readonly string[] {
  const query = args.string('query');
  const several = args.strings('queries', MAX_QUERIES);
  const queries = [...(query === undefined ? [] : [query]), ...(several ?? [])].filter((text) => text.trim() !== '');
  if (queries.length === 0) throw new BadArgumentsError('Give "query", a short phrase such as "create github issue", or "queries", one phrase per step.');
  return queries;
}

function search(index: ToolIndex, queries: readonly string[], options: SearchOptions): SearchResult {
  const [only, ...rest] = queries;
  return only !== undefined && rest.length === 0 ? index.search(only, options) : index.searchAll(queries, options);
}

/**
 * How many matches wait for a person's decision: a number only, nothing of their text, and only of tools that
 * this caller could use once they are approved.
 */
function countHidden(queries: readonly string[], filter: Filter, caller: MenuCaller, deps: MenuDeps): number {
  const visible = deps.visibleWhenApproved(caller.principal);
  return search(deps.pendingIndex, queries, { limit: 1, visible, filter: (id) => passes(deps.catalog.find(id), filter) }).total;
}

function nothingFound(filter: Filter, visible: (id: ToolId) => boolean, deps: MenuDeps): string {
  const lines = ['No tool matches. Try other words for the same capability, verb and object, e.g. "create issue"; for several steps one phrase each in "queries".'];
  const servers = [...deps.catalog.servers()].filter(({ tools }) => tools.some(({ id }) => visible(id))).map(({ server }) => plainLine(server));
  if (filter.server !== undefined && !servers.includes(filter.server)) lines.push('There is no server of this name with tools you may use.');
  else if (filter.server !== undefined || filter.readOnly) lines.push('Or drop the filters.');
  if (servers.length > 0) lines.push(`Servers: ${servers.slice(0, MAX_NAMED_SERVERS).join(', ')}${servers.length > MAX_NAMED_SERVERS ? ', …' : ''}`);
  return lines.join('\n');
}

function schemaOf(tool: CatalogTool): string {
  const schema = plainJson(tool.inputSchema);
  return schema.length <= MAX_SCHEMA ? schema : `(the schema has ${schema.length} characters: call describe_tool)`;
}
