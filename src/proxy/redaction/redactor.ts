import { Buffer } from 'node:buffer';
import { elements, members, objectOf, stringOf } from '../json/slice.ts';
import type { RawJson, ServerName } from '../model.ts';
import { isSensitiveKey, MAY_BE_SECRET, MAY_NAME_SECRET, NAMED_SECRETS, SECRET_VALUES } from './secret-patterns.ts';

export const REDACTED = '[redacted]';

/** Shorter values are not searched for: they would blank out half of every line. */
const MIN_KNOWN = 6;
const MAX_KNOWN = 1_000;
/** Shorter values may be words that mean something else in somebody's arguments. */
const MIN_CREDENTIAL = 12;
/** Longer strings are not looked into, hence not recorded either. */
const MAX_TEXT = 64 * 1024;
const MAX_DEPTH = 24;
const MAX_VALUES = 20_000;
const MAX_KEY = 200;
const BASE64_RUN = /[A-Za-z0-9+/_-]{8,}={0,2}/g;

/** How much of a value is kept beside redaction. */
export interface JsonBounds {
  /** Strings longer than this are cut to a fifth of it. */
  readonly string: number;
  /** Elements or members kept of each array or object. */
  readonly items: number;
}

const WHOLE: JsonBounds = { string: Infinity, items: Infinity };

interface KnownSecret {
  readonly value: string;
  /** As it stands inside a JSON string. */
  readonly escaped: string;
  /** The servers that it was given for. */
  readonly owners: Set<ServerName>;
}

/** Takes secrets out of what is about to be written down. */
export class Redactor {
  /** Longest first, so that a secret which contains another goes as a whole. */
  #known: readonly KnownSecret[] = [];
  /** Of any known value: a shorter text holds none, in whatever spelling. */
  #shortestKnown = Infinity;
  /** Shortest text that base64 makes of any known value. */
  #shortestBase64 = Infinity;
  /** One that knows the credentials a server has no business with. */
  readonly #others = new Map<ServerName, Redactor>();

  /**
   * Makes every later text lose this value: as it is, as JSON escapes it, in base64 at any alignment, and
   * percent-encoded in any spelling. Values under six characters are ignored.
   * @param owner the server it is a credential of; nobody's without
   */
  addKnown(value: string, owner?: ServerName): void {
    if (value.length < MIN_KNOWN) return;
    const before = this.#known.find((known) => known.value === value);
    if (before !== undefined && (owner === undefined || before.owners.has(owner))) return;
    this.#others.clear();
    if (before !== undefined) {
      if (owner !== undefined) before.owners.add(owner);
      return;
    }
    const known = { value, escaped: JSON.stringify(value).slice(1, -1), owners: new Set(owner === undefined ? [] : [owner]) };
    this.#known = [...this.#known, known].sort((a, b) => b.value.length - a.value.length).slice(0, MAX_KNOWN);
    this.#shortestKnown = Math.min(this.#shortestKnown, value.length);
    this.#shortestBase64 = Math.min(this.#shortestBase64, Math.floor((Buffer.byteLength(value) * 8) / 6));
  }

