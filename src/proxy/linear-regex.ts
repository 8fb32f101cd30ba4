/*
 * A regular expression engine whose time grows with text × pattern and never faster: the text is matched against
 * all alternatives at once (Thompson's construction), nothing is tried again. The engine built into JavaScript
 * backtracks, and a pattern an agent sends could hold the whole editor up for minutes.
 *
 * Understood: literals . [sets] ( ) (?: ) | * + ? {n} {n,} {n,m} and their lazy forms, ^ $ \b \B,
 * \d \D \w \W \s \S \t \n \r \f \v and escaped punctuation. Everything else is refused by name.
 */

/** Why a pattern is not taken, in words for whoever wrote it. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/** Counts down; whoever shares it shares the allowance. */
export interface StepBudget {
  steps: number;
}

/** One search through one text, which can be interrupted. */
export interface LinearSearch {
  /**
   * Goes on until something is known or the budget is used up.
   * @returns index just past the match that ends first, -1 when there is none, undefined when the budget ran out
   */
  advance(budget: StepBudget): number | undefined;
}

/** A compiled pattern. */
export interface LinearRegex {
  /** Searches `text` from index `from`. */
  search(text: string, from: number): LinearSearch;
}

const MAX_PATTERN = 500;
const MAX_STATES = 1_000;
const MAX_REPEAT = 100;
const MAX_NESTING = 50;

type Test = (code: number) => boolean;

type Node =
  | { readonly kind: 'char'; readonly test: Test }
  | { readonly kind: 'assert'; readonly holds: (text: string, at: number) => boolean }
  | { readonly kind: 'sequence'; readonly items: readonly Node[] }
  | { readonly kind: 'choice'; readonly items: readonly Node[] }
  | { readonly kind: 'repeat'; readonly item: Node; readonly min: number; readonly max: number };

type State =
  | { readonly kind: 'char'; readonly test: Test }
  | { readonly kind: 'assert'; readonly holds: (text: string, at: number) => boolean }
  | { readonly kind: 'split'; readonly targets: number[] }
  | { readonly kind: 'end' };

/** @param maxStates how large it may be @throws PatternError naming what is not understood, or what is too large */
export function compileLinearRegex(pattern: string, ignoreCase: boolean, maxStates = MAX_STATES): LinearRegex {
  if (pattern.length > MAX_PATTERN) throw new PatternError(`the pattern is longer than ${MAX_PATTERN} characters`);
  const states = assemble(new Parser(pattern, ignoreCase).parse(), maxStates);
  return { search: (text, from) => new Search(states, text, from) };
}

class Parser {
  readonly #pattern: string;
  readonly #ignoreCase: boolean;
  #at = 0;
  #depth = 0;

  constructor(pattern: string, ignoreCase: boolean) {
    this.#pattern = pattern;
    this.#ignoreCase = ignoreCase;
  }

