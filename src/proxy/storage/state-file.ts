import { VestibuleError } from '../errors.ts';
import { Emitter, type Disposable, type Event } from '../events.ts';
import { readTextIfExists, removeFile, writeFileAtomic } from './atomic-file.ts';
import { withFileLock } from './file-lock.ts';
import { folderError } from './fs-error.ts';
import { parseState, writeState } from './parse-state.ts';
import { setAside } from './set-aside.ts';
import { watchFile, type FileWatch } from './watch-file.ts';

export interface StateFileOptions<T> {
  readonly path: string;
  /** Version of the format; a file of another version counts as corrupt. */
  readonly version: number;
  /** The state while there is no file. */
  readonly empty: T;
  /** Reads what `encode` made. @throws BadShapeError for anything else */
  readonly decode: (state: unknown) => T;
  readonly encode: (state: T) => unknown;
  /** Tells a person, once each, what could not be used: `corrupt-file`, `data-folder-unreadable`, `too-large`. */
  readonly report: (problem: VestibuleError) => void;
}

/** A state and the text it came from; undefined while there is no file. */
interface Loaded<T> {
  readonly text: string | undefined;
  readonly state: T;
}

/**
 * A small JSON state shared by several processes: read once, written as a whole, changed under a lock, watched.
 * A file that cannot be read never takes effect: it is set aside and the last good state goes on serving.
 */
export class StateFile<T> implements Disposable {
  readonly #options: StateFileOptions<T>;
  readonly #changed = new Emitter<T>();
  readonly #watch: FileWatch;
  #loaded: Loaded<T>;
  /** Reads and writes of this instance, one after another, so that an old read never follows a newer write. */
  #line: Promise<unknown> = Promise.resolve();

  /**
   * Opens the file and reads it.
   * @throws VestibuleError `data-folder-unreadable`
   */
  static async open<T>(options: StateFileOptions<T>): Promise<StateFile<T>> {
    const file = new StateFile(options);
    try {
      await file.#inLine(() => file.#load());
      return file;
    } catch (error) {
      file.dispose();
      throw error;
    }
  }

  private constructor(options: StateFileOptions<T>) {
    this.#options = options;
    this.#loaded = { text: undefined, state: options.empty };
    this.#watch = watchFile(options.path, () => void this.#reload());
  }

  get state(): T {
    return this.#loaded.state;
  }

  /** Fires after the state changed, through `update` or because another process wrote the file. */
  get onDidChange(): Event<T> {
    return this.#changed.event;
  }

  /**
   * Changes what is in the file now, which may be newer than `state`, under the file's lock. When `change` throws,
   * or returns its argument, nothing is written.
   * @returns the state as written
   * @throws VestibuleError `data-folder-locked`, `data-folder-unreadable`, and whatever `change` throws
   */
  async update(change: (state: T) => T | Promise<T>): Promise<T> {
    const { path, version, encode } = this.#options;
    return this.#inLine(() =>
      withFileLock(path, async () => {
        this.#take(await this.#readOrRestore());
        const before = this.#loaded.state;
        const after = await change(before);
        if (after === before) return before;
        const text = writeState(version, encode(after));
        await writeFileAtomic(path, text);
        this.#watch.lookAnew();
        this.#take({ text, state: after });
        return after;
      }),
    );
  }

  /** Ends watching. Updates under way complete. */
  dispose(): void {
    this.#watch.dispose();
    this.#changed.dispose();
  }

  async #reload(): Promise<void> {
    try {
      await this.#inLine(() => this.#load());
    } catch (error) {
      // The last good state goes on; the next change of the file is the next try.
      const { path, report } = this.#options;
      report(VestibuleError.is(error) ? error : folderError(error, 'read', path));
    }
  }

  async #load(): Promise<void> {
    const { path } = this.#options;
    const text = await readTextIfExists(path);
    if (text === this.#loaded.text) return;
    const read = this.#parse(text);
    // Setting aside needs the lock, and a second look: somebody may have replaced the file meanwhile.
    this.#take(VestibuleError.is(read) ? await withFileLock(path, () => this.#readOrRestore()) : read);
  }

  /** What the file holds now; a corrupt one gives way to the last good state. Needs the lock. */
  async #readOrRestore(): Promise<Loaded<T>> {
    const { path, version, encode, report } = this.#options;
    const text = await readTextIfExists(path);
    if (text === this.#loaded.text) return this.#loaded;
    const read = this.#parse(text);
    if (!VestibuleError.is(read)) return read;
    const aside = await setAside(path);
    report(
      new VestibuleError('corrupt-file', `${read.message}. It was set aside as ${aside}.`, {
        action: 'Repair the copy and put it back, or decide anew; until then the last good state counts.',
        at: read.at,
        cause: read,
      }),
    );
    const { state } = this.#loaded;
    if (this.#loaded.text === undefined) {
      await removeFile(path);
      return { text: undefined, state };
    }
    const restored = writeState(version, encode(state));
    await writeFileAtomic(path, restored);
    return { text: restored, state };
  }

  #parse(text: string | undefined): Loaded<T> | VestibuleError {
    const { path, version, decode, empty } = this.#options;
    if (text === undefined) return { text, state: empty };
    try {
      return { text, state: parseState(text, { file: path, version, decode }) };
    } catch (error) {
      if (VestibuleError.is(error, 'corrupt-file')) return error;
      throw error;
    }
  }

  #take(next: Loaded<T>): void {
    const { state } = this.#loaded;
    this.#loaded = next;
    if (next.state !== state) this.#changed.fire(next.state);
  }

  #inLine<R>(task: () => Promise<R>): Promise<R> {
    const run = this.#line.then(task);
    this.#line = run.then(
      () => undefined,
      () => undefined,
    );
    return run;
  }
}
