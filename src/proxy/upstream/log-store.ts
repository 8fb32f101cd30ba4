import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Emitter, type Disposable, type Event } from '../events.ts';
import type { ServerName } from '../model.ts';
import { fileNameFor } from '../storage/names.ts';
import type { UpstreamLogLine } from './types.ts';

const LINES_KEPT = 500;
const LINE_LENGTH = 4_000;
const FILE_BYTES = 1024 * 1024;
const QUEUED_LINES = 2_000;

/** Where the log of an upstream is written; the previous file keeps the name with `.1`. */
export function logFileOf(dir: string, server: ServerName): string {
  return join(dir, `${fileNameFor(server)}.log`);
}

/**
 * The log of every upstream: the last lines in memory for the person who looks now, and one bounded file each
 * (JSON lines) for other processes. Writing never blocks a call; when the disk is slower than the upstream is
 * loud, lines are dropped and counted.
 */
export class UpstreamLogs implements Disposable {
  readonly #dir: string;
  readonly #redact: (text: string) => string;
  readonly #lines = new Map<ServerName, UpstreamLogLine[]>();
  readonly #queue = new Map<ServerName, string[]>();
  readonly #added = new Emitter<UpstreamLogLine>();
  #queued = 0;
  #dropped = 0;
  #writing: Promise<void> | undefined;

  /** @param redact takes secrets out of a line before it is kept or written */
  constructor(dir: string, redact: (text: string) => string) {
    this.#dir = dir;
    this.#redact = redact;
  }

  get onLine(): Event<UpstreamLogLine> {
    return this.#added.event;
  }

  append(line: UpstreamLogLine): void {
    const text = this.#redact(line.text);
    const bounded = { ...line, text: text.length <= LINE_LENGTH ? text : `${text.slice(0, LINE_LENGTH)}…` };
    const kept = this.#lines.get(line.server) ?? [];
    if (kept.length === 0) this.#lines.set(line.server, kept);
    kept.push(bounded);
    if (kept.length > LINES_KEPT) kept.splice(0, kept.length - LINES_KEPT);
    this.#enqueue(bounded);
    this.#added.fire(bounded);
  }

  /** The last lines of one upstream, oldest first. */
  lines(server: ServerName): readonly UpstreamLogLine[] {
    return [...(this.#lines.get(server) ?? [])];
  }

  /** Resolves when everything appended so far is written. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  dispose(): void {
    this.#added.dispose();
  }

  #enqueue(line: UpstreamLogLine): void {
    if (this.#queued >= QUEUED_LINES) {
      this.#dropped++;
      return;
    }
    const queue = this.#queue.get(line.server) ?? [];
    if (queue.length === 0) this.#queue.set(line.server, queue);
    if (this.#dropped > 0) {
      queue.push(JSON.stringify({ ...line, source: 'lifecycle', text: `${this.#dropped} log lines were dropped: the disk was too slow` }));
      this.#dropped = 0;
    }
    queue.push(JSON.stringify(line));
    this.#queued++;
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined;
    });
  }

  async #drain(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 }).catch(() => undefined);
    while (this.#queue.size > 0) {
      const batch = [...this.#queue];
      this.#queue.clear();
      this.#queued = 0;
      // A log that cannot be written must not take the upstream down with it; memory still has the last lines.
      for (const [server, lines] of batch) await this.#write(server, lines).catch(() => undefined);
    }
  }

  async #write(server: ServerName, lines: readonly string[]): Promise<void> {
    const file = logFileOf(this.#dir, server);
    const size = await stat(file).then(
      ({ size }) => size,
      () => 0,
    );
    if (size > FILE_BYTES) await rename(file, `${file}.1`);
    await appendFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  }
}
