import { elements, members, stringOf } from '../json/slice.ts';
import type { RawJson } from '../model.ts';

/** What was wrong with the arguments of a menu tool, in one sentence an agent can act on. */
export class BadArgumentsError extends Error {
  override readonly name = 'BadArgumentsError';
}

/**
 * Reads the arguments of one menu tool, strictly: unknown names are refused, since a misspelt filter that is
 * silently ignored gives an agent the wrong answer.
 */
export class MenuArguments {
  readonly #members: ReadonlyMap<string, RawJson>;

  /**
   * @param text raw `arguments` of the request, a JSON object if given
   * @param known the names this tool takes
   * @throws BadArgumentsError
   */
  constructor(text: RawJson | undefined, known: readonly string[]) {
    const found = text === undefined ? new Map<string, RawJson>() : members(text);
    if (found === undefined) throw new BadArgumentsError('The arguments must be a JSON object.');
    for (const name of found.keys()) {
      if (known.includes(name)) continue;
      const inside = known.includes('arguments') ? ' The arguments of the tool itself go inside "arguments".' : '';
      throw new BadArgumentsError(`There is no argument ${JSON.stringify(name.slice(0, 60))}; this tool takes ${known.join(', ')}.${inside}`);
    }
    // null means "not given" in many agents.
    this.#members = new Map([...found].filter(([, value]) => value !== 'null'));
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  raw(name: string): RawJson | undefined {
    return this.#members.get(name);
  }

  string(name: string): string | undefined {
    const raw = this.#members.get(name);
    if (raw === undefined) return undefined;
    const value = stringOf(raw);
    if (value === undefined) throw new BadArgumentsError(`"${name}" must be a string.`);
    return value;
  }

  requiredString(name: string): string {
    const value = this.string(name);
    if (value === undefined || value === '') throw new BadArgumentsError(`"${name}" is required: a non-empty string.`);
    return value;
  }

  boolean(name: string): boolean | undefined {
    const raw = this.#members.get(name);
    if (raw === undefined) return undefined;
    if (raw !== 'true' && raw !== 'false') throw new BadArgumentsError(`"${name}" must be true or false.`);
    return raw === 'true';
  }

  /** An integer from `least` to `most`. */
  integer(name: string, least: number, most: number): number | undefined {
    const raw = this.#members.get(name);
    if (raw === undefined) return undefined;
    const value = Number(raw);
    if (raw.startsWith('"') || !Number.isInteger(value) || value < least || value > most) {
      throw new BadArgumentsError(`"${name}" must be a whole number from ${least} to ${most}.`);
    }
    return value;
  }

  /** One of `choices`. */
  choice<C extends string>(name: string, choices: readonly C[]): C | undefined {
    const value = this.string(name);
    if (value === undefined) return undefined;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw new BadArgumentsError(`"${name}" must be one of ${choices.join(', ')}.`);
    return found;
  }

  /** 1 to `most` strings; a single string counts as a list of one. */
  strings(name: string, most: number): readonly string[] | undefined {
    const raw = this.#members.get(name);
    if (raw === undefined) return undefined;
    const values = (elements(raw) ?? [raw]).map((item) => stringOf(item));
    if (values.length === 0 || values.length > most || !values.every((value) => value !== undefined)) {
      throw new BadArgumentsError(`"${name}" must be a list of 1 to ${most} strings.`);
    }
    return values;
  }
}
