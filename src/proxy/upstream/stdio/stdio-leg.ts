import type { FrameProblem } from '../../json/frame.ts';
import { RingBuffer } from '../../storage/ring-buffer.ts';
import { excerpt, UpstreamError } from '../failure.ts';
import { MAX_MESSAGE_BYTES, type Leg, type LegSink } from '../leg.ts';
import { readInTurns, type Flow } from '../read-in-turns.ts';
import type { WriteLog } from '../throttled-log.ts';
import { UpstreamCallError } from '../types.ts';
import { answerIdOf } from './answer-id.ts';
import { drained, type Exit, type LaunchedProcess } from './launch.ts';
import { LineSplitter, type OversizedLine } from './line-splitter.ts';

const STDERR_LINES = 16;
const NOISE_LINES = 8;
/** Log lines are cut; nothing of a longer stderr line is of use. */
const STDERR_LINE_BYTES = 64 * 1024;
const EVIDENCE_LENGTH = 500;
const ID_EDGE = 4_096;
/** How long a process may live after it closed its output, in milliseconds. */
const EXIT_GRACE_MS = 2_000;
/** A server that does not read its stdin may hold up this much; then it takes no more calls. */
const MAX_UNREAD_BYTES = 2 * MAX_MESSAGE_BYTES;

/** JSON-RPC over the pipes of a launched process: one message a line (spec, transports §stdio). */
export class StdioLeg implements Leg {
  readonly streamPerRequest = false;
  readonly #process: LaunchedProcess;
  readonly #sink: LegSink;
  readonly #log: WriteLog;
  readonly #stderr = new RingBuffer<string>(STDERR_LINES);
  readonly #noise = new RingBuffer<string>(NOISE_LINES);
  readonly #flow: Flow;
  #drained: Promise<void> | undefined;

  constructor(child: LaunchedProcess, sink: LegSink, log: WriteLog) {
    this.#process = child;
    this.#sink = sink;
    this.#log = log;
    const lines = new LineSplitter(MAX_MESSAGE_BYTES, (line) => this.#line(line), (line) => this.#oversized(line));
    this.#flow = readInTurns(child.stdout, (chunk) => lines.push(chunk));
    const errors = new LineSplitter(STDERR_LINE_BYTES, (line) => this.#errorLine(line), ({ head }) => this.#errorLine(head));
    readInTurns(child.stderr, (chunk) => errors.push(chunk));
    child.stdout.once('end', () => {
      // A process that ends closes its output a moment before.
      const timer = setTimeout(() => this.#silenced(), EXIT_GRACE_MS);
      void child.exited.then(() => clearTimeout(timer));
    });
    void child.exited.then(async (exit) => {
      do {
        await this.#flow.held;
        await drained(child);
      } while (this.#flow.held !== undefined);
      lines.end();
      errors.end();
      this.#exited(exit);
    });
  }

  request(id: number, text: string): void {
    if (!this.#writable()) {
      this.#sink.failed(id, new UpstreamCallError('connection-lost', 'The server does not read its input.', { sent: false }));
      return;
    }
    this.#write(text);
  }

  send(text: string): Promise<void> {
    if (!this.#writable()) return Promise.resolve();
    this.#write(text);
    return this.#drained ?? Promise.resolve();
  }

  release(): void {
    // Pipes hold nothing per request.
  }

  listen(): Promise<void> {
    // Everything comes by stdout.
    return Promise.resolve();
  }

  hold(until: Promise<void>): void {
    this.#flow.hold(until);
  }

  evidence(): readonly string[] {
    return [
      ...this.#noise.toArray().map((line) => `stdout: ${line}`),
      ...this.#stderr.toArray().map((line) => `stderr: ${line}`),
    ];
  }

  close(): Promise<void> {
    return this.#process.end();
  }

  #writable(): boolean {
    const { stdin } = this.#process;
    return stdin.writable && stdin.writableLength <= MAX_UNREAD_BYTES;
  }

  #write(text: string): void {
    const { stdin } = this.#process;
    if (stdin.write(`${text}\n`) || this.#drained !== undefined) return;
    this.#drained = new Promise((resolve) => {
      const done = (): void => {
        stdin.off('drain', done).off('close', done);
        this.#drained = undefined;
        resolve();
      };
      stdin.once('drain', done).once('close', done);
    });
  }

  #line(line: string): void {
    if (line.trim() === '') return;
    const problem = this.#sink.message(line, undefined);
    if (problem === undefined) return;
    const id = answerIdOf(line.slice(0, ID_EDGE), line.slice(-ID_EDGE));
    if (id !== undefined) this.#sink.failed(id, new UpstreamCallError('bad-answer', `The server's answer cannot be read (${problem}).`, { sent: true }));
    this.#noticeNoise(line, problem);
  }

  #noticeNoise(line: string, problem: FrameProblem): void {
    const cut = excerpt(line, EVIDENCE_LENGTH);
    this.#noise.push(cut);
    this.#log('stdout-noise', problem === 'not-json' ? cut : `(${problem}) ${cut}`);
  }

  #oversized({ head, tail, bytes }: OversizedLine): void {
    const size = `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
    this.#log('protocol', `A line of ${size} on stdout was skipped; at most ${MAX_MESSAGE_BYTES / 1024 / 1024} MiB are read.`);
    const id = answerIdOf(head, tail);
    if (id !== undefined) this.#sink.failed(id, new UpstreamCallError('too-large', `The server answered with ${size}, more than can be relayed.`, { sent: true }));
  }

  #errorLine(line: string): void {
    if (line.trim() === '') return;
    this.#stderr.push(excerpt(line, EVIDENCE_LENGTH));
    this.#log('stderr', line);
  }

  /** Nothing can come any more, though the process lives: whoever waits would wait for nothing. */
  #silenced(): void {
    const error = new UpstreamError('exited-early', 'The server process closed its output, and goes on without it.', {
      action: 'Use the server again, which starts it anew, and report this to its author.',
      evidence: this.evidence(),
    });
    this.#sink.ended({ kind: 'lost', error });
    void this.#process.end();
  }

  #exited({ code, signal }: Exit): void {
    const how = signal === null ? `with code ${code ?? 'unknown'}` : `by signal ${signal}`;
    const error = new UpstreamError('exited-early', `The server process ended ${how}.`, {
      action: 'Read the last lines it wrote below, run its command in a terminal, and correct the entry.',
      evidence: this.evidence(),
    });
    this.#sink.ended({ kind: 'lost', error });
    // What it started and left behind has nobody to talk to.
    void this.#process.end();
  }
}
