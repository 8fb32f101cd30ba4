/** A text that another text encodes, and where it stands in it. */
export interface Layer {
  readonly encoding: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const MAX_LAYERS = 24;
const MAX_RUN = 6_000;
const MAX_NESTING = 2;

const BASE64 = /[A-Za-z0-9+/_-]{20,6000}={0,2}/g;
const HEX = /(?:[0-9a-fA-F]{2}){12,3000}/g;
const HEX_APART = /(?:(?:0x|\\x)?[0-9a-fA-F]{2}[ ,:;-]{0,2}){12,1500}/g;
const PERCENT = /(?:[\w.~-]{0,40}%[0-9a-fA-F]{2}){4,1000}[\w.~-]{0,200}/g;
const ESCAPES = /(?:[^\\\n]{0,3}\\(?:u\{?[0-9a-fA-F]{2,6}\}?|x[0-9a-fA-F]{2}|[0-3][0-7]{2})){4,1000}/g;
const ENTITIES = /(?:[^&\n]{0,3}&#(?:x[0-9a-fA-F]{2,6}|\d{2,7});?){4,1000}/g;
const DECIMALS = /(?:\b\d{2,3}\b[ ,;]{1,2}){11,1000}\b\d{2,3}\b/g;
const BINARY = /(?:[01]{8}[ ,]{0,2}){8,500}/g;

/**
 * Texts hidden in a text by an encoding: base64, hex, percent, escapes, entities and character codes, base64 in
 * base64 too. What does not decode to something readable is no layer. Bounded in number and size.
 */
export function layersOf(text: string): Layer[] {
  const layers: Layer[] = [];
  if (text.length >= 16) collect(text, 0, layers);
  return layers;
}

function collect(text: string, nesting: number, layers: Layer[]): void {
  const add = (encoding: string, match: RegExpMatchArray, decoded: string | undefined): void => {
    if (decoded === undefined || layers.length >= MAX_LAYERS) return;
    const start = match.index ?? 0;
    layers.push({ encoding, text: decoded, start, end: start + match[0].length });
    if (nesting + 1 >= MAX_NESTING) return;
    const inner: Layer[] = [];
    collect(decoded, nesting + 1, inner);
    for (const layer of inner) layers.push({ encoding: `${layer.encoding} in ${encoding}`, text: layer.text, start, end: start + match[0].length });
  };
  for (const match of text.matchAll(BASE64)) if (mayBeBase64(match[0])) add('base64', match, readable(Buffer.from(match[0].slice(0, MAX_RUN), 'base64')));
  if (/[0-9a-fA-F]{2}[ ,:;-]{0,2}[0-9a-fA-F]{2}/.test(text)) {
    for (const match of text.matchAll(HEX)) add('hex', match, readable(Buffer.from(match[0].slice(0, MAX_RUN), 'hex')));
    for (const match of text.matchAll(HEX_APART)) if (/[ ,:;x-]/.test(match[0])) add('hex', match, readable(Buffer.from(match[0].replace(/0x|\\x|[^0-9a-fA-F]/g, ''), 'hex')));
    for (const match of text.matchAll(DECIMALS)) add('character codes', match, readable(Buffer.from(match[0].split(/\D+/).map(Number).filter((code) => code < 256))));
    for (const match of text.matchAll(BINARY)) add('binary', match, readable(Buffer.from((match[0].match(/[01]{8}/g) ?? []).map((bits) => Number.parseInt(bits, 2)))));
  }
  if (text.includes('%')) for (const match of text.matchAll(PERCENT)) add('percent encoding', match, readable(Buffer.from(match[0].replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), 'latin1')));
  if (text.includes('\\')) for (const match of text.matchAll(ESCAPES)) add('escapes', match, match[0].replace(/\\(?:u\{?([0-9a-f]{2,6})\}?|x([0-9a-f]{2})|([0-3][0-7]{2}))/gi, (_, u?: string, x?: string, octal?: string) => character(Number.parseInt(u ?? x ?? octal ?? '0', octal === undefined ? 16 : 8))));
  if (text.includes('&#')) for (const match of text.matchAll(ENTITIES)) add('character references', match, match[0].replace(/&#(?:x([0-9a-f]{2,6})|(\d{2,7}));?/gi, (_, hex?: string, decimal?: string) => character(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16))));
}

/** `someCamelCase/and_paths`; what follows a word begins in one way only, so that nothing is tried twice. */
const WORDS = /^[A-Z]?[a-z]+(?:[_/-]?[A-Z][a-z]+|[_/-][a-z]+)*[_/-]?$/;

/** Ordinary words and paths are of base64's letters too; capitals amid a word or digits tell. */
function mayBeBase64(run: string): boolean {
  return /[a-z][A-Z]|\d/.test(run) && /[A-Z]/.test(run) && !WORDS.test(run.slice(0, 200));
}

/** The text these bytes are, if they are readable. */
function readable(bytes: Buffer): string | undefined {
  if (bytes.length < 6) return undefined;
  const text = bytes.toString('utf8');
  const plain = text.match(/[\p{L}\p{N}\p{P}\p{S}\s]/gu)?.length ?? 0;
  const strange = (text.match(/(?![\t\n\v\f\r])\p{Cc}|\ufffd/gu) ?? []).length;
  return strange === 0 && plain / Array.from(text).length > 0.95 ? text : undefined;
}

function character(code: number): string {
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
}

/** True when a text reads as prose: several words, mostly letters. */
export function isProse(text: string): boolean {
  const words = text.match(/\p{L}{2,}/gu) ?? [];
  return words.length >= 4 && words.join('').length / text.length > 0.6 && /\s/.test(text) && !/^\s*[{[<]/.test(text);
}
