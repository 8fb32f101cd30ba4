import type { Catalog, CatalogTool } from '../catalog/types.ts';
import { nearest } from '../config/nearest.ts';
import type { ConfigProblem, ToolOverride, UpstreamConfig } from '../config/types.ts';

/** Of one server; a person mends a few at a time. */
const MAX_PROBLEMS = 20;

/**
 * What the `tools` sections of servers say in vain, or so that a tool cannot be called: only what servers listed can
 * tell, so that servers that were never listed are left out. And servers that are named for others' calls and are not
 * there. Warnings, at the server's entry.
 */
export function ruleProblems(upstreams: readonly UpstreamConfig[], catalog: Catalog): readonly ConfigProblem[] {
  const known = new Set(upstreams.map(({ name }) => name));
  return [...upstreams.flatMap((upstream) => routeProblems(upstream, known)), ...toolProblems(upstreams, catalog)];
}

/** Names of other servers that lead nowhere. */
function routeProblems({ at, flow: { canary, failover = [], mirror }, name }: UpstreamConfig, known: ReadonlySet<string>): readonly ConfigProblem[] {
  const named = [...failover.map((server) => ['failover', server] as const), ...(canary ? [['canary', canary.server] as const] : []), ...(mirror ? [['mirror', mirror.server] as const] : [])];
  return named.flatMap(([section, server]): ConfigProblem[] => {
    const called = JSON.stringify(server);
    if (server === name) return [{ severity: 'warning', message: `"${section}" of ${JSON.stringify(name)} names the server itself.`, fix: 'Name another server that offers the same tools.', at, server: name }];
    if (known.has(server)) return [];
    const near = nearest(server, known);
    return [{ severity: 'warning', message: `"${section}" of ${JSON.stringify(name)} names ${called}, and there is no such server.`, fix: near === undefined ? 'Use the name of a server of your files.' : `Did you mean ${JSON.stringify(near)}?`, at, server: name }];
  });
}

function toolProblems(upstreams: readonly UpstreamConfig[], catalog: Catalog): readonly ConfigProblem[] {
  return upstreams.flatMap((upstream) => {
    const { alias, overrides } = upstream.tools;
    const named = new Set([...Object.keys(alias), ...Object.keys(overrides)]);
    const tools = catalog.server(upstream.name)?.tools ?? [];
    if (named.size === 0 || tools.length === 0) return [];
    const byName = new Map(tools.map((tool) => [tool.name, tool]));
    const found = [...named].flatMap((name) => problemsOf(name, byName, upstream.tools));
    return found.slice(0, MAX_PROBLEMS).map(([message, fix]): ConfigProblem => ({ severity: 'warning', message, fix, at: upstream.at, server: upstream.name }));
  });
}

type Found = readonly [message: string, fix: string];

function problemsOf(name: string, tools: ReadonlyMap<string, CatalogTool>, { alias, overrides }: UpstreamConfig['tools']): readonly Found[] {
  const tool = tools.get(name);
  const called = JSON.stringify(name);
  if (tool === undefined) {
    const near = nearest(name, tools.keys());
    return [[`"tools" names ${called}, and the server has no such tool.`, near === undefined ? 'Use the name that the server has for it.' : `Did you mean ${JSON.stringify(near)}?`]];
  }
  const wanted = alias[name];
  const taken = wanted !== undefined && tool.shownName !== wanted;
  const override = overrides[name];
  return [
    ...(taken ? [[`The alias ${JSON.stringify(wanted)} of ${called} does not apply: another tool of the server has that name.`, 'Choose another alias.'] as const] : []),
    ...(override === undefined ? [] : parameterProblems(called, tool, override)),
  ];
}

function parameterProblems(called: string, tool: CatalogTool, { hide = [], pin = {}, defaults = {}, rename = {} }: ToolOverride): readonly Found[] {
  const { properties, required } = (tool.shaping?.own ?? tool).inputSchema;
  if (typeof properties !== 'object' || properties === null) return [];
  const known = new Set(Object.keys(properties));
  const problems: Found[] = [];
  for (const name of new Set([...hide, ...Object.keys(pin), ...Object.keys(defaults), ...Object.keys(rename)])) {
    if (known.has(name)) continue;
    const near = nearest(name, known);
    problems.push([`The override of ${called} names the parameter ${JSON.stringify(name)}, which the tool does not have.`, near === undefined ? 'Use a name of its schema.' : `Did you mean ${JSON.stringify(near)}?`]);
  }
  for (const [own, name] of Object.entries(rename)) {
    if (known.has(own) && tool.shaping?.renamed.get(name) !== own) problems.push([`The parameter ${JSON.stringify(own)} of ${called} cannot be called ${JSON.stringify(name)}: it is hidden, or another is called so.`, 'Choose another name.']);
  }
  const needed: readonly unknown[] = Array.isArray(required) ? required : [];
  for (const name of hide) {
    if (needed.includes(name) && !(name in pin) && !(name in defaults)) problems.push([`The override of ${called} hides ${JSON.stringify(name)}, which every call needs.`, `Give it a value: "pin": { ${JSON.stringify(name)}: … }.`]);
  }
  return problems;
}