  /** `text` without known secrets; `text` itself when it holds none. For what is passed on, not written down. */
  withoutKnown(text: string): string {
    if (text.length < this.#shortestKnown) return text;
    let clean = text;
    for (const { value, escaped } of this.#known) {
      clean = clean.replaceAll(value, REDACTED);
      if (escaped !== value) clean = clean.replaceAll(escaped, REDACTED);
    }
    if (/[%+]/.test(clean)) clean = clean.replace(/[^\s"<>]+/g, (run) => (/[%+]/.test(run) && this.#holdsKnownEncoded(run) ? REDACTED : run));
    return clean.length < this.#shortestBase64 ? clean : clean.replace(BASE64_RUN, (run) => (this.#holdsKnownInBase64(run) ? REDACTED : run));
  }

  /** Whether a JSON text holds a known secret of at least twelve characters that was not given for this server. */
  holdsAnothersCredential(raw: RawJson, server: ServerName): boolean {
    if (this.#known.length === 0) return false;
    let others = this.#others.get(server);
    if (others === undefined) {
      others = new Redactor();
      for (const { value, owners } of this.#known) if (value.length >= MIN_CREDENTIAL && !owners.has(server)) others.addKnown(value);
      this.#others.set(server, others);
    }
    // Escapes that JSON does not need would hide what the server reads.
    const text = /\\[u/]/.test(raw) ? JSON.stringify(JSON.parse(raw)) : raw;
    return others.withoutKnown(text) !== text;
  }

  /** `text` without known secrets and without what looks like one. */
  text(text: string): string {
    if (text.length > MAX_TEXT) return `[${text.length} characters, not recorded]`;
    let clean = this.withoutKnown(text);
    // Most texts hold nothing that could be a secret; one look spares them the long lists.
    if (MAY_BE_SECRET.test(clean)) for (const pattern of SECRET_VALUES) clean = clean.replace(pattern, REDACTED);
    if (MAY_NAME_SECRET.test(clean)) for (const pattern of NAMED_SECRETS) clean = clean.replace(pattern, `$1${REDACTED}`);
    return clean;
  }

  /**
   * A raw JSON value without secrets, as `JSON.stringify` would write it, except that integers beyond 2^53 keep
   * their digits.
   */
  json(raw: RawJson, bounds: JsonBounds = WHOLE): RawJson {
    return this.#value(raw, bounds, { left: MAX_VALUES }, 0);
  }

  #value(raw: RawJson, bounds: JsonBounds, values: { left: number }, depth: number): RawJson {
    const string = stringOf(raw);
    if (string !== undefined) return JSON.stringify(this.#bounded(string, bounds));
    if (--values.left < 0 || depth > MAX_DEPTH) return '"[not recorded: too many values]"';
    if (raw.startsWith('{')) return this.#object(members(raw) ?? new Map(), bounds, values, depth);
    const items = elements(raw);
    if (items === undefined) return scalar(raw);
    const kept = items.slice(0, bounds.items).map((item) => this.#value(item, bounds, values, depth + 1));
    if (kept.length < items.length) kept.push(JSON.stringify(`[${items.length - kept.length} more]`));
    return `[${kept.join(',')}]`;
  }

  #object(all: ReadonlyMap<string, RawJson>, bounds: JsonBounds, values: { left: number }, depth: number): RawJson {
    // {"name": "Authorization", "value": …} names its secret in a value.
    const label = stringOf(all.get('name') ?? all.get('key'));
    const labelled = label !== undefined && isSensitiveKey(label);
    const kept: [string, RawJson][] = [];
    for (const [key, raw] of all) {
      if (kept.length >= bounds.items) {
        kept.push([`[${all.size - kept.length} more]`, 'true']);
        break;
      }
      const secret = isSensitiveKey(key) || (labelled && key === 'value');
      const value = secret && raw !== 'null' && raw !== 'true' && raw !== 'false' ? JSON.stringify(REDACTED) : this.#value(raw, bounds, values, depth + 1);
      kept.push([this.text(key.slice(0, MAX_KEY)), value]);
    }
    return objectOf(kept);
  }

  #bounded(string: string, bounds: JsonBounds): string {
    const clean = this.text(string);
    if (clean.length <= bounds.string) return clean;
    return `${clean.slice(0, bounds.string / 5)}… [${string.length} characters]`;
  }

  #holdsKnownEncoded(run: string): boolean {
    // Forms write a blank as "+".
    return this.#holdsKnown(percentDecoded(run)) || this.#holdsKnown(percentDecoded(run.replaceAll('+', ' ')));
  }

  #holdsKnown(text: string): boolean {
    return this.#known.some(({ value }) => text.includes(value)) || (text.match(BASE64_RUN) ?? []).some((run) => this.#holdsKnownInBase64(run));
  }

  /** The run may begin at any character of the encoded text, so each of the four alignments is tried. */
  #holdsKnownInBase64(run: string): boolean {
    if (run.length < this.#shortestBase64) return false;
    for (let skip = 0; skip < 4; skip++) {
      const bytes = Buffer.from(run.slice(skip), 'base64');
      if (this.#known.some(({ value }) => bytes.includes(value))) return true;
    }
    return false;
  }
}

function scalar(raw: RawJson): RawJson {
  const value: unknown = JSON.parse(raw);
  return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) ? raw : JSON.stringify(value);
}

/** Decodes every %XX; other characters stay. */
function percentDecoded(text: string): string {
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  const decoded = bytes.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(decoded, 'latin1').toString('utf8');
}
