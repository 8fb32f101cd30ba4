import type { Node } from 'jsonc-parser';
import type { FilePosition } from '../errors.ts';
import type { ServerName } from '../model.ts';
import type { JsoncDocument } from './jsonc.ts';
import type { ConfigProblem } from './types.ts';

/** A file that is nothing but mistakes is told as a few; nobody reads a thousandth problem. */
const MAX_PROBLEMS = 200;

/** Collects the problems of one file, in the order they are met. */
export class FileReport {
  readonly #document: JsoncDocument;
  readonly #problems: ConfigProblem[] = [];
  #server: ServerName | undefined;
  #errors = 0;

  constructor(document: JsoncDocument) {
    this.#document = document;
  }

  get problems(): readonly ConfigProblem[] {
    return this.#problems;
  }

  /** The position of an offset in this file. */
  at(offset: number): FilePosition {
    return this.#document.at(offset);
  }

  /** The text of a node as it stands in the file. */
  source(node: Node): string {
    return this.#document.text.slice(node.offset, node.offset + node.length);
  }

  /** What is reported belongs to something that cannot be used. */
  error(where: Node | number, message: string, fix: string): void {
    this.#errors++;
    this.#add('error', where, message, fix);
  }

  /** What is reported does not keep anything from serving. */
  warn(where: Node | number, message: string, fix: string): void {
    this.#add('warning', where, message, fix);
  }

  /** Runs `read` for one server; true when it reported no error. */
  forServer(name: ServerName, read: () => void): boolean {
    this.#server = name;
    const sound = this.withoutErrors(read);
    this.#server = undefined;
    return sound;
  }

  /** Runs `read`; true when it reported no error. */
  withoutErrors(read: () => void): boolean {
    const before = this.#errors;
    read();
    return this.#errors === before;
  }

  #add(severity: ConfigProblem['severity'], where: Node | number, message: string, fix: string): void {
    if (this.#problems.length >= MAX_PROBLEMS) return;
    const offset = typeof where === 'number' ? where : where.offset;
    this.#problems.push({ severity, message, fix, at: this.at(offset), server: this.#server });
  }
}
