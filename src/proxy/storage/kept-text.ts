import { VestibuleError, messageOf } from '../errors.ts';
import { readTextIfExists, removeFile, writeFileAtomic } from './atomic-file.ts';

/** Written when nothing changed for this long, in milliseconds: writing may wait, answering may not. */
const WRITE_AFTER_MS = 5_000;
/** A larger file is not worth its reading. */
const MAX_BYTES = 48 * 1024 * 1024;

/** Something in a file that can be made anew, and whose loss costs no more than that. */
export class KeptText {
  /** What was kept, if anything. */
  readonly text: string | undefined;
  readonly #path: string;
  readonly #what: string;
  readonly #report: (problem: VestibuleError) => void;
  #make: (() => string) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  /**
   * Opens the file. One that cannot be read is reported and as good as none.
   * @param what names the content in such a report
   */
  static async open(path: string, what: string, report: (problem: VestibuleError) => void): Promise<KeptText> {
    try {
      return new KeptText(path, what, await readTextIfExists(path, MAX_BYTES), report);
    } catch (error) {
      report(problemOf(what, path, error));
      return new KeptText(path, what, undefined, report);
    }
  }

  private constructor(path: string, what: string, text: string | undefined, report: (problem: VestibuleError) => void) {
    this.#path = path;
    this.#what = what;
    this.text = text;
    this.#report = report;
  }

  /** Writes before long what `make` returns then. */
  save(make: () => string): void {
    this.#make = make;
    // Put off, not made anew: it is done for each call.
    if (this.#timer === undefined) this.#timer = setTimeout(() => void this.flush(), WRITE_AFTER_MS).unref();
    else this.#timer.refresh();
  }

  /** Takes the file away, and what was to be written. @throws VestibuleError */
  async remove(): Promise<void> {
    this.#make = undefined;
    await this.flush();
    await removeFile(this.#path);
  }

  /** Resolves when what was saved so far is on disk, or was reported. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
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
      this.#report(problemOf(this.#what, this.#path, error));
    }
  }
}

function problemOf(what: string, path: string, error: unknown): VestibuleError {
  if (VestibuleError.is(error)) return error;
  return new VestibuleError('data-folder-unreadable', `${what} ${path} could not be used: ${messageOf(error)}`, { action: 'Delete the file; it is made anew.' });
}
