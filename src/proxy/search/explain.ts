import { FIELD_NAMES, fieldTerms, occurrenceWeight, type FieldTerms } from './fields.ts';
import type { QueryPlan, Unit } from './query.ts';
import type { IndexedTool, RankedTool } from './rank.ts';
import type { SearchHit } from './types.ts';
import type { Field } from './weights.ts';

type Explanation = NonNullable<SearchHit['explain']>;

/** Stands for the whole query in rows that belong to no single word. */
const WHOLE_QUERY = '*';

/**
 * Why a tool scored `score`: one row per word of the query and field that answered it, then what the name, the verb
 * and the server added. The rows add up to the score.
 */
export function explainHit(plan: QueryPlan, ranked: RankedTool, score: number): Explanation {
  const fields = fieldTerms(ranked.tool.document, ranked.tool.shared);
  const rows = plan.units.flatMap((unit, at) => unitRows(unit, ranked.shares[at] ?? 0, ranked.tool, fields));
  const whole = [
    { term: WHOLE_QUERY, field: 'name coverage', score: ranked.coverage },
    { term: WHOLE_QUERY, field: 'verb', score: ranked.verb },
    { term: WHOLE_QUERY, field: 'server', score: ranked.server },
    ...ranked.priors.map(({ name, score: added }) => ({ term: WHOLE_QUERY, field: name, score: added })),
  ].filter((row) => row.score !== 0);
  const scale = ranked.score === 0 ? 1 : score / ranked.score;
  return [...rows, ...whole].map((row) => ({ ...row, score: row.score * scale }));
}

function unitRows(unit: Unit, share: number, tool: IndexedTool, fields: FieldTerms): Explanation {
  if (share === 0) return [];
  const answer = bestAnswer(unit, tool);
  const weights = fieldWeights(fields, answer);
  const sum = [...weights.values()].reduce((total, weight) => total + weight, 0);
  const label = answer === unit.label ? answer : `${unit.label} → ${answer}`;
  return [...weights].map(([field, weight]) => ({ term: label, field, score: (share * weight) / sum }));
}

/** The term of the tool that answers the unit best. */
function bestAnswer(unit: Unit, tool: IndexedTool): string {
  let best = unit.label;
  let most = 0;
  tool.terms.forEach((term, at) => {
    const value = (unit.answers.get(term)?.factor ?? 0) * (tool.impacts[at] ?? 0);
    if (value > most) {
      most = value;
      best = term.text;
    }
  });
  return best;
}

function fieldWeights(fields: FieldTerms, term: string): ReadonlyMap<Field, number> {
  const weights = new Map<Field, number>();
  for (const field of FIELD_NAMES) {
    const count = fields[field].filter((other) => other === term).length;
    if (count > 0) weights.set(field, count * occurrenceWeight(field, fields[field].length));
  }
  return weights;
}
