import { fieldTerms, weightedFrequencies, type ServerTerms } from './fields.ts';
import type { VerbClass } from './lexicon/verbs.ts';
import { firstVerb } from './query.ts';
import type { SearchDocument } from './types.ts';
import { SATURATION } from './weights.ts';

/** What reading a definition comes to, apart from all other tools. */
export interface ToolAnalysis {
  /** Every term of the tool, with its impact in step. */
  readonly terms: readonly string[];
  readonly impacts: readonly number[];
  /** The different terms of its name. */
  readonly name: readonly string[];
  readonly verb: VerbClass | undefined;
}

/** Reads a definition. Bounded whatever it holds (`fields.ts`). */
export function analyse(document: SearchDocument, shared: ServerTerms): ToolAnalysis {
  const fields = fieldTerms(document, shared);
  const frequencies = weightedFrequencies(fields);
  return {
    terms: [...frequencies.keys()],
    impacts: Array.from(frequencies.values(), (frequency) => (frequency * (SATURATION + 1)) / (frequency + SATURATION)),
    name: [...new Set(fields.name)],
    verb: firstVerb(fields.name),
  };
}
