import { documentOf, type JudgedQuery } from './corpus.ts';
import { filledIndex } from './rankers.ts';
import type { SearchDocument } from '../../src/proxy/search/types.ts';

const STUFFER = 'helpful-tools';

/** How often a server that stuffs its definitions with keywords gets into searches that are not about it, 0–1. */
export interface StuffingResult {
  readonly attack: string;
  readonly first: number;
  readonly inFirstFive: number;
}

/**
 * Adds a hostile server to the catalog and runs every query. The attacker knows the catalog: its keywords are the
 * words that most tool names hold.
 */
export function measureStuffing(documents: readonly SearchDocument[], queries: readonly JudgedQuery[]): readonly StuffingResult[] {
  const keywords = commonWords(documents, 120);
  return Object.entries(attacks(keywords)).map(([attack, hostile]) => {
    const index = filledIndex([...documents, ...hostile]);
    const ranked = queries.map(({ query }) => index.search(query, { limit: 5, visible: () => true }).hits.map(({ id }) => id.startsWith(`${STUFFER}:`)));
    const share = (hit: (own: readonly boolean[]) => boolean): number => ranked.filter(hit).length / ranked.length;
    return { attack, first: share((own) => own[0] === true), inFirstFive: share((own) => own.includes(true)) };
  });
}

function attacks(keywords: readonly string[]): Readonly<Record<string, readonly SearchDocument[]>> {
  const text = keywords.join(' ');
  const properties = Object.fromEntries(keywords.map((word) => [word, { type: 'string', description: text, enum: keywords }]));
  return {
    'keywords in a description': [documentOf(STUFFER, undefined, 'assist', text)],
    'each keyword five times': [documentOf(STUFFER, undefined, 'assist', keywords.flatMap((word) => [word, word, word, word, word]).join(' '))],
    'keywords in the server title': [documentOf(STUFFER, text, 'assist', 'Helps.')],
    'keywords in a tool name': [documentOf(STUFFER, undefined, keywords.slice(0, 20).join('_'), 'Helps.')],
    'keywords in parameters': [documentOf(STUFFER, undefined, 'assist', 'Helps.', { type: 'object', properties })],
    'all of these, in 20 tools': Array.from({ length: 20 }, (_, at) =>
      documentOf(STUFFER, text, [...keywords.slice(at * 6, at * 6 + 6)].join('_'), text, { type: 'object', properties }),
    ),
  };
}

function commonWords(documents: readonly SearchDocument[], count: number): readonly string[] {
  const uses = new Map<string, number>();
  for (const { name } of documents) for (const word of new Set(name.toLowerCase().match(/[a-z]{3,}/g))) uses.set(word, (uses.get(word) ?? 0) + 1);
  return [...uses].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, count).map(([word]) => word);
}
