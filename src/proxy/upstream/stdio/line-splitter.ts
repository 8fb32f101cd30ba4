const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const FIRST_CAPACITY = 64 * 1024;
/** A larger buffer is given back once its line is read. */
const KEPT_CAPACITY = 1024 * 1024;
/** What is kept of a line that is too long: enough to read the id of a message from. */
const EDGE_BYTES = 4_096;

/** The two ends of a line that was skipped for its length. */
export interface OversizedLine {
  readonly head: string;
  readonly tail: string;
  readonly bytes: number;
}

/**
 * Cuts a byte stream into lines of UTF-8. Bytes are decoded a whole line at a time, so a character that is split
 * across chunks stays whole. A line over the cap is skipped while it arrives: memory never exceeds twice the cap.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  readonly #onLine: (line: string) => void;
  readonly #onOversized: (line: OversizedLine) => void;
  /** The unfinished line; grows by doubling, so that a stream of tiny chunks stays linear. */
  #buffer = Buffer.allocUnsafe(FIRST_CAPACITY);
  #length = 0;
  #skipped: { readonly head: Buffer; tail: Buffer; bytes: number } | undefined;

  constructor(maxBytes: number, onLine: (line: string) => void, onOversized: (line: OversizedLine) => void) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
    this.#onOversized = onOversized;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end < 0) break;
      this.#finish(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** The stream ended: what is left is a line too. */
  end(): void {
    if (this.#length > 0 || this.#skipped !== undefined) this.#finish(Buffer.alloc(0));
  }

  #finish(rest: Buffer): void {
    if (this.#skipped === undefined && this.#length === 0 && rest.length <= this.#maxBytes) {
      this.#onLine(textOf(rest));
      return;
    }
    this.#keep(rest);
    const skipped = this.#skipped;
    if (skipped === undefined) {
      const line = textOf(this.#buffer.subarray(0, this.#length));
      this.#reset();
      this.#onLine(line);
      return;
    }
    this.#reset();
    this.#onOversized({ head: skipped.head.toString('utf8'), tail: skipped.tail.toString('utf8'), bytes: skipped.bytes });
  }

  #keep(part: Buffer): void {
    if (this.#skipped !== undefined) {
      this.#skipped.bytes += part.length;
      this.#skipped.tail = lastBytes(this.#skipped.tail, part);
      return;
    }
    const length = this.#length + part.length;
    if (length > this.#maxBytes) {
      const before = this.#buffer.subarray(0, this.#length);
      this.#skipped = {
        head: Buffer.concat([before.subarray(0, EDGE_BYTES), part.subarray(0, EDGE_BYTES)]).subarray(0, EDGE_BYTES),
        tail: lastBytes(before, part),
        bytes: length,
      };
      this.#buffer = Buffer.allocUnsafe(FIRST_CAPACITY);
      this.#length = 0;
      return;
    }
    if (length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(length, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    part.copy(this.#buffer, this.#length);
    this.#length = length;
  }

  #reset(): void {
    this.#skipped = undefined;
    this.#length = 0;
    if (this.#buffer.length > KEPT_CAPACITY) this.#buffer = Buffer.allocUnsafe(FIRST_CAPACITY);
  }
}

/** A copy of the last bytes of two neighbouring parts; never a view, which would keep a whole chunk alive. */
function lastBytes(before: Buffer, part: Buffer): Buffer {
  return Buffer.from(Buffer.concat([before.subarray(-EDGE_BYTES), part.subarray(-EDGE_BYTES)]).subarray(-EDGE_BYTES));
}

function textOf(line: Buffer): string {
  const end = line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length;
  return line.toString('utf8', 0, end);
}
