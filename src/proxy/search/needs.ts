import { PATH } from './entities.ts';
import { DOCUMENT_TYPES } from './lexicon/file-types.ts';
import { boundedQuery } from './query.ts';

/** A task that also asks for its result to be written to a file: two needs in one sentence. */
export interface SplitNeeds {
  readonly main: string;
  /** The need of the file, as a query of its own. */
  readonly file: string;
}

/** In order of how sure they are. Each has the path as its one group. */
const OUTPUT_CLAUSES: readonly RegExp[] = [
  // "… and write a report of it to out/x.md"
  new RegExp(
    String.raw`(?:[,;.]?\s*(?:and|then|,|;|\.)\s*)(?:please\s+)?(?:save|write|store|export|output|put|record|dump|summari[sz]e|organi[sz]e|create|generate)\b` +
      String.raw`[^.?!;\n]{0,140}?\b(?:to|in|into|at|as|under)\b[^.?!;\n]{0,40}?(${PATH})`,
    'i',
  ),
  // "…? Save this to out/x.xlsx."
  new RegExp(
    String.raw`[?!]\s*(?:please\s+)?(?:save|write|store|export|output|put|record|dump)\b[^.?!;\n]{0,80}?\b(?:to|in|into|at|as|under)\b[^.?!;\n]{0,40}?(${PATH})`,
    'i',
  ),
  // "… a comparison in a markdown report in out/x.md"
  new RegExp(
    String.raw`\b(?:report|summary|file|table|document|notes?|overview|presentation|spreadsheet|list)\s+(?:to|in|into|at|as)\s+(${PATH}\.[A-Za-z0-9]{1,5})\b`,
    'i',
  ),
];

/**
 * Finds the clause "… and save it to some/file.ext". Its words belong to the file, not to the subject, and a file tool
 * belongs in the answer beside the subject's tools. Undefined when the query has no such clause or nothing else.
 */
export function splitOutputFile(query: string): SplitNeeds | undefined {
  const text = boundedQuery(query);
  for (const pattern of OUTPUT_CLAUSES) {
    const clause = pattern.exec(text);
    const path = clause?.[1];
    if (clause === null || path === undefined) continue;
    const main = `${text.slice(0, clause.index)} ${text.slice(clause.index + clause[0].length)}`.trim();
    return main.split(/\s+/).length < MIN_WORDS ? undefined : { main, file: fileNeed(path) };
  }
  return undefined;
}

const MIN_WORDS = 3;

/** A document is written by tools of its own kind, whose words its extension brings; all else is a plain file. */
function fileNeed(path: string): string {
  // A sentence may end right after the path.
  const name = path.replace(/[\\/.]+$/, '').replace(/^.*[\\/]/, '');
  const extension = /\.([A-Za-z0-9]{1,6})$/.exec(name)?.[1]?.toLowerCase();
  if (extension === undefined) return `write file ./${name}`;
  return `${Object.hasOwn(DOCUMENT_TYPES, extension) ? 'create write' : 'write file'} ./output.${extension}`;
}
