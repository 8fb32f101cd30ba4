import type { CatalogTool } from '../../catalog/types.ts';
import { toolOf } from '../call.ts';
import { refusal } from '../refusal.ts';
import { compileSchemaCheck, type SchemaCheck } from '../schema-check.ts';
import type { InboundStage, Outcome } from '../types.ts';

/** Largest `arguments` of one call, in characters of JSON text. */
const MAX_ARGUMENTS = 2 * 1024 * 1024;
/** A schema longer than this is named, not repeated, in a refusal. */
const MAX_SCHEMA_IN_REFUSAL = 4_000;

// One compiled check per definition for as long as the catalog holds it.
const checks = new WeakMap<CatalogTool, SchemaCheck>();

/**
 * Arguments: an object, within size, valid against the tool's own schema. The text that goes on is the agent's,
 * byte for byte; the parsed copy is only looked at.
 */
export function createShape(): InboundStage & { readonly name: 'shape' } {
  return {
    name: 'shape',
    phase: 'in',
    run(call, next) {
      const tool = toolOf(call);
      const text = call.argumentsText ?? '{}';
      if (text.length > MAX_ARGUMENTS) {
        return Promise.resolve(
          refusal('too_large', `The arguments are ${text.length} characters long; at most ${MAX_ARGUMENTS} are passed on.`, {
            retryable: false,
            action: 'Pass less at once, or a reference instead of the content.',
          }),
        );
      }
      const value: unknown = JSON.parse(text);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        return Promise.resolve(invalid(tool, '/: the arguments must be a JSON object'));
      }
      const problems = checkOf(tool)(withoutNulls(value, tool.inputSchema));
      if (problems.length > 0) {
        return Promise.resolve(invalid(tool, problems.map(({ path, problem }) => `${path}: ${problem}`).join('\n')));
      }
      return next();
    },
  };
}

/**
 * The arguments as they are looked at: many agents write null for an optional argument they do not give. Whether
 * that is right is for the upstream to say, which gets it as written.
 */
function withoutNulls(value: object, schema: CatalogTool['inputSchema']): object {
  if (!Object.values(value).includes(null)) return value;
  const required = new Set<unknown>(Array.isArray(schema['required']) ? schema['required'] : []);
  return Object.fromEntries(Object.entries(value).filter(([name, argument]) => argument !== null || required.has(name)));
}

function checkOf(tool: CatalogTool): SchemaCheck {
  let check = checks.get(tool);
  if (check === undefined) {
    check = compileSchemaCheck(tool.inputSchema);
    checks.set(tool, check);
  }
  return check;
}

function invalid(tool: CatalogTool, problems: string): Outcome {
  const schema = JSON.stringify(tool.inputSchema);
  const shown = schema.length <= MAX_SCHEMA_IN_REFUSAL ? `\nThe schema is:\n${schema}` : '\nCall describe_tool for its schema.';
  return refusal('invalid_arguments', `The arguments do not fit the tool's schema.\n${problems}${shown}`, {
    retryable: true,
    action: 'Correct the arguments at the paths named and call again.',
  });
}
