import { pointerToken } from '../fields.ts';
import { MAX_DEPTH } from '../limits.ts';
import type { RuleCode } from '../rule-titles.ts';
import type { Severity } from '../types.ts';

/** Something about the shape of a definition rather than a text in it. */
export interface ShapeObservation {
  readonly code: RuleCode;
  readonly severity: Severity;
  readonly path: string;
  readonly of: 'value' | 'key';
  /** The text it is about. */
  readonly text: string;
  readonly detail?: string;
}

const MAX_NODES = 5_000;
// Headers that say who is calling, where to and how (RFC 9110; MCP 2026-07-28, headers from parameters).
const RESERVED_HEADER = /^(?:authorization|proxy-.*|cookie2?|set-cookie|host|origin|referer|forwarded|x-forwarded-.*|content-.*|transfer-encoding|connection|upgrade|te|trailer|expect|accept.*|mcp-(?:session-id|protocol-version|method|name)|sec-.*|x-api-key)$/i;
const HEADER_TOKEN = /^[\w!#$%&'*+.^`|~-]{1,64}$/;

/** What is wrong with the shape of a parsed definition. */
export function* shapeOf(definition: unknown): Generator<ShapeObservation> {
  yield* nodes(definition, '', { left: MAX_NODES }, 0);
  const schema = member(definition, 'inputSchema');
  const open = member(schema, 'additionalProperties') === true;
  if (open && Object.keys(record(member(schema, 'properties'))).length === 0) {
    yield { code: 'broad-schema', severity: 'info', path: '/inputSchema/additionalProperties', of: 'value', text: 'true' };
  }
}

function* nodes(value: unknown, path: string, nodesLeft: { left: number }, depth: number): Generator<ShapeObservation> {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH || --nodesLeft.left < 0) return;
  for (const [key, inner] of Object.entries(value)) {
    const at = `${path}/${pointerToken(key)}`;
    if (key === '__proto__') yield { code: 'reserved-name', severity: 'block', path: at, of: 'key', text: key };
    if ((key === '$ref' || key === '$dynamicRef') && typeof inner === 'string' && /^[a-z][a-z0-9+.-]*:|^\/\//i.test(inner)) {
      yield { code: 'remote-reference', severity: 'warning', path: at, of: 'value', text: inner };
    }
    if (key === 'x-mcp-header' && (typeof inner !== 'string' || !HEADER_TOKEN.test(inner) || RESERVED_HEADER.test(inner))) {
      yield { code: 'header-injection', severity: 'block', path: at, of: 'value', text: typeof inner === 'string' ? inner : '' };
    }
    yield* nodes(inner, at, nodesLeft, depth + 1);
  }
}

/** A member of something that may be an object. */
export function member(value: unknown, key: string): unknown {
  return Object.hasOwn(record(value), key) ? record(value)[key] : undefined;
}

/** The members of an object; of anything else none. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {};
}
