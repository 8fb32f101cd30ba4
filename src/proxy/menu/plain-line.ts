// Control, bidi, zero-width, tag and other characters a reader cannot see. Joiners stay: scripts and emoji need them.
const UNSEEN = /(?!\p{Join_Control})[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]+|[\u{e0100}-\u{e01ef}]+/gu;

/** Text as one line without characters a reader cannot see; runs of white space become one blank. */
export function plainLine(text: string): string {
  return text.replace(UNSEEN, ' ').replace(/\s+/g, ' ').trim();
}
