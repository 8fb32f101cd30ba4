import { visible } from '../proxy/json/visible.ts';

/**
 * Making text of unknown origin safe to show: nothing invisible stays invisible, nothing is read as markup.
 */

/** Text with everything invisible spelled out, line by line: the line feeds stay. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n');
}

/**
 * One visible line of at most `max` characters, cut with `…`. For labels only: what a person approves is never cut.
 */
export function oneLine(text: string, max = 120): string {
  // Cutting first bounds the work on hostile lengths; what is cut off is not shown anyway.
  const shown = visible(text.slice(0, max + 1));
  return shown.length <= max ? shown : `${shown.slice(0, max - 1)}…`;
}

/** `text` for a place that would render `$(icon)`: QuickPick items and status bar texts. */
export function withoutIcons(text: string): string {
  return text.replaceAll('$(', '\\$(');
}

/** `text` for a notification, which would otherwise turn `[label](command:…)` into a link. */
export function withoutLinks(text: string): string {
  return text.replaceAll('](', '] (');
}

const MARGIN = '│ ';
const CONTINUED = '┆ ';
/** Characters a line may have in a whole editor, and in half of one. */
const WRAP = 80;
const NARROW_WRAP = 60;
const SPACES = / {16,}/g;
/** Indentation up to this is layout; beyond it, it hides something. */
const MAX_INDENT = 40;

/**
 * A block of untrusted text for a document: each line behind a margin, so that it cannot pass for ours; long lines
 * wrapped, runs of blanks counted, invisible characters spelled out. Whole, whatever its length.
 */
export function quoted(text: string): string {
  return blocks(text, WRAP)
    .map((parts) => parts.map((part, index) => (part === '' ? MARGIN.trimEnd() : (index === 0 ? MARGIN : CONTINUED) + part)).join('\n'))
    .join('\n');
}

/** The same without margins and for half the width: one side of a diff, which holds nothing of ours. */
export function folded(text: string): string {
  return blocks(text, NARROW_WRAP)
    .map((parts) => parts.join('\n'))
    .join('\n');
}

/** The lines of a text, each in the parts it is wrapped into. */
function blocks(text: string, width: number): string[][] {
  const lines: string[][] = [];
  let empty = 0;
  const flush = (): void => {
    if (empty > 3) lines.push([`⟨${empty} empty lines⟩`]);
    else for (let i = 0; i < empty; i++) lines.push(['']);
    empty = 0;
  };
  for (const line of text.split('\n')) {
    const shown = visible(line.replace(/\r$/, '')).replace(SPACES, (run, at: number) =>
      at === 0 && run.length <= MAX_INDENT ? run : `⟨${run.length} spaces⟩`,
    );
    if (shown.trim() === '') {
      empty++;
    } else {
      flush();
      lines.push(wrap(shown, width));
    }
  }
  flush();
  return lines;
}

/** `1 tool`, `3 tools`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Bytes as a person reads them. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(1)} KiB`;
  return `${(count / 1024 / 1024).toFixed(1)} MiB`;
}

function wrap(line: string, width: number): string[] {
  const parts: string[] = [];
  let at = 0;
  do {
    let end = at + width;
    // Never between the halves of a surrogate pair.
    if ((line.codePointAt(end - 1) ?? 0) > 0xffff) end++;
    parts.push(line.slice(at, end));
    at = end;
  } while (at < line.length);
  return parts;
}