  parse(): Node {
    const node = this.#choice();
    if (this.#at < this.#pattern.length) throw new PatternError('a ")" has no "("');
    return node;
  }

  #choice(): Node {
    if (++this.#depth > MAX_NESTING) throw new PatternError(`groups are nested deeper than ${MAX_NESTING} levels`);
    const items = [this.#sequence()];
    while (this.#take('|')) items.push(this.#sequence());
    this.#depth--;
    return { kind: 'choice', items };
  }

  #sequence(): Node {
    const items: Node[] = [];
    while (this.#at < this.#pattern.length && this.#peek() !== '|' && this.#peek() !== ')') items.push(this.#repeated());
    return { kind: 'sequence', items };
  }

  #repeated(): Node {
    const item = this.#atom();
    const range = this.#quantifier();
    if (range === undefined) return item;
    // A lazy match of a line is a match of the same line.
    this.#take('?');
    if (this.#quantifier() !== undefined) throw new PatternError('a repetition follows another; use a group');
    return { kind: 'repeat', item, ...range };
  }

  #quantifier(): { readonly min: number; readonly max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Infinity };
    if (this.#take('+')) return { min: 1, max: Infinity };
    if (this.#take('?')) return { min: 0, max: 1 };
    const counted = /\{(\d{1,4})(,(\d{0,4}))?\}/y;
    counted.lastIndex = this.#at;
    const match = counted.exec(this.#pattern);
    if (match === null) return undefined;
    this.#at = counted.lastIndex;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === '' ? Infinity : Number(match[3]);
    if (min > MAX_REPEAT || (max !== Infinity && max > MAX_REPEAT)) throw new PatternError(`a repetition counts above ${MAX_REPEAT}`);
    if (max < min) throw new PatternError('a repetition has its bounds the wrong way round');
    return { min, max };
  }

  #atom(): Node {
    const c = this.#next();
    switch (c) {
      case '(':
        return this.#group();
      case '[':
        return this.#char(this.#set());
      case '.':
        return this.#char((code) => code !== 0x0a);
      case '^':
        return { kind: 'assert', holds: (_, at) => at === 0 };
      case '$':
        return { kind: 'assert', holds: (text, at) => at === text.length };
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        throw new PatternError(`"${c}" has nothing to repeat`);
      default:
        return this.#literal(c);
    }
  }

  #group(): Node {
    if (this.#take('?') && !this.#take(':')) {
      throw new PatternError('lookahead, lookbehind and named groups are not supported; use plain ( ) groups');
    }
    const node = this.#choice();
    if (!this.#take(')')) throw new PatternError('a "(" is not closed');
    return node;
  }

  #escape(): Node {
    const c = this.#next();
    if (c === 'b' || c === 'B') {
      const wanted = c === 'b';
      return { kind: 'assert', holds: (text, at) => (isWord(text.charCodeAt(at - 1)) !== isWord(text.charCodeAt(at))) === wanted };
    }
    const test = CLASSES.get(c);
    return test === undefined ? this.#literal(this.#escaped(c)) : this.#char(test);
  }

  /** The character a single-character escape stands for. */
  #escaped(c: string): string {
    const control = CONTROLS.get(c);
    if (control !== undefined) return control;
    if (/[1-9]/.test(c)) throw new PatternError('back references are not supported');
    if (/[A-Za-z0-9]/.test(c)) throw new PatternError(`the escape "\\${c}" is not supported`);
    return c;
  }

  #set(): Test {
    const negated = this.#take('^');
    const tests: Test[] = [];
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      const low = this.#setItem();
      if (typeof low !== 'string') {
        tests.push(low);
        continue;
      }
      const start = low.charCodeAt(0);
      let end = start;
      if (this.#peek() === '-' && this.#pattern[this.#at + 1] !== ']') {
        this.#at++;
        const high = this.#setItem();
        if (typeof high !== 'string') throw new PatternError('a range in [ ] needs a character at both ends');
        end = high.charCodeAt(0);
        if (end < start) throw new PatternError('a range in [ ] has its ends the wrong way round');
      }
      tests.push(this.#folded((code) => code >= start && code <= end));
    }
    this.#at++;
    return (code) => tests.some((test) => test(code)) !== negated;
  }

  #setItem(): string | Test {
    const c = this.#next();
    if (c !== '\\') return c;
    const escape = this.#next();
    return CLASSES.get(escape) ?? this.#escaped(escape);
  }

  #literal(c: string): Node {
    const wanted = c.charCodeAt(0);
    return this.#char(this.#folded((code) => code === wanted));
  }

  #folded(test: Test): Test {
    if (!this.#ignoreCase) return test;
    return (code) => {
      if (test(code)) return true;
      const c = String.fromCharCode(code);
      return test(c.toLowerCase().charCodeAt(0)) || test(c.toUpperCase().charCodeAt(0));
    };
  }

  #char(test: Test): Node {
    return { kind: 'char', test };
  }

  #peek(): string | undefined {
    return this.#pattern[this.#at];
  }

  #next(): string {
    const c = this.#pattern[this.#at++];
    if (c === undefined) throw new PatternError('the pattern ends too early; a "[" or "\\" may be open');
    return c;
  }

  #take(c: string): boolean {
    if (this.#pattern[this.#at] !== c) return false;
    this.#at++;
    return true;
  }
}

