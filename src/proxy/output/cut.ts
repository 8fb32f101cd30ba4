/** How much of the room a cut may give up to end at a line or element instead of in the middle of one. */
const WORTH = 0.5;

/** True when no half of a surrogate pair stands alone, so that UTF-8 can carry the text without loss. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** The longest head of at most `room` characters that does not end inside a surrogate pair. */
export function characterHead(text: string, room: number): string {
  if (text.length <= room) return text;
  const end = Math.max(0, Math.floor(room));
  return text.slice(0, splitsPair(text, end) ? end - 1 : end);
}

/**
 * A head of at most `room` characters that ends after a line or, where the text is JSON, after an element, if
 * one ends in the second half of the room; else at a character.
 */
export function readableHead(text: string, room: number): string {
  const head = characterHead(text, room);
  if (head.length === text.length) return head;
  const worth = head.length * WORTH;
  const line = head.lastIndexOf('\n') + 1;
  if (line > worth) return head.slice(0, line);
  const element = /^\s*[[{]/.test(head) ? afterLastElement(head) : 0;
  return element > worth ? head.slice(0, element) : head;
}

function splitsPair(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}

/** Index just past the last comma that stands between JSON values; 0 when there is none. */
function afterLastElement(head: string): number {
  let last = 0;
  let inString = false;
  for (let i = 0; i < head.length; i++) {
    const c = head[i];
    if (inString) {
      if (c === '\\') i++;
      else if (c === '"') inString = false;
    } else if (c === '"') inString = true;
    else if (c === ',') last = i + 1;
  }
  return last;
}
