import { parseArgs } from 'node:util';
import { VestibuleError } from '../proxy/errors.ts';
import { nearest } from '../proxy/config/nearest.ts';

/** One `--option` of a command. */
export interface Option {
  /** Placeholder of its value in the help; undefined for a switch. */
  readonly value?: string;
  readonly repeatable?: boolean;
  readonly help: string;
}

export type Options = Readonly<Record<string, Option>>;

/** What was given on the command line, checked against the options of a command. */
export class Arguments {
  readonly #values: ReadonlyMap<string, readonly string[]>;
  /** Everything after `--`; undefined without one. */
  readonly rest: readonly string[] | undefined;
  /** The word that stands by itself, for a command that takes one. */
  readonly word: string | undefined;

  constructor(values: ReadonlyMap<string, readonly string[]>, rest: readonly string[] | undefined, word?: string) {
    this.#values = values;
    this.rest = rest;
    this.word = word;
  }

  has(option: string): boolean {
    return this.#values.has(option);
  }

  text(option: string): string | undefined {
    return this.#values.get(option)?.[0];
  }

  texts(option: string): readonly string[] {
    return this.#values.get(option) ?? [];
  }

  /** @throws VestibuleError `usage` when it is missing */
  required(option: string): string {
    const value = this.text(option);
    if (value === undefined) throw usage(`--${option} is missing.`, `Give --${option}.`);
    return value;
  }

  /** One of a few words, or undefined when the option is absent. @throws VestibuleError `usage` */
  choice<T extends string>(option: string, choices: readonly T[]): T | undefined {
    const value = this.text(option);
    const chosen = choices.find((choice) => choice === value);
    if (value !== undefined && chosen === undefined) throw usage(`--${option} cannot be "${value}".`, `Choose one of ${choices.join(', ')}.`);
    return chosen;
  }

  /** A whole number, or undefined when the option is absent. @throws VestibuleError `usage` */
  wholeNumber(option: string, min: number, max: number): number | undefined {
    const value = this.text(option);
    if (value === undefined) return undefined;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
    if (!(number >= min && number <= max)) throw usage(`--${option} cannot be "${value}".`, `Give a whole number from ${min} to ${max}.`);
    return number;
  }
}

/**
 * Reads the arguments of one command. Everything must be known: an unknown option, a missing or superfluous value, a
 * repeated option and a stray word are errors.
 * @param takesRest whether words after `--` belong to the command
 * @param takesWord whether one word may stand by itself
 * @throws VestibuleError `usage`
 */
export function readArguments(argv: readonly string[], options: Options, takesRest: boolean, takesWord = false): Arguments {
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(Object.entries(options).map(([name, option]) => [name, { type: option.value === undefined ? 'boolean' : 'string', multiple: true } as const])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  let rest: string[] | undefined;
  let word: string | undefined;
  for (const token of tokens) {
    if (token.kind === 'option-terminator') rest = [];
    else if (token.kind === 'option') takeOption(values, options, token);
    else if (rest === undefined && takesWord && word === undefined) word = token.value;
    else if (rest === undefined) throw usage(`There is no place for "${token.value}".`, takesRest ? 'Put a command after --.' : 'Use the options this command has.');
    else rest.push(token.value);
  }
  if (rest !== undefined && !takesRest) throw usage('This command takes nothing after --.', 'Remove it.');
  return new Arguments(values, rest, word);
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function takeOption(values: Map<string, string[]>, options: Options, { name, rawName, value, inlineValue }: OptionToken): void {
  const option = Object.hasOwn(options, name) && rawName.startsWith('--') ? options[name] : undefined;
  if (option === undefined) {
    const near = nearest(name, Object.keys(options));
    throw usage(`There is no option ${rawName}.`, near === undefined ? `Known options: ${Object.keys(options).map((known) => `--${known}`).join(' ')}.` : `Did you mean --${near}?`);
  }
  if (option.value === undefined && value !== undefined) throw usage(`--${name} takes no value.`, `Write --${name} alone.`);
  const forgotten = value === undefined || value === '' || (inlineValue === false && value.startsWith('-'));
  if (option.value !== undefined && forgotten) throw usage(`--${name} needs a value.`, `Write --${name} ${option.value}.`);
  const earlier = values.get(name);
  if (earlier !== undefined && option.repeatable !== true) throw usage(`--${name} is given twice.`, 'Give it once.');
  values.set(name, [...(earlier ?? []), value ?? '']);
}

/** A mistake on the command line: exit code 2. */
export function usage(message: string, action: string): VestibuleError {
  return new VestibuleError('usage', message, { action });
}
