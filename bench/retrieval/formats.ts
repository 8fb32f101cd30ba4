import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import type { CatalogTool } from '../../src/proxy/catalog/types.ts';
import { signatureLine } from '../../src/proxy/menu/signature.ts';
import type { ToolId } from '../../src/proxy/model.ts';
import type { SearchDocument } from '../../src/proxy/search/types.ts';
import { quantile } from '../lib/statistics.ts';
import type { JudgedQuery } from './corpus.ts';
import { filledIndex } from './rankers.ts';

/** The budget of one answer (o200k), and how many results make a usual and a large one. */
const BUDGET = 450;
const USUAL = 10;
const SMALL = 5;
const DEEP = 40;

/** What a form of answer costs, and what it keeps of what an agent needs. Shares are 0–1. */
export interface FormatCost {
  readonly format: string;
  readonly tokensAt5: number;
  readonly tokensAt10: number;
  /** Gold tools that stand in the first `BUDGET` tokens. */
  readonly goldInBudget: number;
  /** Gold tools that can be called from the answer alone: it names every required argument. */
  readonly callable: number;
}

const FORMATS: Readonly<Record<string, (tool: CatalogTool) => string>> = {
  'JSON with schema, pretty': (tool) => JSON.stringify(definitionOf(tool), undefined, 2),
  'JSON with schema, minified': (tool) => JSON.stringify(definitionOf(tool)),
  'signature, whole description, parameter texts': (tool) => [signatureLine({ ...tool, description: '' }), tool.description, ...parameterTexts(tool)].join('\n'),
  'signature, first sentence (ours)': signatureLine,
  'signature alone': (tool) => signatureLine({ ...tool, description: '' }),
  'id and 120 characters': (tool) => `${tool.id} — ${tool.description.slice(0, 120)}`,
};

/** Measures forms of the answers to one-need queries; all of them answer with the same tools in the same order. */
export function measureFormats(documents: readonly SearchDocument[], queries: readonly JudgedQuery[]): readonly FormatCost[] {
  const tools = new Map(documents.map((document) => [document.id, asTool(document)]));
  const index = filledIndex(documents);
  const answers = queries
    .filter(({ style }) => style !== 'task')
    .map((query) => ({ query, found: index.search(query.query, { limit: DEEP, visible: () => true }).hits.flatMap(({ id }) => tools.get(id) ?? []) }));
  return Object.entries(FORMATS).map(([format, write]) => {
    const cost = new Map<ToolId, number>([...tools].map(([id, tool]) => [id, countTokens(`${write(tool)}\n`)]));
    const total = (found: readonly CatalogTool[]): number => found.reduce((sum, { id }) => sum + (cost.get(id) ?? 0), 0);
    const gold = answers.flatMap(({ query }) => query.gold.flatMap((id) => tools.get(id) ?? []));
    return {
      format,
      tokensAt5: quantile(answers.map(({ found }) => total(found.slice(0, SMALL))), 0.5),
      tokensAt10: quantile(answers.map(({ found }) => total(found.slice(0, USUAL))), 0.5),
      goldInBudget: meanOf(answers.map(({ query, found }) => recall(query, within(found, cost)))),
      callable: meanOf(gold.map((tool) => (requiredOf(tool).every((name) => write(tool).includes(name)) ? 1 : 0))),
    };
  });
}

/** The first results that fit the budget. */
function within(found: readonly CatalogTool[], cost: ReadonlyMap<ToolId, number>): ReadonlySet<ToolId> {
  const ids = new Set<ToolId>();
  let left = BUDGET;
  for (const { id } of found) {
    left -= cost.get(id) ?? 0;
    if (left < 0) break;
    ids.add(id);
  }
  return ids;
}

function recall({ gold, alts }: JudgedQuery, ids: ReadonlySet<ToolId>): number {
  return meanOf(gold.map((id) => ([id, ...(alts?.[id] ?? [])].some((other) => ids.has(other)) ? 1 : 0)));
}

function definitionOf({ id, description, inputSchema }: CatalogTool): object {
  return { name: id, description, inputSchema };
}

function parameterTexts({ inputSchema }: CatalogTool): string[] {
  const properties = inputSchema['properties'];
  if (typeof properties !== 'object' || properties === null) return [];
  return Object.entries(properties).flatMap(([name, property]: [string, unknown]) => {
    const text = (property as { readonly description?: unknown } | null)?.description;
    return typeof text === 'string' ? [`  ${name}: ${text}`] : [];
  });
}

function requiredOf({ inputSchema }: CatalogTool): readonly string[] {
  const required = inputSchema['required'];
  return Array.isArray(required) ? required.filter((name): name is string => typeof name === 'string') : [];
}

function asTool({ id, server, name, title, description, inputSchema }: SearchDocument): CatalogTool {
  return { id, server, name, shownName: name, exposedName: name, shaping: undefined, raw: '{}', digest: 'sha256-', title, description, inputSchema, annotations: {}, tier: 'destructive' };
}

function meanOf(numbers: readonly number[]): number {
  return numbers.length === 0 ? 0 : numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
