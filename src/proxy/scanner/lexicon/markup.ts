/*
 * Marks that pass a piece of text off as something else than the tool's description: a message of the system, of the
 * person, or something the reader of the screen does not see. Patterns over one folded sentence.
 */

/** Tokens of chat templates and forged turns of a conversation. No description needs one. */
export const TEMPLATE_TOKEN = /<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id|begin_of_text)\|?>|<<\/?sys>>|\[\/?inst\]|<\/?(?:start|end)_of_turn>|\bbegin (?:system|hidden|admin) (?:prompt|instructions?|message)\b|\|\|\|[^\n|]{1,40}\|\|\||\bend of (?:the )?(?:tool |system |user |public |visible )?(?:description|prompt|instructions?|documentation|schema)\b/;

const WEIGHTY = '(?:important|system|hidden|secret|admin|override|assistant|instructions?|critical|urgent|mandatory|attention|directives?|internal|developer|note_to_(?:ai|assistant|model)|tool_result|function_results?)';

/** A tag that claims weight: `<IMPORTANT>`, `<global_override>`, `[SYSTEM]`. Words that serve as placeholders are none. */
export const WEIGHTY_TAG = new RegExp(
  `</?(?:[a-z]{1,15}[_-])?${WEIGHTY}(?:[_ -][a-z]{1,20}){0,3}(?: [a-z]{1,12}=[^\\n>]{0,40})? ?/?>|[[{]{1,2} ?/?(?:[a-z]{1,15}[_ -])?(?:system|hidden|admin|override|instructions?|directives?)(?:[_ -](?:override|prompt|message|instructions?|notice|note|command|directive|alert|update|mode|only))? ?[\\]}]{1,2}`,
);

/** A forged turn: `System:`, `### Instruction`, `SYSTEM OVERRIDE:`. */
export const FORGED_TURN = /^[^a-z0-9]{0,8}(?:(?:system|admin(?:istrator)?|developer|root|assistant|security|operator) (?:override|prompt|instructions?|notice|command|directive|alert|mode) ?(?::|\])|system ?: (?!string|str\b|object)[a-z]|#{2,4} ?(?:instructions?|system)(?: prompt| message)? ?:)/;

/** A comment that a rendered description does not show. */
export const COMMENT = /<!--|\[\/\/\]: ?#|\[comment\]: ?</;

/** Tags that make a text unseen when it is rendered. */
export const UNSEEN_STYLE = /\b(?:display ?: ?none|visibility ?: ?hidden|font-size ?: ?0|opacity ?: ?0|color ?: ?(?:white|#fff(?:fff)?|transparent))\b/;

/** A made-up element around a text: `<GLOBAL>…</GLOBAL>`. */
export const MADE_UP_ELEMENT = /<(?!(?:a|b|i|p|em|br|hr|li|ul|ol|td|th|tr|h[1-6]|pre|code|span|div|strong|table|title|summary|details|example|examples|param|parameters?|output|input|query|result|response|answer|item|name|description|usecase|use_case|url|path|file|id)>)([a-z][a-z_-]{3,24})>[^<\n]{8,400}<\/\1>/;

const KNOWN_TAGS = ['important', 'instructions', 'instruction', 'critical', 'mandatory', 'override', 'directive', 'attention', 'assistant', 'system', 'hidden', 'secret', 'urgent'];

/** A weighty tag with a slip of the pen in it, which a filter for the exact word misses and a model does not. */
export function isMisspelledTag(sentence: string): { readonly start: number; readonly end: number } | undefined {
  for (const match of sentence.matchAll(/[<[{]\/?([a-z0-9_-]{5,16})[>\]}]/g)) {
    const name = (match[1] ?? '').replace(/[^a-z]/g, '');
    if (KNOWN_TAGS.some((known) => known !== name && known.length >= 6 && oneOrTwoApart(known, name))) return { start: match.index, end: match.index + match[0].length };
  }
  return undefined;
}

/** Words of nearly one length that differ in at most two letters, or by one left out, doubled or swapped. */
function oneOrTwoApart(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let head = 0;
  while (head < a.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  return Math.max(a.length, b.length) - head - tail <= 2;
}
