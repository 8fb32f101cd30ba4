import { join } from 'node:path';
import { VestibuleError } from '../errors.ts';
import { Emitter, type Event } from '../events.ts';
import type { ServerName } from '../model.ts';
import { prepareFolder, readTextIfExistsNow, writeFileAtomic } from '../storage/atomic-file.ts';
import { withFileLock } from '../storage/file-lock.ts';
import { parseState, writeState } from '../storage/parse-state.ts';
import { setAside } from '../storage/set-aside.ts';
import { fileSignature, watchFile, type FileWatch } from '../storage/watch-file.ts';
import { Flights } from './flights.ts';
import { decodePaused, encodePaused, PAUSED_VERSION, type Cancellation, type PausedFile } from './pause-format.ts';
import { isWithin, NOTHING_PAUSED, reachOf, withoutPause, withPause } from './paused.ts';
import type { Flight, Paused, PauseReach, PauseSnapshot, PauseStore, PauseTarget } from './types.ts';

const MAX_FILE_BYTES = 1024 * 1024;
const MAX_CANCELLATIONS = 16;
const SAME_MOMENT_MS = 1;

const EMPTY: PausedFile = { paused: NOTHING_PAUSED, cancellations: [] };
const CLOSED: PausedFile = { paused: { ...NOTHING_PAUSED, all: true }, cancellations: [] };

/** What the file says, or why it says nothing. */
interface Loaded {
  readonly text: string | undefined;
  readonly file: PausedFile;
  readonly problem: VestibuleError | undefined;
}

/**
 * Opens the pauses of a data folder: `paused.json`, shared by every process that uses the folder. A file that cannot
 * be read pauses everything until it is repaired, removed, or everything is resumed.
 * @param options.onProblem hears of a file that could not be used, once per content
 * @throws VestibuleError `data-folder-unreadable`
 */
export async function openPauseStore(dataDir: string, options: { readonly onProblem: (problem: VestibuleError) => void }): Promise<PauseStore> {
  await prepareFolder(dataDir);
  const store = new FilePauseStore(join(dataDir, 'paused.json'), options.onProblem);
  store.look();
  return store;
}

class FilePauseStore implements PauseStore {
  readonly #path: string;
  readonly #report: (problem: VestibuleError) => void;
  readonly #changed = new Emitter<void>();
  readonly #flights = new Flights();
  readonly #watch: FileWatch;
  /** Pauses that hold here although they are not written yet, or could not be. */
  readonly #unwritten = new Set<PauseTarget>();
  #loaded: Loaded = { text: undefined, file: EMPTY, problem: undefined };
  #effective: Paused = NOTHING_PAUSED;
  /** The snapshot of the last event. */
  #shown = '';
  /** The latest cancellation acted on; undefined before the first reading, which cancels nothing. */
  #cancelledAt: number | undefined;
  /** Of the file when it was last read. */
  #signature: string | undefined;
  /** `performance.now()` of the last look at it. */
  #lookedAt = -Infinity;
  /** Writes, one after another. */
  #line: Promise<unknown> = Promise.resolve();

  constructor(path: string, report: (problem: VestibuleError) => void) {
    this.#path = path;
    this.#report = report;
    this.#watch = watchFile(path, () => this.look());
  }

  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  get snapshot(): PauseSnapshot {
    const { problem } = this.#loaded;
    return { ...this.#effective, problem: problem && { message: problem.message, action: problem.action } };
  }

  reach(server: ServerName, tool: string, again = false): PauseReach | undefined {
    // Watching would be late for the calls of its first moments: who paused by file or command was told that it holds.
    if (!again || performance.now() - this.#lookedAt > SAME_MOMENT_MS) this.look();
    return reachOf(this.#effective, server, tool);
  }

  enter(server: ServerName, tool: string, startedAt: number, within?: AbortSignal): Flight {
    return this.#flights.enter(server, tool, startedAt, within);
  }

  underWay(server: ServerName): number {
    return this.#flights.count(server);
  }

  async pause(target: PauseTarget, { cancel }: { readonly cancel: boolean }): Promise<void> {
    // Before anything that can wait or fail: the very next call must find it.
    const held = { ...target };
    this.#unwritten.add(held);
    this.#settle();
    if (cancel) this.#flights.cancel({ target, at: Date.now() });
    await this.#update(({ paused, cancellations }) => ({
      paused: withPause(paused, target),
      cancellations: cancel ? [...cancellations, cancellation(target, cancellations)].slice(-MAX_CANCELLATIONS) : cancellations,
    }));
    this.#unwritten.delete(held);
    this.#settle();
  }

