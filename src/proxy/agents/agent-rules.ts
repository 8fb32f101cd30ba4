import type { Budget } from '../model.ts';

/** More than anybody connects by hand. */
export const MAX_AGENTS = 256;
export const MAX_GLOBS = 100;
export const MAX_PER_MINUTE = 100_000;

const MAX_GLOB_LENGTH = 200;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/;
const PROFILE = /^[a-zA-Z0-9_-]{1,64}$/;
/** Ids of callers that are no agents with a token of their own: results and consents are bound to them. */
const RESERVED: ReadonlySet<string> = new Set(['editor', 'local', 'person']);

/** Why an agent cannot have this name; undefined when it can. */
export function nameProblem(name: string): string | undefined {
  if (RESERVED.has(name.toLowerCase())) return 'it stands for a caller of our own';
  return NAME.test(name) ? undefined : 'it needs 1 to 64 letters, digits, ".", "_" or "-", the first a letter or digit';
}

/** Why this is no glob over names; undefined when it is one. */
export function globProblem(glob: string): string | undefined {
  if (glob === '') return 'it is empty';
  if (glob.length > MAX_GLOB_LENGTH) return `it is longer than ${MAX_GLOB_LENGTH} characters`;
  // Somebody who writes these expects more of them than that they stand for themselves.
  return /[[\]{}!^$|+]/.test(glob) ? 'only * and ? have a meaning in it' : undefined;
}

/** True for a number of calls a minute. */
export function isRate(perMinute: number): boolean {
  return Number.isInteger(perMinute) && perMinute >= 1 && perMinute <= MAX_PER_MINUTE;
}

/** What a budget may be for. */
export const PERIODS: readonly Budget['per'][] = ['hour', 'day', 'month'];

/** True for a budget that says something, in whole numbers. */
export function isBudget({ calls, tokens }: Budget): boolean {
  const given = [calls, tokens].filter((number) => number !== undefined);
  return given.length > 0 && given.every((number) => Number.isSafeInteger(number) && number >= 1);
}

/** Why no profile has this name; undefined when one could. */
export function profileProblem(name: string): string | undefined {
  return PROFILE.test(name) ? undefined : 'a profile has 1 to 64 letters, digits, "_" or "-"';
}
