import { findNodeAtLocation, parseTree, type ParseError } from 'jsonc-parser';
import { messageOf, VestibuleError, type FilePosition } from '../errors.ts';
import { exceedsDepth } from '../json/slice.ts';

/** The way to a value inside a JSON text: member names and array indexes. */
export type JsonPath = readonly (string | number)[];

/** Thrown by a state file's `decode`: what is at `path` is not what it must be. */
export class BadShapeError extends Error {
  override readonly name = 'BadShapeError';
  readonly path: JsonPath;

  constructor(path: JsonPath, expected: string) {
    super(`expected ${expected}`);
    this.path = path;
  }
}

const MAX_DEPTH = 32;

/** How the text of a state file is read. */
export interface ParseOptions<T> {
  readonly file: string;
  readonly version: number;
  /** Gets `state`. @throws BadShapeError for anything it did not write itself */
  readonly decode: (state: unknown) => T;
  /** Looks at all members first, that of the version aside. @throws BadShapeError */
  readonly verify?: (members: Readonly<Record<string, unknown>>) => void;
}

/**
 * Reads the text of a state file: `{"version": n, "state": …}`.
 * @throws VestibuleError `corrupt-file` with file, line and column
 */
export function parseState<T>(text: string, options: ParseOptions<T>): T {
  const { file, version } = options;
  if (exceedsDepth(text, MAX_DEPTH)) throw corrupt({ file, line: 1, column: 1 }, `nested deeper than ${MAX_DEPTH} levels`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw corrupt(positionOfSyntaxError(file, text), `not valid JSON (${messageOf(error)})`, error);
  }
  try {
    const members = recordAt(value, []);
    if (members['version'] !== version) throw new BadShapeError(['version'], `version ${version}`);
    options.verify?.(members);
    return options.decode(members['state']);
  } catch (error) {
    if (!(error instanceof BadShapeError)) throw error;
    throw corrupt(positionOfPath(file, text, error.path), error.message, error);
  }
}

/**
 * The text of a state file, as `parseState` reads it.
 * @param envelope members beside the state
 */
export function writeState(version: number, state: unknown, envelope: object = {}): string {
  return `${JSON.stringify({ version, ...envelope, state }, undefined, 1)}\n`;
}

/** Whether the text of a state file claims to be of this version. */
export function isVersion(text: string, version: number): boolean {
  return /^\s*\{\s*"version"\s*:\s*(\d+)/.exec(text)?.[1] === String(version);
}

/** A JSON object's members as a Map, so that outside keys such as `__proto__` stay plain data. @throws BadShapeError */
export function entriesAt(value: unknown, path: JsonPath): Map<string, unknown> {
  return new Map(Object.entries(recordAt(value, path)));
}

/** @throws BadShapeError unless `value` is an object */
export function recordAt(value: unknown, path: JsonPath): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadShapeError(path, 'an object');
  return value as Readonly<Record<string, unknown>>;
}

/** @throws BadShapeError unless `value` is an array */
export function listAt(value: unknown, path: JsonPath): readonly unknown[] {
  if (!Array.isArray(value)) throw new BadShapeError(path, 'an array');
  return value;
}

/** @throws BadShapeError unless `value` is a string */
export function stringAt(value: unknown, path: JsonPath): string {
  if (typeof value !== 'string') throw new BadShapeError(path, 'a string');
  return value;
}

/** @throws BadShapeError unless `value` is a finite number */
export function numberAt(value: unknown, path: JsonPath): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new BadShapeError(path, 'a number');
  return value;
}

/** Line and column, both from 1, of an offset in `text`. */
export function positionAt(file: string, text: string, offset: number): FilePosition {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { file, line: before.split('\n').length, column: offset - lineStart + 1 };
}

function corrupt(at: FilePosition, problem: string, cause?: unknown): VestibuleError {
  return new VestibuleError('corrupt-file', `${at.file}:${at.line}:${at.column}: ${problem}`, {
    action: 'Repair the file at this place, or move it away.',
    at,
    cause,
  });
}

function positionOfSyntaxError(file: string, text: string): FilePosition {
  const errors: ParseError[] = [];
  parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
  return positionAt(file, text, errors[0]?.offset ?? 0);
}

function positionOfPath(file: string, text: string, path: JsonPath): FilePosition {
  const tree = parseTree(text);
  // A missing member has no place of its own: its nearest container is where to look.
  for (let length = path.length; tree !== undefined && length > 0; length--) {
    const node = findNodeAtLocation(tree, path.slice(0, length));
    if (node !== undefined) return positionAt(file, text, node.offset);
  }
  return positionAt(file, text, 0);
}
