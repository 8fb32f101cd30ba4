import { compileLinearRegex, PatternError, type LinearRegex } from '../linear-regex.ts';
import { compileGlobs } from './glob.ts';

/** Longest pattern between the slashes, and how many of them a list may hold. */
export const MAX_PATTERN = 200;
export const MAX_PATTERNS = 10;
/** How large a pattern may be, and how many steps one may take over one name: a file may come with a repository. */
const MAX_STATES = 200;
const MAX_STEPS = 10_000;
/** Names whose answer is kept. */
const MAX_NAMES = 10_000;

/** What one filter says between slashes, `/…/` or `/…/i`; undefined for a glob. */
export function patternIn(filter: string): { readonly pattern: string; readonly ignoreCase: boolean } | undefined {
  const [, pattern, flags] = /^\/(.+)\/(i?)$/s.exec(filter) ?? [];
  return pattern === undefined ? undefined : { pattern, ignoreCase: flags === 'i' };
}

/**
 * Why a filter is no regular expression that can be used, in words for whoever wrote it; undefined when it is one, or a
 * glob. Those are used that can be matched in time that grows with the name alone (`linear-regex.ts` says which).
 */
export function problemOfPattern(filter: string): string | undefined {
  const result = compiled(filter);
  return typeof result === 'string' ? result : undefined;
}

/**
 * Compiles `tools.allow` or `tools.deny` into one test over names: globs that match the whole name, and regular
 * expressions that match anywhere in it.
 * @param undecided the answer where a pattern takes too many steps: false to allow, true to deny
 */
export function compileFilter(filters: readonly string[], undecided: boolean): (name: string) => boolean {
  const globs = compileGlobs(filters.filter((filter) => patternIn(filter) === undefined));
  // One that cannot be used matches nothing: the entry that holds it is not served at all.
  const patterns = filters.map(compiled).filter((result) => typeof result === 'object').slice(0, MAX_PATTERNS);
  if (patterns.length === 0) return globs;
  const known = new Map<string, boolean>();
  return (name) => {
    let matches = known.get(name);
    if (matches === undefined) {
      matches = globs(name) || patterns.some((pattern) => found(pattern, name) ?? undecided);
      if (known.size >= MAX_NAMES) known.clear();
      known.set(name, matches);
    }
    return matches;
  };
}

/** The regular expression a filter holds, or in words why it cannot be used; undefined for a glob. */
function compiled(filter: string): LinearRegex | string | undefined {
  const found = patternIn(filter);
  if (found === undefined) return undefined;
  if (found.pattern.length > MAX_PATTERN) return `it is longer than ${MAX_PATTERN} characters`;
  try {
    return compileLinearRegex(found.pattern, found.ignoreCase, MAX_STATES);
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    throw error;
  }
}

function found(pattern: LinearRegex, name: string): boolean | undefined {
  const end = pattern.search(name, 0).advance({ steps: MAX_STEPS });
  return end === undefined ? undefined : end >= 0;
}
