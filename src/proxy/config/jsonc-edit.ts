import { createScanner, type Node } from 'jsonc-parser';

/*
 * Edits of JSON with comments that change nothing but what they are about. jsonc-parser's own `modify` lays out
 * neighbouring entries anew, drops comments between entries, and breaks the text when it removes the only entry
 * before a trailing comma; people keep these files by hand and in git.
 */

/**
 * Adds a member at the end of an object, or an element at the end of a list, laid out as its neighbours are.
 * @param container the object or list in `text`
 * @param key the member's key; undefined for a list
 */
export function append(text: string, container: Node, key: string | undefined, value: unknown): string {
  const style = styleOf(text);
  const write = (json: string): string => (key === undefined ? json : `${JSON.stringify(key)}: ${json}`);
  const last = container.children?.at(-1);
  const close = container.offset + container.length - 1;
  if (last === undefined) {
    const outer = indentAt(text, container.offset);
    const inner = outer + style.unit;
    const end = endOfContent(text, container.offset + 1, close);
    const member = write(layOut(value, inner, style));
    return `${text.slice(0, end)}${style.eol}${inner}${member}${style.eol}${outer}${text.slice(close)}`;
  }
  const lastEnd = last.offset + last.length;
  const comma = commaAfter(text, lastEnd, close);
  if (!/[\r\n]/.test(text.slice(container.offset, close))) {
    // A list on one line stays on one line.
    const member = write(JSON.stringify(value));
    return comma === undefined ? splice(text, lastEnd, lastEnd, `, ${member}`) : splice(text, comma + 1, comma + 1, ` ${member},`);
  }
  const indent = startsLine(text, last.offset) ? indentAt(text, last.offset) : indentAt(text, container.offset) + style.unit;
  const member = style.eol + indent + write(layOut(value, indent, style));
  // A remark on the last entry's line belongs to that entry.
  if (comma !== undefined) return insertAfterRemark(text, comma + 1, close, `${member},`);
  return insertAfterRemark(splice(text, lastEnd, lastEnd, ','), lastEnd + 1, close + 1, member);
}

/** Removes one member of an object, or one element of a list, with its comma and the remark on its line. */
export function remove(text: string, container: Node, child: Node): string {
  const close = container.offset + container.length - 1;
  const siblings = container.children ?? [];
  const previous = siblings[siblings.indexOf(child) - 1];
  const childEnd = child.offset + child.length;
  const comma = commaAfter(text, childEnd, close);
  const without = cutOut(text, child.offset, comma === undefined ? childEnd : comma + 1, close);
  if (comma !== undefined || previous === undefined) return without;
  // The last of several: the comma before it separates nothing any more.
  const separator = commaAfter(text, previous.offset + previous.length, child.offset);
  return separator === undefined ? without : splice(without, separator, separator + 1, '');
}

/** Replaces a value by another. */
export function replace(text: string, node: Node, value: unknown): string {
  return splice(text, node.offset, node.offset + node.length, layOut(value, indentAt(text, node.offset), styleOf(text)));
}

interface Style {
  readonly unit: string;
  readonly eol: string;
}

/** The indentation and line ends a file has; two spaces and line feeds for one that has none. */
function styleOf(text: string): Style {
  return { unit: /^([ \t]+)["[{]/m.exec(text)?.[1] ?? '  ', eol: text.includes('\r\n') ? '\r\n' : '\n' };
}

function layOut(value: unknown, indent: string, { unit, eol }: Style): string {
  return JSON.stringify(value, undefined, unit).replaceAll('\n', eol + indent);
}

function insertAfterRemark(text: string, from: number, limit: number, inserted: string): string {
  const end = endOfRemark(text, from, limit);
  return splice(text, end, end, inserted);
}

/** Cuts a range, and the whole of its lines when nothing else stands on them. */
function cutOut(text: string, from: number, to: number, limit: number): string {
  const end = endOfRemark(text, to, limit);
  if (!startsLine(text, from)) {
    // Something stands before it on its line: a remark after it may be about that, so it stays.
    const space = trailingSpace(text.slice(0, from));
    return space > 0 ? splice(text, from - space, to, '') : splice(text, from, to + leadingSpace(text.slice(to)), '');
  }
  const rest = /^[ \t]*(\r\n|\r|\n)/.exec(text.slice(end));
  if (rest === null) return splice(text, from, to + leadingSpace(text.slice(to)), '');
  return splice(text, from - trailingSpace(text.slice(0, from)), end + rest[0].length, '');
}

/** Where the first comma token stands between two offsets, comments passed over. */
function commaAfter(text: string, from: number, limit: number): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(from);
  scanner.scan();
  const at = scanner.getTokenOffset();
  return at < limit && text[at] === ',' ? at : undefined;
}

/** The end of a comment that follows on the same line, or `from` when none does. */
function endOfRemark(text: string, from: number, limit: number): number {
  const remark = /^[ \t]*(?:\/\/[^\r\n]*|\/\*[^\r\n]*?\*\/(?=[ \t]*[\r\n]))/.exec(text.slice(from, limit));
  return from + (remark?.[0].length ?? 0);
}

/** The end of the last comment between two offsets, or `from` when there is only white space. */
function endOfContent(text: string, from: number, to: number): number {
  return from + text.slice(from, to).trimEnd().length;
}

function startsLine(text: string, offset: number): boolean {
  return /(?:^|[\r\n])[ \t]*$/.test(text.slice(0, offset));
}

function indentAt(text: string, offset: number): string {
  const line = text.slice(Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1, offset);
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}

function trailingSpace(text: string): number {
  return /[ \t]*$/.exec(text)?.[0].length ?? 0;
}

function leadingSpace(text: string): number {
  return /^[ \t]*/.exec(text)?.[0].length ?? 0;
}

function splice(text: string, from: number, to: number, inserted: string): string {
  return text.slice(0, from) + inserted + text.slice(to);
}
