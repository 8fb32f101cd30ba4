import { createScanner, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import type { FilePosition } from '../errors.ts';
import { dictionary } from './dictionary.ts';

/** A servers file is written by people; anything larger is not one. In UTF-16 code units. */
export const MAX_FILE_LENGTH = 1_048_576;
export const MAX_DEPTH = 32;
const BYTE_ORDER_MARK = '\uFEFF';

/** A place where a text stops being JSON with comments. */
export interface SyntaxProblem {
  readonly offset: number;
  readonly message: string;
  readonly fix: string;
}

/** JSON with comments, read as far as it goes. Offsets count from the text without its byte order mark. */
export interface JsoncDocument {
  readonly text: string;
  /** Undefined when the text holds no value at all. */
  readonly root: Node | undefined;
  /** The first break, if any; what follows it is mostly its consequence. */
  readonly broken: SyntaxProblem | undefined;
  /** True when every bracket that was opened is closed, so that a break elsewhere cannot have moved one. */
  readonly balanced: boolean;
  /** Line and column, both from 1; columns count UTF-16 code units, as editors do. */
  readonly at: (offset: number) => FilePosition;
}

/**
 * Reads JSON with comments and trailing commas. Never throws: what is wrong is told in `broken`.
 * @param file the path for positions
 * @param maxLength longer texts are not read, in UTF-16 code units
 */
export function readJsonc(content: string, file: string, maxLength: number = MAX_FILE_LENGTH): JsoncDocument {
  const text = withoutByteOrderMark(content);
  const at = positions(text, file);
  if (text.length > maxLength) {
    return unread(text, at, 0, `The file is larger than ${maxLength / 1_048_576} MiB.`, 'Split it, or remove what is not a servers file.');
  }
  const tooDeep = depthExceededAt(text);
  if (tooDeep !== undefined) {
    return unread(text, at, tooDeep, `Objects and lists are nested deeper than ${MAX_DEPTH} levels here.`, 'Remove the nesting.');
  }
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: true });
  const first = errors[0];
  return {
    text,
    root,
    broken: first === undefined ? undefined : { offset: first.offset, ...explain(printParseErrorCode(first.error)) },
    balanced: !errors.some((error) => /^(Close|EndOfFile|UnexpectedEnd)/.test(printParseErrorCode(error.error))),
    at,
  };
}

/** Thrown by what reads another language for a text that it cannot read. */
export class Unreadable extends Error {
  readonly offset: number;
  readonly fix: string;

  constructor(offset: number, message: string, fix: string) {
    super(message);
    this.offset = offset;
    this.fix = fix;
  }
}

/**
 * Reads a text of another language as far as all of it can be read.
 * @param parse makes the tree of a text without byte order mark; undefined for an empty one. @throws Unreadable
 */
export function readWith(content: string, file: string, parse: (text: string) => Node | undefined): JsoncDocument {
  const text = withoutByteOrderMark(content);
  const at = positions(text, file);
  if (text.length > MAX_FILE_LENGTH) return unread(text, at, 0, `The file is larger than ${MAX_FILE_LENGTH / 1_048_576} MiB.`, 'Split it, or remove what is not a servers file.');
  try {
    return { text, at, root: parse(text), broken: undefined, balanced: true };
  } catch (error) {
    if (error instanceof Unreadable) return unread(text, at, error.offset, error.message, error.fix);
    throw error;
  }
}

/** The text as parsers want it; editors on Windows may put the mark in front. */
export function withoutByteOrderMark(content: string): string {
  return content.startsWith(BYTE_ORDER_MARK) ? content.slice(1) : content;
}

/** The value of a node. Objects have no prototype and a repeated key keeps its last value, as in JSON.parse. */
export function valueOf(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map(valueOf);
  if (node.type !== 'object') return node.value as unknown;
  const entries: [string, unknown][] = [];
  for (const property of node.children ?? []) {
    const [key, value] = property.children ?? [];
    if (key !== undefined && value !== undefined) entries.push([String(key.value), valueOf(value)]);
  }
  return dictionary(entries);
}

function unread(text: string, at: JsoncDocument['at'], offset: number, message: string, fix: string): JsoncDocument {
  return { text, root: undefined, broken: { offset, message, fix }, balanced: false, at };
}

function positions(text: string, file: string): (offset: number) => FilePosition {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\r|\n/g)) starts.push(match.index + match[0].length);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file, line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

/** Scans without recursion, so that hostile nesting is found before the recursive parser sees it. */
function depthExceededAt(text: string): number | undefined {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (;;) {
    scanner.scan();
    const start = scanner.getTokenOffset();
    if (start >= text.length) return undefined;
    const first = text[start];
    if (first === '{' || first === '[') {
      if (++depth > MAX_DEPTH) return start;
    } else if (first === '}' || first === ']') depth--;
  }
}

type ErrorName = ReturnType<typeof printParseErrorCode>;

const EXPLANATIONS: Readonly<Partial<Record<ErrorName, { readonly message: string; readonly fix: string }>>> = {
  CommaExpected: { message: 'A comma is missing before this.', fix: 'Put a comma after the entry before it.' },
  ColonExpected: { message: 'A colon is missing here.', fix: 'Write "key": value.' },
  ValueExpected: { message: 'A value is missing here.', fix: 'Write a value, or remove the key.' },
  PropertyNameExpected: { message: 'A key in double quotes is expected here.', fix: 'Put the key in double quotes.' },
  CloseBraceExpected: { message: 'A closing brace } is missing.', fix: 'Add the } that closes the last open {.' },
  CloseBracketExpected: { message: 'A closing bracket ] is missing.', fix: 'Add the ] that closes the last open [.' },
  EndOfFileExpected: { message: 'The file goes on after its closing brace.', fix: 'Remove what follows, or the extra closing brace before it.' },
  UnexpectedEndOfComment: { message: 'This comment is never closed.', fix: 'Close it with */.' },
  UnexpectedEndOfString: { message: 'This text is never closed.', fix: 'Close it with a double quote on the same line.' },
  InvalidEscapeCharacter: { message: 'This text holds an escape that JSON does not know.', fix: 'Write a backslash as \\\\.' },
  InvalidUnicode: { message: 'This text holds a broken \\u escape.', fix: 'Write \\u and four hexadecimal digits.' },
  InvalidCharacter: { message: 'This text holds a control character.', fix: 'Write line breaks as \\n and tabs as \\t.' },
  InvalidNumberFormat: { message: 'This is not a number JSON knows.', fix: 'Write a decimal number, or put it in double quotes.' },
};

function explain(error: ErrorName): { readonly message: string; readonly fix: string } {
  return EXPLANATIONS[error] ?? { message: 'This is not JSON.', fix: 'Texts stand in double quotes; only true, false, null and numbers stand without.' };
}
