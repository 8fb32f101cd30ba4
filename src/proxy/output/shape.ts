import { Buffer } from 'node:buffer';
import { canonicalJson, NotCanonicalError } from '../json/canonical.ts';
import { elements, members, stringOf, withMembers } from '../json/slice.ts';
import type { RawJson } from '../model.ts';
import { isWellFormed, readableHead } from './cut.ts';

/** Characters kept free for the line that says what was cut. */
const NOTE_ROOM = 480;
/** Share of the budget left to text when structuredContent could use all of it. */
const TEXT_SHARE = 0.25;
/** How much of structuredContent its replacement shows: some clients give the model nothing else. */
const STRUCTURED_HEAD = 2_000;

/** Where the whole of a cut result can be read; `problem` says why it cannot. */
export type Kept = { readonly key: string; readonly hours: number } | { readonly problem: string };

/** A result that is over its budget. */
export interface OversizeResult {
  /** What has to be stored so that nothing is lost (types.ts says which text this is). */
  readonly stream: string;
  /** The result that the agent gets. Longer than the limit only when not even the note fits it. */
  render(kept: Kept): RawJson;
}

/**
 * Looks whether a raw `CallToolResult` is over `limit` characters of text, structuredContent and embedded text
 * together. Undefined when it fits or is no object: it then passes as it is. Images, audio, links, unknown
 * content and `_meta` neither count nor change.
 */
export function oversize(result: RawJson, limit: number): OversizeResult | undefined {
  // Decoded text is never longer than its raw form, so that most results are not looked into at all.
  if (result.length <= limit) return undefined;
  const all = members(result);
  if (all === undefined) return undefined;
  const content = (elements(all.get('content') ?? '[]') ?? []).map(readBlock);
  const structured = all.get('structuredContent');
  const textTotal = content.reduce((sum, block) => sum + (block.text?.length ?? 0), 0);
  if (textTotal + (structured?.length ?? 0) <= limit) return undefined;

  const texts = content.flatMap(({ text }) => (text === undefined ? [] : [text]));
  const single = singlePart(texts, structured);
  const stream = single ?? result;
  return { stream, render: (kept) => render(result, { content, structured, textTotal, limit }, noteFor(stream, single !== undefined, kept)) };
}

/** A content block; `text` is what counts of it, undefined when nothing does. */
interface Block {
  readonly raw: RawJson;
  readonly kind: 'text' | 'embedded' | 'other';
  readonly text: string | undefined;
}

function readBlock(raw: RawJson): Block {
  const block = members(raw);
  const type = stringOf(block?.get('type'));
  if (type === 'text') {
    const text = stringOf(block?.get('text'));
    if (text !== undefined) return { raw, kind: 'text', text };
  }
  if (type === 'resource') {
    const text = stringOf(members(block?.get('resource') ?? '')?.get('text'));
    if (text !== undefined) return { raw, kind: 'embedded', text };
  }
  return { raw, kind: 'other', text: undefined };
}

/** The one text that says everything that counts, if there is one and UTF-8 can carry it. */
function singlePart(texts: readonly string[], structured: RawJson | undefined): string | undefined {
  const [text, second] = texts;
  if (second !== undefined) return undefined;
  if (text === undefined) return structured;
  if (!isWellFormed(text)) return undefined;
  return structured === undefined || sameJson(text, structured) ? text : undefined;
}

/** True when `text` is JSON for the same value: servers repeat structuredContent as text for older clients. */
function sameJson(text: string, structured: RawJson): boolean {
  if (text === structured) return true;
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    return canonicalJson(text) === canonicalJson(structured);
  } catch (error) {
    if (error instanceof NotCanonicalError) return false;
    throw error;
  }
}

/** Says what was cut, how much there is and how to read on, given the bytes of the stream already shown. */
interface Note {
  line(shownBytes: number, structuredReplaced: boolean): string;
  structured(head: string): RawJson;
}

function noteFor(stream: string, isSingle: boolean, kept: Kept): Note {
  const total = Buffer.byteLength(stream);
  const what = isSingle ? `${total} bytes in all` : `the whole result is ${total} bytes of JSON`;
  const more = (shownBytes: number, path: string): string => {
    if ('problem' in kept) return `The rest was not kept: ${kept.problem} Ask the tool for less at once.`;
    const on = isSingle ? { key: kept.key, offset: shownBytes } : { key: kept.key, path };
    return `Read on with read_cache ${JSON.stringify(on)}; "lines":"1-200", "path":"/items/0-20" (JSON) or "grep":"text" select instead of offset. Kept ${kept.hours} h.`;
  };
  return {
    line: (shownBytes, structuredReplaced) =>
      `[Cut by Vestibule: ${what}. ${structuredReplaced ? 'structuredContent was replaced by a note. ' : ''}${more(shownBytes, structuredReplaced ? '/structuredContent' : '/content')}]`,
    structured: (head) =>
      JSON.stringify({
        truncated: true,
        totalBytes: total,
        ...('key' in kept && { key: kept.key }),
        message: `This stands for a larger result: ${what}. ${more(0, '/structuredContent')}`,
        head,
      }),
  };
}

interface Parts {
  readonly content: readonly Block[];
  readonly structured: RawJson | undefined;
  readonly textTotal: number;
  readonly limit: number;
}

function render(result: RawJson, parts: Parts, note: Note): RawJson {
  const { content, structured, textTotal } = parts;
  let room = Math.max(0, parts.limit - NOTE_ROOM);
  const textShare = Math.min(textTotal, room * TEXT_SHARE);
  const replaced = structured !== undefined && structured.length > room - textShare;
  const shownStructured = replaced ? shrunkStructured(structured, note, room * TEXT_SHARE) : structured;
  room = Math.max(0, room - (shownStructured?.length ?? 0));

  const blocks: RawJson[] = [];
  let noted = false;
  for (const block of content) {
    if (block.text === undefined) blocks.push(block.raw);
    else if (!noted && block.text.length <= room) {
      blocks.push(block.raw);
      room -= block.text.length;
    } else {
      const head = noted ? '' : readableHead(block.text, room);
      if (block.kind === 'embedded') blocks.push(withEmbeddedText(block.raw, head));
      const line = note.line(Buffer.byteLength(head), replaced);
      if (!noted && block.kind === 'text') blocks.push(withMembers(block.raw, { text: JSON.stringify(`${head}${head === '' ? '' : '\n\n'}${line}`) }));
      else if (!noted) blocks.push(textBlock(line));
      noted = true;
    }
  }
  if (!noted) blocks.push(textBlock(note.line(0, replaced)));
  return withMembers(result, {
    content: `[${blocks.join(',')}]`,
    ...(shownStructured !== undefined && { structuredContent: shownStructured }),
  });
}

function shrunkStructured(structured: RawJson, note: Note, room: number): RawJson {
  // Quotes double when a head of JSON becomes a JSON string, hence half.
  const head = readableHead(structured, Math.min(STRUCTURED_HEAD, room) / 2);
  return note.structured(head);
}

function withEmbeddedText(raw: RawJson, text: string): RawJson {
  return withMembers(raw, { resource: withMembers(members(raw)?.get('resource'), { text: JSON.stringify(text) }) });
}

function textBlock(text: string): RawJson {
  return JSON.stringify({ type: 'text', text });
}
