import { PATH } from './entities.ts';
import { boundedQuery } from './query.ts';

/** A task that also asks for its result to be written to a file: two needs in one sentence. */
export interface SplitNeeds {
  readonly main: string;
  /** The need of the file, as a query of its own. */
  readonly file: string;
}

const OUTPUT_CLAUSE = new RegExp(
  String.raw`(?:[,;.]?\s*(?:and|then|,|;|\.)\s*)(?:please\s+)?(?:save|write|store|export|output|put|record|dump|summari[sz]e|organi[sz]e|create|generate)\b` +
    String.raw`[^.?!;\n]{0,140}?\b(?:to|in|into|at|as|under)\b[^.?!;\n]{0,40}?(${PATH})`,
  'i',
);

/**
 * Finds the clause "… and save it to some/file.ext". Its words belong to the file, not to the subject, and a file tool
 * belongs in the answer beside the subject's tools. Undefined when the query has no such clause or nothing else.
 */
export function splitOutputFile(query: string): SplitNeeds | undefined {
  const text = boundedQuery(query);
  const clause = OUTPUT_CLAUSE.exec(text);
  const path = clause?.[1];
  if (clause === null || path === undefined) return undefined;
  const main = `${text.slice(0, clause.index)} ${text.slice(clause.index + clause[0].length)}`.trim();
  if (main.split(/\s+/).length < MIN_WORDS) return undefined;
  const name = path.replace(/[\\/]$/, '').replace(/^.*[\\/]/, '');
  return { main, file: `write file ./${name.replace(/^.*(?=\.)/, 'output')}` };
}

const MIN_WORDS = 3;
