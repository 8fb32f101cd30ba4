import { isRecord } from '../json/data.ts';

/** An argument that travels in an HTTP header as well (2026-07-28, `x-mcp-header`). */
export interface HeaderParam {
  /** Name of the header, in lower case. */
  readonly header: string;
  /** Where the argument stands: members from the root. */
  readonly path: readonly string[];
}

type InputSchema = Readonly<Record<string, unknown>>;
type Read = { readonly params: readonly HeaderParam[] } | { readonly problem: string };

const KEY = 'x-mcp-header';
/** A token of RFC 9110 §5.1, as header names are. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/;
const TYPES: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean']);
const NONE: Read = { params: [] };

// One reading per schema for as long as its definition is known.
const readings = new WeakMap<InputSchema, Read>();

/** The arguments of a tool that travel in headers; none for a schema that marks them wrongly. */
export function headerParamsOf(inputSchema: InputSchema): readonly HeaderParam[] {
  const read = readOnce(inputSchema);
  return 'params' in read ? read.params : [];
}

/**
 * What is wrong with the `x-mcp-header` marks of a schema, as a sentence; undefined for nothing. Clients must not use a
 * tool with a wrong one (2026-07-28, Streamable HTTP, custom headers).
 */
export function headerProblemOf(inputSchema: InputSchema): string | undefined {
  const read = readOnce(inputSchema);
  return 'problem' in read ? read.problem : undefined;
}

/** The text of an argument in a header; undefined when it is absent or null, or no header can tell its value. */
export function headerTextOf({ path }: HeaderParam, args: unknown): string | undefined {
  let value = args;
  for (const member of path) value = isRecord(value) && Object.hasOwn(value, member) ? value[member] : undefined;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : undefined;
}

function readOnce(inputSchema: InputSchema): Read {
  let read = readings.get(inputSchema);
  if (read === undefined) {
    read = scan(inputSchema);
    readings.set(inputSchema, read);
  }
  return read;
}

function scan(inputSchema: InputSchema): Read {
  // Hardly any schema has them; the text is searched once.
  if (!JSON.stringify(inputSchema).includes(`"${KEY}"`)) return NONE;
  const params: HeaderParam[] = [];
  const problem = visit(inputSchema, [], true, params);
  return problem === undefined ? { params } : { problem };
}

/**
 * Visits a schema and all that is in it. Arguments may be marked wherever only `properties` lead: what else a schema may
 * hold is not sure to be there. `properties` and `$defs` hold schemas by name, `enum`, `const` and the like hold data.
 * Recursion is bounded by the depth limit of definitions.
 */
function visit(node: unknown, path: readonly string[], reachable: boolean, params: HeaderParam[]): string | undefined {
  if (Array.isArray(node)) return first(node, (item) => visit(item, path, false, params));
  if (!isRecord(node)) return undefined;
  if (Object.hasOwn(node, KEY)) {
    const problem = mark(node, path, reachable, params);
    if (problem !== undefined) return problem;
  }
  return first(Object.entries(node), ([keyword, value]) => {
    if (DATA.has(keyword)) return undefined;
    if (keyword === 'properties' && isRecord(value)) return first(Object.entries(value), ([name, child]) => visit(child, [...path, name], reachable, params));
    if (BY_NAME.has(keyword) && isRecord(value)) return first(Object.values(value), (child) => visit(child, path, false, params));
    return visit(value, path, false, params);
  });
}

const DATA: ReadonlySet<string> = new Set([KEY, 'enum', 'const', 'default', 'examples', 'required']);
const BY_NAME: ReadonlySet<string> = new Set(['$defs', 'definitions', 'patternProperties', 'dependentSchemas']);

function mark(node: InputSchema, path: readonly string[], reachable: boolean, params: HeaderParam[]): string | undefined {
  const where = `"${KEY}" of ${path.length === 0 ? 'the schema' : JSON.stringify(path.join('.'))}`;
  const name = node[KEY];
  if (!reachable || path.length === 0) return `${where} stands where no argument is sure to be.`;
  if (typeof name !== 'string' || !TOKEN.test(name)) return `${where} is no name of a header.`;
  if (!TYPES.has(node['type'])) return `${where} is not of type string, integer or boolean.`;
  const header = `mcp-param-${name.toLowerCase()}`;
  if (params.some((other) => other.header === header)) return `${where} names a header that another argument has.`;
  params.push({ header, path });
  return undefined;
}

function first<T>(items: readonly T[], problemOf: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
