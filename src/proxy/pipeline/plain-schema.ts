/** Says of arguments that they surely fit; false says nothing. */
export type QuickCheck = (value: unknown) => boolean;

/** Keywords that allow and forbid nothing (JSON Schema 2020-12, validation §9; draft-07, validation §10). */
const SAYS_NOTHING: ReadonlySet<string> = new Set(['$schema', '$comment', 'title', 'description', 'default', 'examples', 'deprecated', 'readOnly', 'writeOnly']);
const TYPES: ReadonlySet<unknown> = new Set(['string', 'boolean', 'number', 'integer']);

interface PlainMember {
  readonly type: string;
  /** Undefined where every value of the type will do. */
  readonly values: ReadonlySet<unknown> | undefined;
}

/**
 * A check for the schemas that most tools have: an object whose parameters are strings, numbers, integers or booleans, or
 * one of some of these. What it takes needs no validator, which costs a call more than all other stages together.
 * @returns undefined for any other schema
 */
export function quickCheckOf(schema: Readonly<Record<string, unknown>>): QuickCheck | undefined {
  const { type, properties = {}, required = [], additionalProperties = true, ...others } = schema;
  if (type !== 'object' || typeof additionalProperties !== 'boolean' || !isObject(properties) || !saysNothing(others)) return undefined;
  if (!Array.isArray(required) || !required.every((name) => typeof name === 'string')) return undefined;
  const members = new Map<string, PlainMember>();
  for (const [name, member] of Object.entries(properties)) {
    const plain = memberOf(member);
    if (plain === undefined) return undefined;
    members.set(name, plain);
  }
  const needed: readonly string[] = required;
  return (value) => {
    if (!isObject(value)) return false;
    for (const name of needed) if (!Object.hasOwn(value, name)) return false;
    for (const name of Object.keys(value)) {
      const member = members.get(name);
      if (member === undefined ? !additionalProperties : !fits(value[name], member)) return false;
    }
    return true;
  };
}

function memberOf(schema: unknown): PlainMember | undefined {
  if (!isObject(schema)) return undefined;
  const { type, enum: values, ...others } = schema;
  if (typeof type !== 'string' || !TYPES.has(type) || !saysNothing(others)) return undefined;
  if (values === undefined) return { type, values: undefined };
  return Array.isArray(values) && values.every((value) => typeof value !== 'object') ? { type, values: new Set<unknown>(values) } : undefined;
}

function fits(value: unknown, { type, values }: PlainMember): boolean {
  const right = type === 'integer' ? Number.isInteger(value) : typeof value === type;
  return right && (values === undefined || values.has(value));
}

function saysNothing(keywords: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(keywords).every((keyword) => SAYS_NOTHING.has(keyword));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
