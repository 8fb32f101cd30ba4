import type { InputEntry } from '../config/edit.ts';
import { recordOf } from '../json/data.ts';

type Fields = Readonly<Record<string, unknown>>;

const MAX_TEXT = 4_096;
const MAX_CHOICES = 50;
const TEMPLATE = /\{([A-Za-z0-9_.-]{1,64})\}/g;

/** Collects the values a person has to give for one way of using a server. */
export class Asked {
  readonly inputs: InputEntry[] = [];
  readonly #prefix: string;

  constructor(server: string) {
    this.#prefix = server.replace(/[^A-Za-z0-9]+/g, '-').toLowerCase();
  }

  /**
   * The value of an argument, variable or header as a servers file has it (server.json, `Input`): fixed, with the parts a
   * person gives as `${input:…}`, or undefined where it may be left out.
   */
  valueOf(name: string, input: Fields): string | undefined {
    const value = text(input['value']);
    if (value !== undefined) return onlyOurs(value.replace(TEMPLATE, (whole, variable: string) => this.#variable(variable, recordOf(recordOf(input['variables'])[variable])) ?? whole));
    const preset = text(input['default']);
    if (input['isRequired'] !== true) return input['isSecret'] === true ? undefined : preset;
    return this.#ask(name, input);
  }

  #variable(name: string, input: Fields): string | undefined {
    return Object.keys(input).length === 0 ? undefined : (this.valueOf(name, input) ?? '');
  }

  #ask(name: string, input: Fields): string {
    const id = `${this.#prefix}-${name.replace(/^-+/, '').replace(/[^A-Za-z0-9]+/g, '-').toLowerCase()}`;
    if (this.inputs.some((known) => known.id === id)) return `\${input:${id}}`;
    const choices = Array.isArray(input['choices']) ? input['choices'].filter((choice) => typeof choice === 'string').slice(0, MAX_CHOICES) : [];
    const preset = text(input['default']);
    this.inputs.push({
      id,
      type: choices.length > 0 ? 'pickString' : 'promptString',
      description: text(input['description']) ?? name,
      ...(choices.length > 0 && { options: choices }),
      ...(preset !== undefined && { default: preset }),
      ...(choices.length === 0 && { password: input['isSecret'] === true }),
    });
    return `\${input:${id}}`;
  }
}

/** Why a way of using a server cannot be offered. */
export class UnusableError extends Error {
  override readonly name = 'UnusableError';
}

/**
 * A text of the registry; undefined when there is none.
 * @throws UnusableError when it refers to the environment or the secrets of whoever adds the server, or is endless
 */
export function text(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (value.length > MAX_TEXT) throw new UnusableError('one of its values is too long');
  if (value.includes('${')) throw new UnusableError('it refers to variables of your machine, which a registry must not');
  return value;
}

/**
 * A value after everything was put in. Parts that are harmless by themselves must not make a reference together.
 * @throws UnusableError when it refers to anything but what a person is asked for and their home folder
 */
export function onlyOurs(value: string): string {
  if (value.replace(OURS, '').includes('${')) throw new UnusableError('it refers to variables of your machine, which a registry must not');
  return value;
}

const OURS = /\$\{(?:input:[a-z0-9-]+|userHome)\}/g;

/** At most `most` objects of a list. */
export function recordsOf(value: unknown, most: number): readonly Fields[] {
  return Array.isArray(value) ? value.slice(0, most).map(recordOf) : [];
}
