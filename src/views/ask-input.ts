import type { InputDeclaration } from '../proxy/config/types.ts';
import type { Dialogs } from './dialogs.ts';
import { oneLine } from './text.ts';

/**
 * Asks for `${input:…}` values, one box at a time: two servers that start together ask one after the other, and two
 * that want the same input share one answer. The core stores the answer.
 */
export class InputAsker {
  readonly #dialogs: Dialogs;
  readonly #open = new Map<string, Promise<string | undefined>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(dialogs: Dialogs) {
    this.#dialogs = dialogs;
  }

  /** The value a person gives; undefined when they decline. */
  ask(input: InputDeclaration, server: string): Promise<string | undefined> {
    const open = this.#open.get(input.id);
    if (open !== undefined) return open;
    const answer = this.#last.then(() => this.#show(input, server)).finally(() => this.#open.delete(input.id));
    this.#open.set(input.id, answer);
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  #show(input: InputDeclaration, server: string): Promise<string | undefined> {
    const title = `“${oneLine(server, 60)}” needs ${oneLine(input.id, 60)}`;
    if (input.type === 'pickString' && input.options.length > 0) {
      return this.#dialogs.pick(
        title,
        input.options.map((option) => ({ label: option, value: option, ...(option === input.default && { description: 'default' }) })),
      );
    }
    // An input of type `command` would let a file run an editor command: the person types its value instead.
    return this.#dialogs.prompt({
      title,
      prompt: input.description ?? `Value of the input “${input.id}”. It is kept in the editor’s secret storage.`,
      password: input.password,
      ...(input.default !== undefined && { value: input.default }),
    });
  }
}