/** Lays the tree out as states that run from 0 to the last one; a char or assert goes on to the next index. */
function assemble(root: Node, maxStates: number): readonly State[] {
  const states: State[] = [];
  const add = (state: State): void => {
    if (states.length >= maxStates) throw new PatternError('the pattern is too large; use smaller repetitions');
    states.push(state);
  };
  const split = (): number[] => {
    const targets: number[] = [];
    add({ kind: 'split', targets });
    return targets;
  };
  const emit = (node: Node): void => {
    switch (node.kind) {
      case 'char':
      case 'assert':
        return add(node);
      case 'sequence':
        return node.items.forEach(emit);
      case 'choice': {
        const exits: number[][] = [];
        const starts = split();
        for (const item of node.items) {
          starts.push(states.length);
          emit(item);
          exits.push(split());
        }
        for (const exit of exits) exit.push(states.length);
        return;
      }
      case 'repeat': {
        for (let i = 0; i < node.min; i++) emit(node.item);
        if (node.max === Infinity) {
          const loop = states.length;
          const targets = split();
          targets.push(states.length);
          emit(node.item);
          split().push(loop);
          targets.push(states.length);
          return;
        }
        const skips: number[][] = [];
        for (let i = node.min; i < node.max; i++) {
          const targets = split();
          targets.push(states.length);
          skips.push(targets);
          emit(node.item);
        }
        for (const skip of skips) skip.push(states.length);
      }
    }
  };
  emit(root);
  add({ kind: 'end' });
  return states;
}

class Search implements LinearSearch {
  readonly #states: readonly State[];
  readonly #text: string;
  /** Per state, position + 1 at which it was last entered: each is entered once a position. */
  readonly #seen: Int32Array;
  #at: number;
  #waiting: readonly number[] = [];

  constructor(states: readonly State[], text: string, from: number) {
    this.#states = states;
    this.#text = text;
    this.#seen = new Int32Array(states.length);
    this.#at = from;
  }

  advance(budget: StepBudget): number | undefined {
    for (; this.#at <= this.#text.length; this.#at++) {
      if (budget.steps <= 0) return undefined;
      const end = this.#step(budget);
      if (end) return this.#at;
    }
    return -1;
  }

  /** Takes in the character at the current position; true when a match ends before it. */
  #step(budget: StepBudget): boolean {
    const at = this.#at;
    const code = this.#text.charCodeAt(at);
    const next: number[] = [];
    const stack = [0];
    for (const state of this.#waiting) stack.push(state + 1);
    for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
      if (this.#seen[index] === at + 1) continue;
      this.#seen[index] = at + 1;
      budget.steps--;
      const state = this.#states[index];
      if (state === undefined) continue;
      if (state.kind === 'end') return true;
      if (state.kind === 'split') stack.push(...state.targets);
      else if (state.kind === 'assert') {
        if (state.holds(this.#text, at)) stack.push(index + 1);
      } else if (at < this.#text.length && state.test(code)) next.push(index);
    }
    this.#waiting = next;
    return false;
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isWord(code: number): boolean {
  return isDigit(code) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || code === 0x5f;
}

function isSpace(code: number): boolean {
  return /\s/.test(String.fromCharCode(code));
}

const CLASSES: ReadonlyMap<string, Test> = new Map<string, Test>([
  ['d', isDigit],
  ['D', (code) => !isDigit(code)],
  ['w', isWord],
  ['W', (code) => !isWord(code)],
  ['s', isSpace],
  ['S', (code) => !isSpace(code)],
]);

const CONTROLS: ReadonlyMap<string, string> = new Map([
  ['t', '\t'],
  ['n', '\n'],
  ['r', '\r'],
  ['f', '\f'],
  ['v', '\v'],
]);
