import { Buffer } from 'node:buffer';
import { characterHead } from './cut.ts';
import type { CacheRead, CacheSelector } from './types.ts';

const NEWLINE = 0x0a;
/** Bytes before the offset that may belong to the character at it. */
const MARGIN = 3;

/** Reads `length` bytes from `position` of a stored stream. */
export type ReadBytes = (position: number, length: number) => Promise<Buffer>;

/**
 * The characters whose last byte lies in `[offset, offset + limit)`: no page splits a character, and pages at any
 * stride, or following `next`, concatenate to the stream. At most `room` characters.
 * @param total size of the stream in bytes; it is well-formed UTF-8
 */
export async function readBytePage(read: ReadBytes, total: number, offset: number, limit: number, room: number): Promise<CacheRead> {
  if (offset > total) return { ok: false, problem: `offset ${offset} is past the end: the result has ${total} bytes.` };
  // A character has at most 3 bytes for each unit of `room`; more need not be read.
  const wanted = Math.min(limit, room * 3);
  const windowStart = Math.max(0, offset - MARGIN);
  const windowEnd = Math.min(total, offset + wanted + 1);
  const window = await read(windowStart, windowEnd - windowStart);
  const start = characterStart(window, offset - windowStart);
  const end = characterStart(window, Math.min(offset + wanted, total) - windowStart);
  const text = characterHead(window.toString('utf8', start, end), room);
  const reached = windowStart + start + Buffer.byteLength(text);
  // A limit smaller than one character yields an empty page; the next one must still be further on.
  const next = reached > offset ? reached : offset + wanted;
  return { ok: true, text, total, next: next < total ? JSON.stringify({ offset: next }) : undefined };
}

/**
 * Lines `from` to `to`, counted from 1, with their line ends; cut after the last line that fits `room` characters, or
 * inside a line that is longer than that.
 * @param selector.offset the byte of the stream, inside line `from`, to begin at; its start without
 */
export function readLinePage(stream: Buffer, { from, to, offset: at }: Extract<CacheSelector, { kind: 'lines' }>, room: number): CacheRead {
  const first = lineStart(stream, 0, from - 1);
  if (first === undefined) return { ok: false, problem: `There is no line ${from}: the result has ${countLines(stream)} lines.` };
  const end = lineStart(stream, first, to - from + 1) ?? stream.length;
  if (at !== undefined && (at < first || at >= end)) return { ok: false, problem: `offset ${at} is outside of these lines, which are bytes ${first} to ${end}.` };
  const start = characterStart(stream, at ?? first);
  // No more than `room` characters can be shown, and each has at most 3 bytes a unit.
  const window = stream.toString('utf8', start, characterStart(stream, Math.min(end, start + room * 3)));
  const head = characterHead(window, room);
  const shownBytes = Buffer.byteLength(head);
  const total = stream.length;
  if (start + shownBytes === end) return { ok: true, text: head, total, next: undefined };
  const lastLine = head.lastIndexOf('\n') + 1;
  if (lastLine === 0) return { ok: true, text: head, total, next: JSON.stringify({ lines: `${from}-${to}`, offset: start + shownBytes }) };
  const text = head.slice(0, lastLine);
  return { ok: true, text, total, next: JSON.stringify({ lines: `${from + count(text)}-${to}` }) };
}

/** Index of the first byte of the character that byte `at` belongs to; the end of the buffer is a boundary. */
function characterStart(bytes: Buffer, at: number): number {
  let start = at;
  while (start > 0 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start--;
  return start;
}

/** Index of the line that starts `skip` line ends after `from`; undefined when the stream ends before. */
function lineStart(stream: Buffer, from: number, skip: number): number | undefined {
  let at = from;
  for (let skipped = 0; skipped < skip; skipped++) {
    const newline = stream.indexOf(NEWLINE, at);
    if (newline < 0) return undefined;
    at = newline + 1;
  }
  return at < stream.length || at === 0 ? at : undefined;
}

function countLines(stream: Buffer): number {
  let lines = stream.length > 0 && stream[stream.length - 1] !== NEWLINE ? 1 : 0;
  for (let at = stream.indexOf(NEWLINE); at >= 0; at = stream.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
}

function count(text: string): number {
  return text.split('\n').length - 1;
}
