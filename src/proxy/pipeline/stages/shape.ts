import type { CatalogTool, ToolShaping } from '../../catalog/types.ts';
import { members, objectOf } from '../../json/slice.ts';
import type { RawJson, ServerName } from '../../model.ts';
import { toolOf } from '../call.ts';
import { refusal } from '../refusal.ts';
import { compileSchemaCheck, type SchemaCheck, type SchemaProblem } from '../schema-check.ts';
import type { InboundStage, Outcome } from '../types.ts';

/** Largest `arguments` of one call, in characters of JSON text. */
const MAX_ARGUMENTS = 2 * 1024 * 1024;
/** A schema longer than this is named, not repeated, in a refusal. */
const MAX_SCHEMA_IN_REFUSAL = 4_000;

/** What `shape` may be told. */
export interface ShapeDeps {
  /** Characters of the arguments of one call to this server, where a person limits them further. */
  maxArguments?(server: ServerName): number | undefined;
}

type Schema = CatalogTool['inputSchema'];

// One compiled check per schema for as long as the catalog holds it.
const checks = new WeakMap<Schema, SchemaCheck>();

/**
 * Arguments: an object, within size, valid against the schema that the agent was shown. The text that goes on is the
 * agent's, byte for byte; the parsed copy is only looked at. Where a person's configuration changes what agents give,
 * the upstream gets what it asks for, each value still as written, and that is checked against its own schema.
 */
export function createShape(deps: ShapeDeps = {}): InboundStage & { readonly name: 'shape' } {
  return {
    name: 'shape',
    phase: 'in',
    run(call, next) {
      const tool = toolOf(call);
      const text = call.argumentsText ?? '{}';
      const most = deps.maxArguments?.(tool.server) ?? MAX_ARGUMENTS;
      if (text.length > most) {
        return Promise.resolve(
          refusal('too_large', `The arguments are ${text.length} characters long; at most ${most} are passed on.`, {
            retryable: false,
            action: 'Pass less at once, or a reference instead of the content.',
          }),
        );
      }
      const value: unknown = JSON.parse(text);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        return Promise.resolve(invalid(tool, '/: the arguments must be a JSON object'));
      }
      const problems = checkOf(tool.inputSchema)(withoutNulls(value, tool.inputSchema));
      if (problems.length > 0) return Promise.resolve(invalid(tool, listed(problems)));
      if (tool.shaping === undefined) return next();
      const refused = Object.keys(value).filter((name) => tool.shaping?.refused.has(name));
      if (refused.length > 0) return Promise.resolve(invalid(tool, refused.map((name) => `/${name}: there is no such parameter`).join('\n')));
      call.argumentsText = forUpstream(text, tool.shaping);
      const { inputSchema } = tool.shaping.own;
      const amiss = checkOf(inputSchema)(withoutNulls(JSON.parse(call.argumentsText) as object, inputSchema));
      return amiss.length > 0 ? Promise.resolve(misconfigured(tool)) : next();
    },
  };
}

/**
 * The arguments as they are looked at: many agents write null for an optional argument they do not give. Whether
 * that is right is for the upstream to say, which gets it as written.
 */
function withoutNulls(value: object, schema: Schema): object {
  if (!Object.values(value).includes(null)) return value;
  const required = new Set<unknown>(Array.isArray(schema['required']) ? schema['required'] : []);
  return Object.fromEntries(Object.entries(value).filter(([name, argument]) => argument !== null || required.has(name)));
}

function checkOf(schema: Schema): SchemaCheck {
  let check = checks.get(schema);
  if (check === undefined) {
    check = compileSchemaCheck(schema);
    checks.set(schema, check);
  }
  return check;
}

/** The agent's arguments as the upstream calls them, with what the person's configuration adds. */
function forUpstream(text: RawJson, { renamed, pinned, defaults }: ToolShaping): RawJson {
  const given = new Map([...(members(text) ?? [])].map(([name, value]) => [renamed.get(name) ?? name, value]));
  for (const [name, value] of defaults) if (!given.has(name)) given.set(name, value);
  for (const [name, value] of pinned) given.set(name, value);
  return objectOf(given);
}

function listed(problems: readonly SchemaProblem[]): string {
  return problems.map(({ path, problem }) => `${path}: ${problem}`).join('\n');
}

/** What the agent gave is right; what the configuration makes of it is not. Nothing of what it hides is told. */
function misconfigured({ server, shownName }: CatalogTool): Outcome {
  return refusal('invalid_arguments', `The configuration of this tool makes arguments that its server does not take.`, {
    retryable: false,
    action: `Tell the person to look at tools.overrides of the tool ${JSON.stringify(shownName)} of the server ${JSON.stringify(server)} in the servers file.`,
  });
}

function invalid(tool: CatalogTool, problems: string): Outcome {
  const schema = JSON.stringify(tool.inputSchema);
  const shown = schema.length <= MAX_SCHEMA_IN_REFUSAL ? `\nThe schema is:\n${schema}` : '\nCall describe_tool for its schema.';
  return refusal('invalid_arguments', `The arguments do not fit the tool's schema.\n${problems}${shown}`, {
    retryable: true,
    action: 'Correct the arguments at the paths named and call again.',
  });
}
