import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../evil/server.ts', import.meta.url));

export const TRANSPORTS = ['stdio', 'http'] as const;
export type TransportName = (typeof TRANSPORTS)[number];

/** A request as the hostile server saw it. */
export interface Seen {
  readonly method?: string;
  readonly name?: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** The hostile servers of one house. */
export interface Evil extends AsyncDisposable {
  /** The entry of a servers file for one mode. */
  entry(transport: TransportName, mode: string): Record<string, unknown>;
  /** Entries for modes over both transports, named `<transport>-<mode>`. */
  entries(modes: readonly string[], more?: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** What a server was asked so far; empty when it was never reached. */
  seen(transport: TransportName, mode: string): readonly Seen[];
  /** Every start of a server over stdio: process id and milliseconds since epoch. */
  starts(mode: string): readonly { readonly pid: number; readonly at: number }[];
  /** From its next listing on a server is at this pass. */
  goOn(transport: TransportName, mode: string, pass: number): Promise<void>;
  /** The process that speaks HTTP. */
  readonly http: ChildProcess;
}

/** Starts the one that speaks HTTP; those that speak stdio are started by whom they attack. */
export async function openEvil(canary: string): Promise<Evil> {
  const state = await mkdtemp(join(tmpdir(), 'vestibule-evil-'));
  const http = spawn(process.execPath, [PROGRAM, 'http', state, canary], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [port] = (await once(createInterface({ input: http.stdout }), 'line')) as [string];
  const entry: Evil['entry'] = (transport, mode) =>
    transport === 'stdio' ? { command: process.execPath, args: [PROGRAM, 'stdio', mode, state, canary] } : { type: 'http', url: `http://127.0.0.1:${port}/${mode}` };
  return {
    entry,
    entries: (modes, more = {}) => Object.fromEntries(TRANSPORTS.flatMap((transport) => modes.map((mode) => [`${transport}-${mode}`, { ...entry(transport, mode), ...more }]))),
    seen: (transport, mode) => linesOf(join(state, `${transport}-${mode}.seen`)).map((line) => JSON.parse(Buffer.from(line, 'hex').toString('utf8')) as Seen),
    starts: (mode) =>
      linesOf(join(state, `stdio-${mode}.starts`)).map((line) => {
        const [pid = 0, at = 0] = line.split(' ').map(Number);
        return { pid, at };
      }),
    goOn: (transport, mode, pass) => writeFile(join(state, `${transport}-${mode}.pass`), String(pass)),
    http,
    async [Symbol.asyncDispose]() {
      if (http.exitCode === null && http.signalCode === null) {
        http.kill('SIGKILL');
        await once(http, 'exit');
      }
      await rm(state, { recursive: true, force: true });
    },
  };
}

/** The whole lines of a file that may not exist yet. */
function linesOf(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
}
