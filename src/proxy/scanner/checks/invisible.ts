import type { Observation } from '../finding.ts';
import type { Severity } from '../types.ts';
import { mixedWords } from '../text/plain.ts';

/* eslint-disable no-control-regex, no-misleading-character-class -- these characters are what is looked for */

/*
 * What is in a text but not on the screen. Runs over the raw text: folding would take it away. Writing systems that
 * need joiners, emoji and flags keep theirs.
 */

const TAGS = /[\u{E0000}-\u{E007F}]+/gu;
/** England, Scotland, Wales: the only flags made of tags, and others of that form. */
const TAG_FLAG = /\u{1F3F4}[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{3,6}\u{E007F}/gu;
const SELECTORS = /[\u{FE00}-\u{FE0F}\u{E0100}-\u{E01EF}]+/gu;
const ZERO_WIDTH = /[\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180E\u200B-\u200F\u2060-\u2064\u206A-\u206F\u3164\uFEFF\uFFA0\uFFF9-\uFFFB\u{1BCA0}-\u{1BCA3}\u{1D173}-\u{1D17A}]+/gu;
/** Blank without being white space; with other Braille cells it is a letter. */
const BRAILLE_BLANK = /\u2800+/g;
const BIDI = /[\u202A-\u202E\u2066-\u2069]+/gu;
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u;
const ESCAPE = /\u001b(?:\[[0-?]{0,30}[ -/]{0,5}[@-~]?|\][^\u0007\u001b]{0,200}|[@-_])?|\u009b/g;
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001a\u001c-\u001f\u007f-\u009a\u009c-\u009f]+/g;
const BARE_RETURN = /(?<!\r)\r+(?![\r\n])/g;
const PRIVATE_USE = /[\p{Co}]+/gu;
/** So many blanks in a row move what follows out of sight. */
const BLANKS = /[ \t\u00a0\u2000-\u200a\u2800\u3000]{100,}/g;
const LINES = /(?:[ \t]{0,40}\r?\n){20,}/g;
const JOINING = /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Gujarati}\p{Script=Gurmukhi}\p{Script=Oriya}\p{Script=Khmer}\p{Script=Thai}\p{Script=Lao}\p{Script=Myanmar}\p{Script=Tibetan}\p{Script=Hebrew}]/u;
const SYMBOL = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\u20e3\ufe0f#*0-9\p{S}]/u;
const LETTER = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]/u;

/** Every hidden character or disguise in `text`. */
export function* hiddenIn(text: string): Generator<Observation> {
  if (!/[^\n -~]| {100}|\n{20}|\n[ \t]+\n/.test(text)) return;
  yield* tags(text);
  yield* selectors(text);
  yield* zeroWidth(text);
  yield* terminal(text);
  yield* padding(text);
  for (const match of text.matchAll(BIDI)) yield seen('bidi-text', RIGHT_TO_LEFT.test(text) && !/[\u202D\u202E]/.test(match[0]) ? 'info' : 'block', match);
  for (const match of text.matchAll(PRIVATE_USE)) yield seen('invisible-text', match[0].length > 4 ? 'warning' : 'info', match, 'Characters without a public meaning.');
  if (!/[\u2801-\u28ff]/.test(text)) for (const match of text.matchAll(BRAILLE_BLANK)) yield seen('invisible-text', match[0].length > 3 ? 'block' : 'warning', match, 'Blank Braille cells.');
  for (const word of mixedWords(text)) {
    yield { code: 'disguised-letters', severity: word.script === 'Cyrillic' ? 'block' : 'warning', start: word.start, end: word.end, detail: `Reads as "${word.latin}".` };
  }
}

function* tags(text: string): Generator<Observation> {
  const flags = [...text.matchAll(TAG_FLAG)].map((match) => ({ start: match.index, end: match.index + match[0].length }));
  for (const match of text.matchAll(TAGS)) {
    if (flags.some((flag) => flag.start <= match.index && match.index + match[0].length <= flag.end)) continue;
    yield seen('invisible-text', 'block', match, `Tag characters that read "${tagText(match[0]).slice(0, 200)}".`);
  }
}

