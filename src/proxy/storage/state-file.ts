import { VestibuleError } from '../errors.ts';
import { Emitter, type Disposable, type Event } from '../events.ts';
import { readTextIfExists, removeFile, writeFileAtomic } from './atomic-file.ts';
import { withFileLock } from './file-lock.ts';
import { folderError } from './fs-error.ts';
import { isVersion, parseState, writeState } from './parse-state.ts';
import type { Mark, Seal } from './seal.ts';
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
  /**
   * Authenticates what is written. A file of the version before, which is not sealed, counts while there is no key; it is
   * sealed when it is opened.
   */
  readonly seal?: { readonly by: Seal; readonly unsealedVersion: number };
  /** Tells a person, once each, what could not be used: `corrupt-file`, `data-folder-unreadable`, `too-large`. */
  readonly report: (problem: VestibuleError) => void;
}

/** A state and the text it came from; undefined while there is no file. */
interface Loaded<T> {
  readonly text: string | undefined;
  readonly state: T;
  /** What a sealed state was held against; undefined when it is not sealed. */
  readonly sealed?: { readonly id: string; readonly count: number } | undefined;
}

/** A change, and who waits for it. */
interface Waiting<T> {
  readonly change: (state: T) => T | Promise<T>;
  readonly resolve: (state: T) => void;
  readonly reject: (error: unknown) => void;
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
  /** Changes that the next writing makes. */
  readonly #waiting: Waiting<T>[] = [];
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
      if (options.seal !== undefined && file.#loaded.sealed === undefined) await file.#inLine(() => file.#beginSealing());
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
   * or returns its argument, it writes nothing. Changes that wait at the same time are made one after another and
   * written as one.
   * @returns the state as this change left it, once it is written
   * @throws VestibuleError `data-folder-locked`, `data-folder-unreadable`, and whatever `change` throws
   */
  update(change: (state: T) => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
      if (this.#waiting.length === 1) void this.#inLine(() => this.#commit());
    });
  }

  /** Makes every change that waits. Each is refused or kept by itself; what is kept is written as one, or not at all. */
  async #commit(): Promise<void> {
    let group: Waiting<T>[] = [];
    const made: (() => void)[] = [];
    try {
      await withFileLock(this.#options.path, async () => {
        this.#take(await this.#readOrRestore());
        group = this.#waiting.splice(0);
        const before = this.#loaded.state;
        let after = before;
        for (const { change, resolve, reject } of group) {
          try {
            const mine = await change(after);
            after = mine;
            made.push(() => resolve(mine));
          } catch (error) {
            reject(error);
          }
        }
        if (after !== before) {
          const written = await this.#write(after);
          this.#watch.lookAnew();
          this.#take(written);
        }
      });
      for (const tell of made) tell();
    } catch (error) {
      // Without the lock, or a file that can be written, none of them was made.
      for (const { reject } of [...group, ...(group.length === 0 ? this.#waiting.splice(0) : [])]) reject(error);
    }
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
    const read = await this.#read();
    if (read === this.#loaded) return;
    // Setting aside needs the lock, and a second look: somebody may have replaced the file meanwhile.
    this.#take(VestibuleError.is(read) ? await withFileLock(path, () => this.#readOrRestore()) : read);
  }

  /** What the file holds now; a corrupt one gives way to the last good state. Needs the lock. */
  async #readOrRestore(): Promise<Loaded<T>> {
    const { path, seal, report } = this.#options;
    const read = await this.#read();
    if (!VestibuleError.is(read)) return read;
    const aside = await setAside(path);
    report(
      new VestibuleError('corrupt-file', `${read.message}. ${aside === undefined ? 'Nothing of it counts.' : `It was set aside as ${aside}.`}`, {
        action: `${seal === undefined ? 'Repair the copy and put it back, or decide anew' : 'Decide anew what it said'}; until then the last good state counts.`,
        at: read.at,
        cause: read,
      }),
    );
    const { state, text } = this.#loaded;
    // Sealed, even an empty state is written: the number goes on, so that what was set aside stays older.
    if (seal !== undefined || text !== undefined) return this.#write(state);
    await removeFile(path);
    return { text: undefined, state };
  }

  /** The file as it is now: what is loaded when it did not change, an error when it cannot be used. */
  async #read(): Promise<Loaded<T> | VestibuleError> {
    const { path, seal, empty } = this.#options;
    const mark = await seal?.by.mark();
    const text = await readTextIfExists(path);
    if (text === this.#loaded.text) return this.#loaded;
    if (text !== undefined) return this.#parse(text, mark);
    if (mark?.kind !== 'kept' || mark.count === 0) return { text, state: empty };
    return new VestibuleError('corrupt-file', `${path} was taken away, with ${mark.count === 1 ? 'the state' : `${mark.count} states`} it had held`, { action: 'Put it back, or decide anew.' });
  }

  #parse(text: string, mark: Mark | undefined): Loaded<T> | VestibuleError {
    const { path, version, decode, seal } = this.#options;
    const file = { file: path, decode };
    try {
      if (seal === undefined || mark === undefined) return { text, state: parseState(text, { ...file, version }) };
      if (mark.kind === 'none' && isVersion(text, seal.unsealedVersion)) return { text, state: parseState(text, { ...file, version: seal.unsealedVersion }) };
      let count = 0;
      const verify = (members: Readonly<Record<string, unknown>>): void => {
        count = seal.by.verify(mark, version, members);
      };
      const state = parseState(text, { ...file, version, verify });
      return { text, state, sealed: mark.kind === 'kept' ? { id: mark.id, count } : undefined };
    } catch (error) {
      if (VestibuleError.is(error, 'corrupt-file')) return error;
      throw error;
    }
  }

  /** Seals what an earlier version wrote, or makes the key: from then on nothing that is not sealed counts. */
  #beginSealing(): Promise<void> {
    return withFileLock(this.#options.path, async () => {
      this.#take(await this.#readOrRestore());
      const { sealed, state, text } = this.#loaded;
      if (sealed !== undefined) return;
      if (text === undefined) await this.#options.seal?.by.begin();
      else this.#take(await this.#write(state));
    });
  }

  /** Replaces the file. Needs the lock. */
  async #write(state: T): Promise<Loaded<T>> {
    const { path, version, encode, seal } = this.#options;
    const content = encode(state);
    if (seal === undefined) {
      const text = writeState(version, content);
      await writeFileAtomic(path, text);
      return { text, state };
    }
    const { mark, envelope } = await seal.by.next(version, content);
    const text = writeState(version, content, envelope);
    await writeFileAtomic(path, text);
    // After the file: a crash in between leaves a file that is ahead of its key, never one that looks older than it is.
    await seal.by.written(mark);
    return { text, state, sealed: { id: mark.id, count: mark.count } };
  }

  #take(next: Loaded<T>): void {
    const { state } = this.#loaded;
    this.#loaded = next;
    if (next.sealed !== undefined) void this.#options.seal?.by.reached(next.sealed.id, next.sealed.count);
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
