// A program of a bench that listens on a port of its own.
import { createInterface } from 'node:readline';
import { startGroup } from '../../scripts/editor/process-group.ts';

/** A running program. */
export interface Listening {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/**
 * Starts a program that prints `{"port":N}` once it listens.
 * @param args arguments of Node: the program and its own
 */
export async function startListening(args: readonly string[]): Promise<Listening> {
  const group = startGroup(process.execPath, args);
  const { stdout } = group.child;
  if (stdout === null) throw new Error('no pipe from the program');
  const line = await new Promise<string>((resolve) => createInterface({ input: stdout }).once('line', resolve));
  return { url: `http://127.0.0.1:${(JSON.parse(line) as { port: number }).port}/mcp`, pid: group.child.pid ?? 0, stop: () => group.end() };
}
