import { readFileSync } from 'node:fs';
import { toolId, type ToolId } from '../../src/proxy/model.ts';
import type { SearchDocument } from '../../src/proxy/search/types.ts';

/** A need with the tools that answer it. */
export interface JudgedQuery {
  readonly id: string;
  readonly query: string;
  readonly gold: readonly ToolId[];
  /** For a gold tool, equal tools of other servers: any of them answers as well. */
  readonly alts?: Readonly<Record<string, readonly ToolId[]>>;
  readonly source: string;
  /** How it is worded: `step`, `agent` and `user` ask for one thing, `task` tells the whole job. */
  readonly style: 'step' | 'agent' | 'user' | 'task';
}

/** The tools of data/tools.jsonl (licences: data/NOTICE.md). */
export function readTools(): readonly SearchDocument[] {
  return readLines('tools.jsonl').map((line) => {
    const row = line as { server: string; title?: string; name: string; description: string; inputSchema: Record<string, unknown> };
    return documentOf(row.server, row.title, row.name, row.description, row.inputSchema);
  });
}

/** The queries of data/queries.jsonl. */
export function readQueries(): readonly JudgedQuery[] {
  return readLines('queries.jsonl') as JudgedQuery[];
}

/** Documents by server, in the order given. */
export function byServer(documents: readonly SearchDocument[]): ReadonlyMap<string, readonly SearchDocument[]> {
  const servers = new Map<string, SearchDocument[]>();
  for (const document of documents) {
    const own = servers.get(document.server);
    if (own === undefined) servers.set(document.server, [document]);
    else own.push(document);
  }
  return servers;
}

/**
 * A catalog of at least `size` tools made from real ones: copies of every server under new names, whose tools carry a
 * word of their own and the description of another tool, so that the vocabulary grows as in a real large catalog.
 */
export function variedCatalog(tools: readonly SearchDocument[], size: number): readonly SearchDocument[] {
  const out: SearchDocument[] = [];
  for (let copy = 0; out.length < size; copy++) {
    tools.forEach((tool, at) => {
      if (out.length >= size) return;
      const other = tools[(at * 7 + copy * 13) % tools.length] ?? tool;
      if (copy === 0) out.push(tool);
      else out.push(documentOf(`${tool.server}-${word(copy)}`, tool.serverTitle, `${tool.name}_${word(at * 31 + copy)}`, other.description, tool.inputSchema));
    });
  }
  return out;
}

const SYLLABLES = ['ba', 'ce', 'di', 'fo', 'gu', 'ka', 'le', 'mi', 'no', 'pu', 'ra', 'se', 'ti', 'vo', 'zu'];

/** A pronounceable made-up word for a number; neighbouring numbers have different words. */
function word(number: number): string {
  let rest = number + SYLLABLES.length;
  let text = '';
  while (rest > 0) {
    text += SYLLABLES[rest % SYLLABLES.length] ?? '';
    rest = Math.floor(rest / SYLLABLES.length);
  }
  return text;
}

/** A search document of plain parts. */
export function documentOf(
  server: string,
  serverTitle: string | undefined,
  name: string,
  description: string,
  inputSchema: Readonly<Record<string, unknown>> = {},
): SearchDocument {
  return { id: toolId(server, name), server, serverTitle, name, title: undefined, description, inputSchema, readOnly: false };
}

function readLines(name: string): unknown[] {
  const text = readFileSync(new URL(`data/${name}`, import.meta.url), 'utf8');
  return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as unknown);
}
