import { Validator } from '@cfworker/json-schema';

/** What is wrong with arguments, as JSON Pointer and sentence. */
export interface SchemaProblem {
  readonly path: string;
  readonly problem: string;
}

/** Checks parsed arguments; undefined when nothing is wrong or the schema is one we leave to the upstream. */
export type SchemaCheck = (value: unknown) => readonly SchemaProblem[];

const NOTHING: readonly SchemaProblem[] = [];
const MAX_NODES = 2_000;
const MAX_DEPTH = 24;
const MAX_COMBINATORS = 32;
const MAX_PROBLEMS = 5;

/**
 * Compiles a check for a tool's input schema (JSON Schema 2020-12, as MCP 2025-11-25 defaults to, unless the
 * schema names draft-07). An upstream's schema is untrusted input that runs on our thread: `pattern` is dropped
 * (regular expressions can hang), references are never fetched, and a schema too large or too branching to
 * check in bounded time is left to the upstream, which checks its own arguments anyway.
 */
export function compileSchemaCheck(schema: Readonly<Record<string, unknown>>): SchemaCheck {
  const budget = { nodes: 0, combinators: 0, tame: true };
  const tamed = tame(schema, 0, budget);
  if (!budget.tame) return () => NOTHING;
  const draft = typeof schema['$schema'] === 'string' && schema['$schema'].includes('draft-07') ? '7' : '2020-12';
  let validator: Validator;
  try {
    validator = new Validator(tamed as Record<string, unknown>, draft, false);
  } catch {
    return () => NOTHING;
  }
  return (value) => {
    try {
      const outcome = validator.validate(value);
      if (outcome.valid) return NOTHING;
      // The innermost errors name the place; the outer ones only repeat that something inside is wrong.
      const leaves = outcome.errors.filter((error) => !outcome.errors.some((other) => other !== error && other.keywordLocation.startsWith(`${error.keywordLocation}/`)));
      return (leaves.length > 0 ? leaves : outcome.errors).slice(0, MAX_PROBLEMS).map((error) => ({
        path: error.instanceLocation.replace(/^#/, '') || '/',
        problem: error.error.slice(0, 300),
      }));
    } catch {
      // A reference that leads nowhere or in circles: the upstream's own check decides.
      return NOTHING;
    }
  };
}

const COMBINATORS = new Set(['allOf', 'anyOf', 'oneOf', 'if', 'not', '$ref', '$dynamicRef', 'dependentSchemas']);
const DROPPED = new Set(['pattern', 'patternProperties', 'format', '$id', '$anchor', '$dynamicAnchor']);

/** A copy without what we never evaluate; clears `budget.tame` when the schema is too much to evaluate at all. */
function tame(node: unknown, depth: number, budget: { nodes: number; combinators: number; tame: boolean }): unknown {
  if (++budget.nodes > MAX_NODES || depth > MAX_DEPTH) {
    budget.tame = false;
    return true;
  }
  if (Array.isArray(node)) return node.map((item) => tame(item, depth + 1, budget));
  if (typeof node !== 'object' || node === null) return node;
  const copy: [string, unknown][] = [];
  for (const [key, value] of Object.entries(node)) {
    if (DROPPED.has(key) && typeof value !== 'object') continue;
    if (key === 'patternProperties') {
      budget.tame = false;
      continue;
    }
    if (COMBINATORS.has(key) && ++budget.combinators > MAX_COMBINATORS) budget.tame = false;
    if (key === '$ref' && typeof value === 'string' && !value.startsWith('#')) budget.tame = false;
    copy.push([key, tame(value, depth + 1, budget)]);
  }
  return Object.fromEntries(copy);
}
