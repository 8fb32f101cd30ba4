import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf, VestibuleError } from '../errors.ts';
import { Emitter, type Disposable, type Event } from '../events.ts';
import { prepareFolder } from '../storage/atomic-file.ts';
import { holdLock } from '../storage/file-lock.ts';
import { folderError } from '../storage/fs-error.ts';
import { readCall } from './line.ts';
import { CallIndex } from './call-index.ts';
import { allCalls, queryJournal } from './query.ts';
import { callMembers, decisionMembers, noteMembers } from './record-text.ts';
import { Redactor } from '../redaction/redactor.ts';
import { SegmentWriter } from './segment-writer.ts';
import type { CallEntry, CallFilter, CallRecord, DecisionEntry, Journal } from './types.ts';

/** How a journal is opened. */
export interface JournalOptions {
  /** Its folder; made with mode 0700 when missing. One process writes to it at a time, any may read. */
  readonly dir: string;
  /** Default 4 MiB. */
  readonly maxSegmentBytes?: number;
  /** Default 64 MiB; the oldest segments go first. */
  readonly maxBytes?: number;
  /** Days after which a segment goes, counted from its last line; default 90. */
  readonly maxAgeDays?: number;
  /** Takes secrets out before anything is written; a fresh one by default. */
  readonly redactor?: Redactor;
  /** Told of lost records and of what a crash left behind. */
  readonly log: (level: 'warn' | 'error', message: string, data?: Readonly<Record<string, unknown>>) => void;
  /** Milliseconds since epoch. */
  readonly now?: () => number;
}

const MIB = 1024 * 1024;
const DAY_MS = 24 * 60 * 60_000;
const MAX_QUEUED = 10_000;
/** Characters of arguments and answers that may wait. */
const MAX_QUEUED_SIZE = 32 * MIB;
const MAX_BATCH = 256;
/** Time spent on redaction before others get a turn. */
const BATCH_MS = 8;
/**
 * How long after the last call the index takes in what is new, so that whoever looks first need not wait for that, and
 * how long it may be put off by calls, whose time it would take.
 */
const TEND_MS = 2_000;
const TEND_WITHIN_MS = 10_000;
/**
 * From one batch to the next, in milliseconds: what comes meanwhile is written together. A write of its own for every
 * call costs more than all the rest of its record.
 */
const GATHER_MS = 20;

/**
 * Opens a journal for writing.
 * @throws VestibuleError `data-folder-locked` when another process writes to it, `data-folder-unreadable`
 */
export async function openJournal(options: JournalOptions): Promise<Journal & { readonly redactor: Redactor }> {
  const { dir, log, now = Date.now } = options;
  await prepareFolder(dir);
  const lock = await holdLock(join(dir, 'journal'));
  try {
    const { writer, recovery } = await SegmentWriter.open(
      dir,
      {
        maxSegmentBytes: options.maxSegmentBytes ?? 4 * MIB,
        maxBytes: options.maxBytes ?? 64 * MIB,
        maxAgeMs: (options.maxAgeDays ?? 90) * DAY_MS,
      },
      now,
    );
    if (recovery.tornBytes > 0) log('warn', 'The last line of the call journal was torn by a crash and has been dropped.', { bytes: recovery.tornBytes });
    if (recovery.missingLines > 0) log('warn', 'Lines at the end of the call journal are missing.', { lines: recovery.missingLines });
    return new FileJournal({ dir, writer, lock, log, now, redactor: options.redactor ?? new Redactor() });
  } catch (error) {
    lock.dispose();
    throw VestibuleError.is(error) ? error : folderError(error, 'open the journal in', dir);
  }
}

interface Parts {
  readonly dir: string;
  readonly writer: SegmentWriter;
  readonly lock: Disposable;
  readonly log: JournalOptions['log'];
  readonly now: () => number;
  readonly redactor: Redactor;
}

type Queued = { readonly call: CallEntry } | { readonly decision: DecisionEntry };

