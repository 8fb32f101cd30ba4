import { MAY_BE_SECRET, NAMED_SECRETS, SECRET_VALUES } from './secret-patterns.ts';

/*
 * Secrets in text that is passed on. A record may lose a word too many; a result must not lose one that somebody
 * needs. So a value that only the words before it give away has to look like a secret too.
 */

/** A secret in a text; UTF-16 offsets, end exclusive. */
export interface SecretSpan {
  readonly start: number;
  readonly end: number;
}

const MAX_SPANS = 1_000;
const MAY_NAME = /pass(?:word|wd|phrase)|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|authori[sz]ation|cookie|bearer|basic |session|[?&#]code=|:\/\/[^\s/@]{1,200}@/i;
/** What documentation writes instead of a key of a known format. */
const SAMPLE_KEY = /example|placeholder|your[-_ ]|x{5,}|\*{3}|\.{3}/i;
const PLACEHOLDER =
  /example|sample|placeholder|changeme|dummy|fake|redacted|xxxx|your[-_ ]|my[-_]?(?:pass|secret|token|key)|^(?:test|password|secret|token|none|null|nil|undefined|true|false|string|env|os)$|1234567|abcdefg|\.\.\.|\*\*\*|<|>|\{|\}|\$|%\(|\bEXAMPLE/i;
/** `config.token`, `getenv(…)`, `self->key`: code that names a secret instead of giving it. */
const CODE = /^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)+$|^\*|\*$|[([]|::|->|^[a-z]+(?:[A-Z][a-z]+)+$|^[a-z]+(?:[_-][a-z]+)*$|^[A-Z]+(?:_[A-Z]+)*$|^[A-Z][a-z]+$|^[./~]|^https?:/;

/** Every secret in `text`, in order and without overlaps. Linear in its length. */
export function secretsIn(text: string): readonly SecretSpan[] {
  const spans: SecretSpan[] = [];
  if (MAY_BE_SECRET.test(text)) {
    for (const pattern of SECRET_VALUES) for (const match of text.matchAll(pattern)) if (!SAMPLE_KEY.test(match[0])) spans.push({ start: match.index, end: match.index + match[0].length });
  }
  if (MAY_NAME.test(text)) {
    for (const pattern of NAMED_SECRETS) {
      for (const match of text.matchAll(pattern)) {
        const start = match.index + (match[1] ?? '').length;
        const value = text.slice(start, match.index + match[0].length);
        if (isSecretValue(value, match[1] ?? '')) spans.push({ start, end: start + value.length });
      }
    }
  }
  return merged(spans.slice(0, MAX_SPANS));
}

/** `text` with each span replaced. */
export function withoutSpans(text: string, spans: readonly SecretSpan[], replacement: string): string {
  let clean = '';
  let at = 0;
  for (const { start, end } of spans) {
    clean += text.slice(at, start) + replacement;
    at = end;
  }
  return clean + text.slice(at);
}

/** Random enough for a secret, and neither a placeholder nor code that names one. */
function isSecretValue(value: string, words: string): boolean {
  const isUserInfo = words.endsWith('://');
  const secret = isUserInfo ? value.slice(value.indexOf(':') + 1) : /cookie/i.test(words) ? longestValue(value) : value;
  if (isUserInfo && !value.includes(':')) return false;
  if (/[?&#](?:state|key|auth)=$|\bsig(?:nature)?[^a-z]*$/i.test(words) || secret.length < minLength(words) || secret.length > 4_096) return false;
  if (PLACEHOLDER.test(secret) || CODE.test(secret)) return false;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z\d]/].filter((kind) => kind.test(secret)).length;
  return kinds >= 2 && !/\s/.test(secret) && /\d|[^A-Za-z\d]/.test(secret) && entropy(secret) >= (secret.length < 16 ? 2.5 : 3);
}

/** People's passwords are short; a token that short is a name, a count or a badge. */
function minLength(words: string): number {
  if (words.endsWith('://')) return 6;
  return /pass(?:word|wd|phrase)[^a-z]*$/i.test(words) ? 8 : 16;
}

/** The longest value of a cookie header. */
function longestValue(header: string): string {
  return header
    .split(/[;,]\s*/)
    .map((pair) => pair.slice(pair.indexOf('=') + 1))
    .reduce((longest, value) => (value.length > longest.length ? value : longest), '');
}

/** Shannon entropy in bits a character. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

function merged(spans: readonly SecretSpan[]): readonly SecretSpan[] {
  const result: SecretSpan[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = result.at(-1);
    if (last === undefined || span.start >= last.end) result.push(span);
    else if (span.end > last.end) result[result.length - 1] = { start: last.start, end: span.end };
  }
  return result;
}
