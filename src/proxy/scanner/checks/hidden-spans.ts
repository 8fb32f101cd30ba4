import { hiddenIn } from './invisible.ts';

const STRIPPED = new Set(['invisible-text', 'bidi-text', 'terminal-escape']);

/** `text` without the characters that hide something or steer a terminal; `text` itself when it has none. */
export function withoutHidden(text: string): string {
  let clean = '';
  let at = 0;
  const spans = [...hiddenIn(text)].filter(({ code, severity }) => STRIPPED.has(code) && severity !== 'info').sort((a, b) => a.start - b.start);
  for (const { start, end } of spans) {
    if (start < at) continue;
    clean += text.slice(at, start);
    at = end;
  }
  return at === 0 ? text : clean + text.slice(at);
}
