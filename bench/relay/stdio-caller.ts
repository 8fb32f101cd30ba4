import { createInterface } from 'node:readline';
import { type ProcessGroup, startGroup } from '../../scripts/editor/process-group.ts';

/** A bare MCP client over the pipes of a server it starts. One request at a time. */
export class StdioCaller {
  readonly #group: ProcessGroup;
  #id = 0;
  #waiting: ((line: string) => void) | undefined;

  constructor(args: readonly string[]) {
    this.#group = startGroup(process.execPath, args, { input: true });
    const { stdout } = this.#group.child;
    if (stdout === null) throw new Error('no pipe from the server');
    createInterface(stdout).on('line', (line) => this.#waiting?.(line));
  }

  request(method: string, params: unknown): Promise<string> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#group.child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', id: ++this.#id, method, params })}\n`);
    });
  }

  close(): Promise<void> {
    return this.#group.end();
  }
}
