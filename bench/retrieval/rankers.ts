import MiniSearch, { type SearchOptions as MiniOptions } from 'minisearch';
import type { ToolId } from '../../src/proxy/model.ts';
import { createToolIndex } from '../../src/proxy/search/tool-index.ts';
import type { SearchDocument, ToolIndex } from '../../src/proxy/search/types.ts';
import { byServer } from './corpus.ts';
import type { RankTools } from './scoring.ts';

/** Enough for every measure. */
const DEPTH = 10;

/** Vestibule's own index, filled. */
export function filledIndex(documents: readonly SearchDocument[]): ToolIndex {
  const index = createToolIndex();
  for (const [server, own] of byServer(documents)) index.put(server, own);
  return index;
}

/** The ranking methods side by side: ours, and what others commonly do. */
export function rankers(documents: readonly SearchDocument[]): ReadonlyMap<string, RankTools> {
  const index = filledIndex(documents);
  return new Map<string, RankTools>([
    ['vestibule', (query) => index.search(query, { limit: DEPTH, visible: () => true }).hits.map((hit) => hit.id)],
    ['substring', substring(documents)],
    ['minisearch, defaults', miniSearch(documents, {})],
    ['minisearch, usual recipe', miniSearch(documents, { prefix: true, fuzzy: 0.2, boost: { name: 2 } })],
  ]);
}

/** Tools by how many of the query's words occur in their name or description. */
function substring(documents: readonly SearchDocument[]): RankTools {
  const texts = documents.map((document) => ({ id: document.id, text: `${document.name} ${document.description}`.toLowerCase() }));
  return (query) => {
    const words = query.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
    const scored = texts.map(({ id, text }) => ({ id, score: words.filter((word) => text.includes(word)).length }));
    return best(scored.filter(({ score }) => score > 0));
  };
}

/** Whole-word index over name and description, as search boxes commonly use it. */
function miniSearch(documents: readonly SearchDocument[], searchOptions: MiniOptions): RankTools {
  const engine = new MiniSearch<SearchDocument>({ fields: ['name', 'description'], searchOptions });
  engine.addAll([...documents]);
  return (query) => best(engine.search(query).map(({ id, score }) => ({ id: id as ToolId, score })));
}

function best(scored: { readonly id: ToolId; readonly score: number }[]): readonly ToolId[] {
  scored.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
  return scored.slice(0, DEPTH).map(({ id }) => id);
}
