import type { StdioOptions } from 'node:child_process';

interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdio?: StdioOptions;
}

export const root: string;
export class StepError extends Error {}
export function say(script: string, message: string): void;
export function run(command: string, args: readonly string[], options?: RunOptions): Promise<void>;
export function onOrphaned(act: () => void): () => void;
export function runForCode(command: string, args: readonly string[], options?: RunOptions): Promise<number>;
export function npmCommand(args: readonly string[]): [string, string[]];
export function npm(args: readonly string[], options?: RunOptions): Promise<void>;
export function main(script: string, body: () => Promise<void>): Promise<void>;
