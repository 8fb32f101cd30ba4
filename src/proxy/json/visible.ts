/**
 * Control, format (bidi, zero-width, tag), private-use, surrogate, line and paragraph separators, default-ignorable
 * characters and the blank Braille cell. U+FE0F after a pictograph is how ordinary emoji are written.
 */
const INVISIBLE =
  /(?<!\p{Extended_Pictographic})\uFE0F|(?!\uFE0F)[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/**
 * Text of unknown origin, safe to show: every invisible or reordering character, line feeds and tabs included, is
 * spelled out as `\u{…}` (`\n`, `\t`, `\r`), so that nothing hides, overwrites or starts a line (security U2).
 */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => NAMED.get(character) ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}}`);
}

/**
 * The same JSON with every invisible or reordering character in its strings written as a JSON escape: exact for a
 * program, safe for a terminal.
 * @param json a JSON text; line feeds between its tokens are kept
 */
export function visibleJson(json: string): string {
  return json.replace(INVISIBLE, (character) => (character === '\n' ? character : Array.from({ length: character.length }, (_, i) => escapeUnit(character.charCodeAt(i))).join('')));
}

/** How many invisible characters `text` holds; ordinary line feeds and tabs do not count. */
export function countHidden(text: string): number {
  let count = 0;
  for (const [character] of text.matchAll(INVISIBLE)) if (character !== '\n' && character !== '\t') count++;
  return count;
}

const NAMED: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\t', '\\t'],
  ['\r', '\\r'],
]);

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
