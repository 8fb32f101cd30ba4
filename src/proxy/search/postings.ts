import { heavyStem } from './stem.ts';

/** One term of the vocabulary with the tools it stands in, by ascending slot. */
export interface Term {
  readonly text: string;
  readonly slots: number[];
  /** Saturated weighted frequency per slot, in step with `slots`. */
  readonly impacts: number[];
}

/** A run of slots that a server's tools occupy. */
export interface SlotRange {
  readonly start: number;
  readonly length: number;
}

/**
 * The inverted index: terms to tools. Tools are numbered by slots; a server's tools have neighbouring slots, so that
 * taking a server out is one cut per term.
 */
export class Postings {
  readonly #terms = new Map<string, Term>();
  readonly #byStem = new Map<string, Term[]>();
  /** For repairing typing errors: terms by first letter and length. */
  readonly #byShape = new Map<string, Term[]>();
  #free: SlotRange[] = [];
  #end = 0;
  /** Tools in the index. */
  #live = 0;

  /** One more than the highest slot ever in use at the same time. */
  get capacity(): number {
    return this.#end;
  }

  term(text: string): Term | undefined {
    return this.#terms.get(text);
  }

  /** Terms that share a heavy stem. */
  withStem(stem: string): readonly Term[] {
    return this.#byStem.get(stem) ?? [];
  }

  /** Terms of one first letter and length. */
  withShape(first: string, length: number): readonly Term[] {
    return this.#byShape.get(shape(first, length)) ?? [];
  }

  /** How telling a term is: BM25's inverse document frequency. */
  idf(term: Term | undefined): number {
    return inverseFrequency(term?.slots.length ?? 0, this.#live);
  }

  /** Takes `length` neighbouring slots. */
  allocate(length: number): SlotRange {
    this.#live += length;
    const at = this.#free.findIndex((range) => range.length >= length);
    const found = this.#free[at];
    if (found === undefined) {
      const range = { start: this.#end, length };
      this.#end += length;
      return range;
    }
    if (found.length === length) this.#free.splice(at, 1);
    else this.#free[at] = { start: found.start + length, length: found.length - length };
    return { start: found.start, length };
  }

  /** Adds one term of a tool. Fastest when the slots of one allocation are filled in ascending order. */
  add(text: string, slot: number, impact: number): Term {
    const term = this.#terms.get(text) ?? this.#create(text);
    insert(term, slot, impact);
    return term;
  }

  /** Takes every tool of a range out and frees its slots. `terms` are all that `add` returned for them. */
  release(range: SlotRange, terms: ReadonlySet<Term>): void {
    for (const term of terms) {
      const from = lowerBound(term.slots, range.start);
      const count = lowerBound(term.slots, range.start + range.length) - from;
      term.slots.splice(from, count);
      term.impacts.splice(from, count);
      if (term.slots.length === 0) this.#drop(term);
    }
    this.#live -= range.length;
    this.#free = merged([...this.#free, range]);
    const last = this.#free.at(-1);
    if (last !== undefined && last.start + last.length === this.#end) {
      this.#end = last.start;
      this.#free.pop();
    }
  }

  #create(text: string): Term {
    const term: Term = { text, slots: [], impacts: [] };
    this.#terms.set(text, term);
    append(this.#byStem, heavyStem(text), term);
    append(this.#byShape, shapeOf(text), term);
    return term;
  }

  #drop(term: Term): void {
    this.#terms.delete(term.text);
    withdraw(this.#byStem, heavyStem(term.text), term);
    withdraw(this.#byShape, shapeOf(term.text), term);
  }
}

/** BM25's inverse document frequency of a term that stands in `frequency` of `tools` tools. */
export function inverseFrequency(frequency: number, tools: number): number {
  return Math.log(1 + (tools - frequency + 0.5) / (frequency + 0.5));
}

function insert(term: Term, slot: number, impact: number): void {
  const last = term.slots.at(-1);
  if (last === undefined || last < slot) {
    term.slots.push(slot);
    term.impacts.push(impact);
    return;
  }
  const at = lowerBound(term.slots, slot);
  term.slots.splice(at, 0, slot);
  term.impacts.splice(at, 0, impact);
}

/** The first position in ascending `slots` whose value is at least `slot`. */
function lowerBound(slots: readonly number[], slot: number): number {
  let low = 0;
  let high = slots.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((slots[middle] ?? 0) < slot) low = middle + 1;
    else high = middle;
  }
  return low;
}

function merged(ranges: SlotRange[]): SlotRange[] {
  ranges.sort((a, b) => a.start - b.start);
  const out: SlotRange[] = [];
  for (const range of ranges) {
    const last = out.at(-1);
    if (last !== undefined && last.start + last.length === range.start) out[out.length - 1] = { start: last.start, length: last.length + range.length };
    else if (range.length > 0) out.push(range);
  }
  return out;
}

function shapeOf(text: string): string {
  return shape(text.charAt(0), text.length);
}

function shape(first: string, length: number): string {
  return `${first}${length}`;
}

function append(map: Map<string, Term[]>, key: string, term: Term): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [term]);
  else list.push(term);
}

function withdraw(map: Map<string, Term[]>, key: string, term: Term): void {
  const rest = (map.get(key) ?? []).filter((other) => other !== term);
  if (rest.length === 0) map.delete(key);
  else map.set(key, rest);
}
