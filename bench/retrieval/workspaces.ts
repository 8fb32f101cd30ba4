import { productsIn } from '../../src/proxy/search/lexicon/lexicon.ts';
import type { ToolId } from '../../src/proxy/model.ts';
import type { SearchDocument } from '../../src/proxy/search/types.ts';
import { workspaceShare } from '../../src/proxy/search/workspace/workspace-prior.ts';
import type { JudgedQuery } from './corpus.ts';
import { filledIndex } from './rankers.ts';
import { mean, measure, type Quality } from './scoring.ts';

const DEPTH = 10;
const PRODUCTS = 4;

/** How well things are found from a workspace that says something about the need, or something else. */
export interface WorkspaceReplay extends Quality {
  readonly workspace: 'none' | 'about it' | 'about it and other things' | 'about other things';
  readonly queries: number;
}

/**
 * Searches as from made-up workspaces. Each works with known products: the one whose server answers the need, that and
 * three more, or four others. Only needs that a server named like a known product answers.
 */
export function replayWorkspaces(documents: readonly SearchDocument[], queries: readonly JudgedQuery[]): readonly WorkspaceReplay[] {
  const index = filledIndex(documents);
  const products = [...new Set(documents.map(({ server }) => server))].flatMap((server) => productsIn(server).slice(0, 1));
  const answered = queries.flatMap((query) => {
    const product = productsIn((query.gold[0] ?? '').split(':')[0] ?? '')[0];
    return query.style === 'task' || product === undefined ? [] : [{ query, product }];
  });
  const others = (own: string, at: number): string[] => Array.from({ length: PRODUCTS }, (_, i) => products[(at * 7 + i * 13) % products.length] ?? '').filter((product) => product !== own);
  const evidences: Readonly<Record<WorkspaceReplay['workspace'], (own: string, at: number) => readonly string[]>> = {
    none: () => [],
    'about it': (own) => [own],
    'about it and other things': (own, at) => [own, ...others(own, at).slice(1)],
    'about other things': others,
  };
  return (Object.keys(evidences) as WorkspaceReplay['workspace'][]).map((workspace) => {
    const measured = answered.flatMap(({ query, product }, at) => {
      const evidence = new Set(evidences[workspace](product, at));
      const priors = [{ name: 'workspace' as const, share: (id: ToolId, server: string) => workspaceShare(id, server, evidence) }];
      return measure([query], (text) => index.search(text, { limit: DEPTH, visible: () => true, priors }).hits.map(({ id }) => id)).map(({ quality }) => quality);
    });
    return { ...mean(measured), workspace, queries: measured.length };
  });
}