class FileJournal implements Journal {
  readonly #parts: Parts;
  readonly #appended: Emitter<CallRecord>;
  readonly #losing = new Emitter<void>();
  readonly #index: CallIndex;
  #queue: Queued[] = [];
  #queuedSize = 0;
  /** Records that did not make it, not yet noted in the journal. */
  #lost = 0;
  /** All that did not make it since the journal was opened. */
  #lostInAll = 0;
  #failing = false;
  #draining: Promise<void> | undefined;
  /** True when the last batch left records in the queue. */
  #behind = false;
  /** Who waits for everything to be written. */
  #awaited = 0;
  /** Ends the wait for more records, while there is one. */
  #hurry: (() => void) | undefined;
  /** `performance.now()` of the last batch. */
  #lastBatch = -Infinity;
  #closed: Promise<void> | undefined;
  #tending: NodeJS.Timeout | undefined;
  /** `performance.now()` until which that may be put off. */
  #tendBy = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#index = new CallIndex(parts.dir);
    this.#appended = new Emitter((error) => parts.log('error', `A listener to the call journal failed: ${messageOf(error)}`));
  }

  get onDidAppend(): Event<CallRecord> {
    return this.#appended.event;
  }

  get onDidLose(): Event<void> {
    return this.#losing.event;
  }

  get lost(): number {
    return this.#lostInAll;
  }

  get redactor(): Redactor {
    return this.#parts.redactor;
  }

  append(call: CallEntry): void {
    const size = sizeOf(call);
    const full = this.#queue.length >= MAX_QUEUED || (this.#queue.length > 0 && this.#queuedSize + size > MAX_QUEUED_SIZE);
    if (full) this.#lose(1);
    else this.#enqueue({ call }, size);
  }

  decide(decision: DecisionEntry): void {
    // Few, and what they say matters most: never dropped for lack of room.
    this.#enqueue({ decision }, 0);
  }

  async query(filter: CallFilter): Promise<readonly CallRecord[]> {
    await this.#settled();
    // The latest calls stand at the end of the folder; only looking for some of them is worth an index.
    return Object.keys(filter).every((key) => key === 'limit') ? queryJournal(this.#parts.dir, filter) : this.#index.query(filter);
  }

  async *all(filter: CallFilter): AsyncIterable<CallRecord> {
    await this.#settled();
    yield* allCalls(this.#parts.dir, filter);
  }

  async flush(): Promise<void> {
    await this.#settled();
    if (this.#closed === undefined) await this.#parts.writer.sync();
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#tending);
    await this.#settled();
    await this.#index.keep().catch(ignore);
    if (this.#lost > 0) this.#parts.log('warn', 'Call records were lost.', { lost: this.#lost });
    try {
      await this.#parts.writer.sync();
      await this.#parts.writer.close();
    } catch (error) {
      this.#parts.log('error', `The call journal could not be closed: ${messageOf(error)}`);
    }
    this.#appended.dispose();
    this.#losing.dispose();
    this.#parts.lock.dispose();
  }

  async #settled(): Promise<void> {
    this.#awaited++;
    this.#hurry?.();
    while (this.#draining !== undefined) await this.#draining;
    this.#awaited--;
  }

  /** Resolves when it is time for the next batch, or somebody waits for what is queued. */
  async #gathered(): Promise<void> {
    const wait = this.#lastBatch + GATHER_MS - performance.now();
    if (wait > 0 && this.#awaited === 0 && !this.#behind) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        this.#hurry = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#hurry = undefined;
    } else {
      // The call that appended goes first; nothing below runs inside it.
      await nextTurn();
    }
    this.#lastBatch = performance.now();
  }

  #enqueue(item: Queued, size: number): void {
    if (this.#closed !== undefined) return;
    this.#queue.push(item);
    this.#queuedSize += size;
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined;
      // Not at once: many calls are taken in together.
      if (this.#closed === undefined) this.#tendSoon();
    });
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#gathered();
      let lost = this.#lost;
      let batch = this.#takeBatch();
      const records = batch.length;
      if (lost > 0) batch = [noteMembers(this.#parts.now(), { kind: 'note', note: 'lost', count: lost }), ...batch];
      try {
        while (batch.length > 0) {
          const lines = await this.#parts.writer.write(batch);
          batch = batch.slice(lines.length);
          this.#lost -= lost;
          this.#recovered(lost);
          lost = 0;
          this.#announce(lines);
        }
      } catch (error) {
        this.#lose(Math.min(batch.length, records));
        this.#failed(error);
      }
    }
  }

  #tendSoon(): void {
    const now = performance.now();
    if (this.#tending === undefined) {
      this.#tendBy = now + TEND_WITHIN_MS;
      this.#tending = setTimeout(() => this.#tend(), TEND_MS).unref();
    } else if (now + TEND_MS < this.#tendBy) this.#tending.refresh();
  }

  #tend(): void {
    this.#tending = undefined;
    void this.#index.tend().catch(ignore);
  }

  /** As many records as can be made ready in one turn, as text. */
  #takeBatch(): string[] {
    const batch: string[] = [];
    const until = performance.now() + BATCH_MS;
    let taken = 0;
    for (const item of this.#queue) {
      taken++;
      try {
        batch.push('call' in item ? callMembers(item.call, this.#parts.redactor) : decisionMembers(item.decision));
      } catch (error) {
        this.#lose(1);
        this.#failed(error);
      }
      if ('call' in item) this.#queuedSize -= sizeOf(item.call);
      if (taken >= MAX_BATCH || performance.now() > until) break;
    }
    this.#queue = this.#queue.slice(taken);
    this.#behind = this.#queue.length > 0;
    return batch;
  }

  #announce(lines: readonly string[]): void {
    for (const line of lines) {
      const record = readCall(line);
      if (record !== undefined) this.#appended.fire(record);
    }
  }

  #lose(records: number): void {
    this.#lost += records;
    this.#lostInAll += records;
    this.#losing.fire();
  }

  #failed(error: unknown): void {
    // One message for as long as it lasts; the count follows when it is over.
    if (!this.#failing) this.#parts.log('error', `The call journal cannot be written: ${messageOf(error)}`);
    this.#failing = true;
  }

  #recovered(lost: number): void {
    if (lost > 0) this.#parts.log('warn', 'Call records were lost; the journal notes how many.', { lost });
    this.#failing = false;
  }
}

function ignore(): void {
  // The index is for speed alone: queries read what it does not hold.
}

function sizeOf(call: CallEntry): number {
  return (call.arguments?.length ?? 0) + (call.answer?.length ?? 0);
}
