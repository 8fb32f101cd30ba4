import { elements, members, stringOf } from '../json/slice.ts';
import type { RawJson } from '../model.ts';
import type { CallRecord } from './types.ts';

/*
 * How many tokens a text costs a model, without a tokenizer: a figure that every call waits for, or its line in the
 * journal, is no reason to load two megabytes of tables. Runs of one kind of character are weighed as o200k tends to
 * cut them; on prose, JSON, code and other scripts the estimate stays within 20 % (test/unit/journal-tokens.test.ts
 * measures it). The accounts that people look at are counted exactly afterwards (src/proxy/tokens).
 */

/** What an image costs; models count tiles, not bytes, and this is a usual figure for one screenshot. */
const IMAGE_TOKENS = 1_000;

const LETTERS_A_TOKEN = 7.5;
const LETTERS_A_FURTHER_TOKEN = 3.5;
const DIGITS_A_TOKEN = 3;

/** Tokens of `text`, estimated. */
export function estimateTokens(text: string): number {
  let tokens = 0;
  for (let i = 0; i < text.length; ) {
    const kind = kindOf(text.charCodeAt(i));
    let end = i + 1;
    while (end < text.length && kindOf(text.charCodeAt(end)) === kind) end++;
    tokens += runTokens(kind, end - i, text.charCodeAt(i));
    i = end;
  }
  return Math.round(tokens);
}

/** What a model may be shown of a raw `CallToolResult`. */
export interface ResultTexts {
  readonly texts: readonly string[];
  /** Raw `structuredContent`; empty without one. */
  readonly structured: string;
  /** What its images are taken to cost. */
  readonly imageTokens: number;
}

/** The parts of a raw `CallToolResult` that cost tokens. Audio and embedded blobs count nothing. */
export function resultTexts(result: RawJson): ResultTexts {
  const all = members(result);
  const texts: string[] = [];
  let imageTokens = 0;
  for (const raw of elements(all?.get('content') ?? '[]') ?? []) {
    const block = members(raw);
    const type = stringOf(block?.get('type'));
    if (type === 'image') imageTokens += IMAGE_TOKENS;
    const text = stringOf(type === 'text' ? block?.get('text') : type === 'resource' ? members(block?.get('resource') ?? '')?.get('text') : undefined);
    if (text !== undefined) texts.push(text);
  }
  return { texts, structured: all?.get('structuredContent') ?? '', imageTokens };
}

/**
 * Tokens of a result as a model gets it, from those of its parts. Most clients show the text or, where there is one,
 * the structuredContent, and not both: the larger one counts.
 */
export function resultTokens(texts: readonly number[], structured: number, imageTokens: number): number {
  return Math.max(texts.reduce((sum, tokens) => sum + tokens, imageTokens), structured);
}

/** Tokens of a raw `CallToolResult` as a model gets it, estimated. */
export function estimateResultTokens(result: RawJson): number {
  const { texts, structured, imageTokens } = resultTexts(result);
  return resultTokens(texts.map(estimateTokens), estimateTokens(structured), imageTokens);
}

/** Tokens that shortening this answer left out: what was left out costs what was shown costs, byte for byte. */
export function savedBy({ bytesOut, bytesWhole = 0, tokensOut }: Pick<CallRecord, 'bytesOut' | 'bytesWhole' | 'tokensOut'>): number {
  return bytesOut === 0 || bytesWhole <= bytesOut ? 0 : Math.round((tokensOut * (bytesWhole - bytesOut)) / bytesOut);
}

type Kind = 'lower' | 'upper' | 'digit' | 'space' | 'mark' | 'wide' | 'other';

function kindOf(c: number): Kind {
  if (c >= 0x61 && c <= 0x7a) return 'lower';
  if (c >= 0x41 && c <= 0x5a) return 'upper';
  if (c >= 0x30 && c <= 0x39) return 'digit';
  if (c === 0x20 || c === 0x0a || c === 0x09 || c === 0x0d) return 'space';
  if (c < 0x80) return 'mark';
  return c >= 0x2e80 ? 'wide' : 'other';
}

function runTokens(kind: Kind, length: number, first: number): number {
  switch (kind) {
    case 'lower':
      return length <= LETTERS_A_TOKEN ? 1 : 1 + (length - LETTERS_A_TOKEN) / LETTERS_A_FURTHER_TOKEN;
    case 'upper':
      // One capital belongs to the word it begins.
      return length === 1 ? 0.3 : 0.5 + length / 5;
    case 'digit':
      return Math.ceil(length / DIGITS_A_TOKEN);
    case 'space':
      // A single blank belongs to the word after it.
      return length === 1 && first === 0x20 ? 0 : 0.7;
    case 'mark':
      return Math.max(0.75, length / 2.5);
    case 'wide':
      return length * 0.65;
    case 'other':
      return Math.max(0.3, length / 4.5);
  }
}