function* selectors(text: string): Generator<Observation> {
  for (const match of text.matchAll(SELECTORS)) {
    const run = Array.from(match[0]);
    const before = characterBefore(text, match.index);
    if (run.length === 1) {
      if ((run[0] ?? '') <= '\uFE0F') {
        if (!SYMBOL.test(before) && LETTER.test(before)) yield seen('invisible-text', 'info', match, 'A variation selector on a letter.');
      } else if (!/\p{Script=Han}/u.test(before)) yield seen('invisible-text', 'block', match, 'A variation selector where none belongs.');
    } else yield seen('invisible-text', 'block', match, `Variation selectors that read "${selectorText(run).slice(0, 200)}".`);
  }
}

function* zeroWidth(text: string): Generator<Observation> {
  const found = [...text.matchAll(ZERO_WIDTH)];
  for (const match of found) {
    const before = characterBefore(text, match.index);
    const after = String.fromCodePoint(text.codePointAt(match.index + match[0].length) ?? 0x20);
    if (match[0] === '\uFEFF' && match.index === 0) continue;
    if (/^[\u200B-\u200F\u061C]$/.test(match[0]) && (JOINING.test(before) || JOINING.test(after) || /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff00-\uffef]/u.test(before + after))) continue;
    if (match[0] === '\u200D' && SYMBOL.test(before) && SYMBOL.test(after)) continue;
    if (match[0] === '\u00AD') {
      // Soft hyphens are how some sites break words; more than a few hide words from filters.
      yield seen('invisible-text', found.length > 3 ? 'warning' : 'info', match, 'Soft hyphen.');
      continue;
    }
    const insideWord = LETTER.test(before) && LETTER.test(after);
    const joinsLatin = /[\u200C\u200D\u2060-\u2064]/.test(match[0]) && (LETTER.test(before) || LETTER.test(after));
    yield seen('invisible-text', insideWord || joinsLatin || match[0].length > 1 || found.length > 3 ? 'block' : 'warning', match, 'Zero-width characters.');
  }
}

function* terminal(text: string): Generator<Observation> {
  for (const match of text.matchAll(ESCAPE)) yield seen('terminal-escape', 'block', match);
  for (const match of text.matchAll(CONTROL)) yield seen('terminal-escape', /[\b\u007f\u0000]/.test(match[0]) ? 'block' : 'warning', match, 'Control characters.');
  for (const match of text.matchAll(BARE_RETURN)) yield seen('terminal-escape', 'warning', match, 'A carriage return without a line feed.');
}

function* padding(text: string): Generator<Observation> {
  for (const pattern of [BLANKS, LINES]) {
    for (const match of text.matchAll(pattern)) {
      if (text.slice(0, match.index).trim() !== '' && text.slice(match.index + match[0].length).trim() !== '') yield seen('hidden-padding', 'block', match, `${match[0].length} blank characters.`);
    }
  }
}

/** The texts that invisible characters spell, for closer reading. */
export function invisibleTexts(text: string): readonly { readonly text: string; readonly start: number; readonly end: number }[] {
  if (!/[\u{FE00}-\u{FE0F}\u{E0000}-\u{E01EF}]/u.test(text)) return [];
  const spelled: { text: string; start: number; end: number }[] = [];
  for (const match of text.matchAll(TAGS)) spelled.push({ text: tagText(match[0]), start: match.index, end: match.index + match[0].length });
  for (const match of text.matchAll(SELECTORS)) {
    const run = Array.from(match[0]);
    if (run.length > 1) spelled.push({ text: selectorText(run), start: match.index, end: match.index + match[0].length });
  }
  return spelled;
}

function tagText(run: string): string {
  return Array.from(run, (character) => {
    const code = (character.codePointAt(0) ?? 0) - 0xe0000;
    return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '';
  }).join('');
}

/** Selectors 1 to 256 as bytes, the usual way to hide a text behind an emoji. */
function selectorText(run: readonly string[]): string {
  const bytes = run.map((character) => {
    const code = character.codePointAt(0) ?? 0;
    return code <= 0xfe0f ? code - 0xfe00 : code - 0xe0100 + 16;
  });
  return Buffer.from(bytes).toString('utf8');
}

function characterBefore(text: string, index: number): string {
  if (index === 0) return ' ';
  const low = text.charCodeAt(index - 1);
  return low >= 0xdc00 && low <= 0xdfff && index > 1 ? text.slice(index - 2, index) : text.slice(index - 1, index);
}

function seen(code: Observation['code'], severity: Severity, match: RegExpMatchArray, detail?: string): Observation {
  const start = match.index ?? 0;
  return { code, severity, start, end: start + match[0].length, ...(detail !== undefined && { detail }) };
}