  async resume(target: PauseTarget): Promise<void> {
    await this.#update(({ paused, cancellations }) => ({ paused: withoutPause(paused, target), cancellations }));
    for (const one of this.#unwritten) if (isWithin(one, target)) this.#unwritten.delete(one);
    this.#settle();
  }

  /** Reads the file when it is not the one read last. */
  look(): void {
    this.#lookedAt = performance.now();
    const signature = fileSignature(this.#path);
    if (signature === this.#signature) return;
    this.#signature = signature;
    this.#take(this.#read());
  }

  dispose(): void {
    this.#watch.dispose();
    this.#changed.dispose();
  }

  #update(change: (file: PausedFile) => PausedFile): Promise<void> {
    return this.#inLine(() =>
      withFileLock(this.#path, async () => {
        const now = this.#read();
        // What nobody could read stays for a person to look at; until here it paused everything.
        if (now.text !== undefined && now.problem !== undefined) await setAside(this.#path);
        const file = change(now.file);
        const text = writeState(PAUSED_VERSION, encodePaused(file));
        await writeFileAtomic(this.#path, text);
        this.#watch.lookAnew();
        this.#signature = undefined;
        this.#take({ text, file, problem: undefined });
      }),
    );
  }

  #read(): Loaded {
    let text: string | undefined;
    try {
      text = readTextIfExistsNow(this.#path, MAX_FILE_BYTES);
      if (text === undefined) return { text, file: EMPTY, problem: undefined };
      if (text === this.#loaded.text) return this.#loaded;
      return { text, file: parseState(text, { file: this.#path, version: PAUSED_VERSION, decode: decodePaused }), problem: undefined };
    } catch (error) {
      if (!VestibuleError.is(error)) throw error;
      const problem = new VestibuleError(error.reason, `Everything is paused, for what is paused cannot be read: ${error.message}`, {
        action: `Repair or remove ${this.#path}, or resume everything.`,
        at: error.at,
        cause: error,
      });
      return { text, file: CLOSED, problem };
    }
  }

  #take(next: Loaded): void {
    const { problem } = this.#loaded;
    this.#loaded = next;
    if (next.problem !== undefined && next.problem.message !== problem?.message) this.#report(next.problem);
    const last = next.file.cancellations.at(-1)?.at ?? 0;
    const handled = this.#cancelledAt;
    this.#cancelledAt = Math.max(handled ?? 0, last);
    if (handled !== undefined) for (const one of next.file.cancellations) if (one.at > handled) this.#flights.cancel(one);
    this.#settle();
  }

  #settle(): void {
    this.#effective = [...this.#unwritten].reduce(withPause, this.#loaded.file.paused);
    const shown = JSON.stringify(this.snapshot);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#changed.fire();
  }

  #inLine(task: () => Promise<void>): Promise<void> {
    const run = this.#line.then(task);
    this.#line = run.catch(() => undefined);
    return run;
  }
}

/** One that is later than every other in the file, whatever the clock says. */
function cancellation(target: PauseTarget, others: readonly Cancellation[]): Cancellation {
  return { target, at: Math.max(Date.now(), (others.at(-1)?.at ?? 0) + 1) };
}
