// Control, bidi, zero-width, tag and other characters a reader cannot see. Joiners stay: scripts and emoji need them.
const UNSEEN = '(?!\\p{Join_Control})[\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}\\p{Zl}\\p{Zp}]|[\\u{e0100}-\\u{e01ef}]';
const UNSEEN_RUNS = new RegExp(`(?:${UNSEEN})+`, 'gu');
const UNSEEN_IN_TEXT = new RegExp(`(?![\\n\\t])(?:${UNSEEN})`, 'gu');
const UNSEEN_CHARACTER = new RegExp(UNSEEN, 'gu');

/** Text as one line without characters a reader cannot see; runs of white space become one blank. */
export function plainLine(text: string): string {
  return text.replace(UNSEEN_RUNS, ' ').replace(/\s+/g, ' ').trim();
}

/** Text of several lines without characters a reader cannot see; line ends become line feeds. */
export function plainText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(UNSEEN_IN_TEXT, '').trim();
}

/** JSON for the same value in which every character a reader cannot see stands as its escape. */
export function plainJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSEEN_CHARACTER, (unseen) =>
    Array.from({ length: unseen.length }, (_, i) => `\\u${unseen.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  );
}
