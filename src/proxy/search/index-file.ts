import { VestibuleError, messageOf } from '../errors.ts';
import { readTextIfExists, writeFileAtomic } from '../storage/atomic-file.ts';

/** Written when the index has rested for this long, in milliseconds: writing may wait, answering may not. */
const WRITE_AFTER_MS = 5_000;
/** A larger one, of some hundred thousand tools, is not worth its reading. */
const MAX_BYTES = 48 * 1024 * 1024;

/** The index on disk, so that a start need not read every definition again. Losing it costs that reading, no more. */
export class IndexFile {
  /** What was kept, if anything. */
  readonly text: string | undefined;
  readonly #path: string;
  readonly #report: (problem: VestibuleError) => void;
  #make: (() => string) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** Opens the file. One that cannot be read is reported and as good as none. */
  static async open(path: string, report: (problem: VestibuleError) => void): Promise<IndexFile> {
    try {
      return new IndexFile(path, await readTextIfExists(path, MAX_BYTES), report);
    } catch (error) {
      report(problemOf(path, error));
      return new IndexFile(path, undefined, report);
    }
  }

  private constructor(path: string, text: string | undefined, report: (problem: VestibuleError) => void) {
    this.#path = path;
    this.text = text;
    this.#report = report;
  }

  /** Writes before long what `make` returns then. */
  save(make: () => string): void {
    this.#make = make;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), WRITE_AFTER_MS).unref();
  }

  /** Resolves when what was saved so far is on disk, or was reported. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    const make = this.#make;
    this.#make = undefined;
    if (make !== undefined) this.#writing = this.#writing.then(() => this.#write(make()));
    await this.#writing;
  }

  async #write(text: string): Promise<void> {
    if (text.length > MAX_BYTES) return;
    try {
      await writeFileAtomic(this.#path, text);
    } catch (error) {
      this.#report(problemOf(this.#path, error));
    }
  }
}

function problemOf(path: string, error: unknown): VestibuleError {
  if (VestibuleError.is(error)) return error;
  return new VestibuleError('data-folder-unreadable', `The search index ${path} could not be used: ${messageOf(error)}`, { action: 'Delete the file; it is made anew.' });
}
