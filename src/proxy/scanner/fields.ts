import { MAX_CHARACTERS, MAX_DEPTH, MAX_FIELDS, MAX_HEAD, MAX_TAIL } from './limits.ts';

/** One text that a model may read: a string value or the name of a member. */
export interface Field {
  /** JSON Pointer to the value, or to the member whose name it is. */
  readonly path: string;
  readonly of: 'value' | 'key';
  /** What is looked at; of a very long string its head and tail. */
  readonly text: string;
  /** Where `text` starts in the whole string. */
  readonly offset: number;
}

export interface Fields {
  readonly fields: readonly Field[];
  /** Characters that were left out, by a bound. */
  readonly unread: number;
}

/**
 * Every string and member name in a parsed JSON value, in order: a model is shown all of them, not the description
 * alone (security §2.5.1). Bounded in depth, count and characters.
 */
export function fieldsOf(value: unknown): Fields {
  const collector = new Collector();
  collector.visit(value, '', 0);
  return { fields: collector.fields, unread: collector.unread };
}

class Collector {
  readonly fields: Field[] = [];
  unread = 0;
  #left = MAX_CHARACTERS;

  visit(value: unknown, path: string, depth: number): void {
    if (typeof value === 'string') return this.#add(path, 'value', value);
    if (typeof value !== 'object' || value === null) return;
    if (depth > MAX_DEPTH) {
      this.unread++;
      return;
    }
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length && !this.#full(); i++) this.visit(value[i], `${path}/${i}`, depth + 1);
      return;
    }
    for (const [key, inner] of Object.entries(value)) {
      if (this.#full()) return;
      const at = `${path}/${pointerToken(key)}`;
      if (!KEYWORDS.has(key)) this.#add(at, 'key', key);
      this.visit(inner, at, depth + 1);
    }
  }

  #full(): boolean {
    if (this.fields.length < MAX_FIELDS) return false;
    this.unread++;
    return true;
  }

  #add(path: string, of: Field['of'], whole: string): void {
    if (whole === '') return;
    const head = whole.slice(0, Math.min(MAX_HEAD, this.#left));
    this.#take(path, of, head, 0);
    const tail = whole.length - head.length;
    if (tail > 0 && this.#left > 0) {
      const offset = Math.max(head.length, whole.length - Math.min(MAX_TAIL, this.#left));
      this.#take(path, of, whole.slice(offset), offset);
      this.unread += offset - head.length;
    } else this.unread += tail;
  }

  #take(path: string, of: Field['of'], text: string, offset: number): void {
    if (text === '') return;
    this.#left -= text.length;
    this.fields.push({ path, of, text, offset });
  }
}

/** Member names that the specification or JSON Schema gives; nobody can hide anything in them. */
const KEYWORDS: ReadonlySet<string> = new Set([
  'name', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations', 'type', 'properties', 'required', 'items', 'enum', 'const',
  'default', 'examples', 'anyOf', 'oneOf', 'allOf', 'not', '$schema', '$ref', '$defs', 'definitions', 'format', 'pattern', 'minimum', 'maximum',
  'exclusiveMinimum', 'exclusiveMaximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'uniqueItems', 'additionalProperties', 'readOnlyHint',
  'destructiveHint', 'idempotentHint', 'openWorldHint', 'icons', 'src', 'mimeType', 'sizes', '_meta', 'nullable',
]);

/** One reference token of a JSON Pointer (RFC 6901 §3). */
export function pointerToken(key: string): string {
  return /[~/]/.test(key) ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key;
}
