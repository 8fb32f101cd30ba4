import { join } from 'node:path';
import type { VestibuleError } from '../proxy/errors.ts';
import type { Disposable } from '../proxy/events.ts';
import { DECISION_ACTIONS, type DecisionEntry } from '../proxy/journal/types.ts';
import type { Digest, ServerName } from '../proxy/model.ts';
import { BadShapeError, recordAt, type JsonPath } from '../proxy/storage/parse-state.ts';
import { StateFile } from '../proxy/storage/state-file.ts';

/*
 * What commands ask of a running `serve`, through `control.json` in the data folder. A request stands in the file
 * until `serve` takes it out, which is how a command knows that somebody heard it. Restarts that nobody took are
 * taken back; decisions wait for whoever can write them into the call journal next.
 */

/** What waits in the file. */
interface Requests {
  readonly restarts: readonly ServerName[];
  readonly decisions: readonly DecisionEntry[];
}

/** What a `serve` does about requests. */
export interface ControlHandler {
  restart(server: ServerName): void;
  decided(decision: DecisionEntry): void;
}

/** How long a command waits for `serve` to take its request, in milliseconds: `serve` looks within a second. */
const HEARD_WITHIN_MS = 3_000;
const MAX_RESTARTS = 100;
const MAX_DECISIONS = 10_000;
const NONE: Requests = { restarts: [], decisions: [] };

type Report = (problem: VestibuleError) => void;

/**
 * Asks a running `serve` to restart an upstream. Resolves with false when none took the request.
 * @throws VestibuleError `data-folder-unreadable`, `data-folder-locked`
 */
export async function requestRestart(dataDir: string, server: ServerName, report: Report): Promise<boolean> {
  const file = await open(dataDir, report);
  try {
    await file.update((now) => ({ ...now, restarts: [...without(now.restarts, server), server].slice(-MAX_RESTARTS) }));
    if (await taken(file, server)) return true;
    // Nobody is there; whoever starts later must not find it.
    await file.update((now) => (now.restarts.includes(server) ? { ...now, restarts: without(now.restarts, server) } : now));
    return false;
  } finally {
    file.dispose();
  }
}

/** Leaves decisions for the next process that can write the call journal. */
export async function leaveDecisions(dataDir: string, decisions: readonly DecisionEntry[], report: Report): Promise<void> {
  const file = await open(dataDir, report);
  try {
    await file.update((now) => ({ ...now, decisions: [...now.decisions, ...decisions].slice(-MAX_DECISIONS) }));
  } finally {
    file.dispose();
  }
}

/** Takes the decisions that wait, for a process that can write the call journal. */
export async function takeDecisions(dataDir: string, report: Report): Promise<readonly DecisionEntry[]> {
  const file = await open(dataDir, report);
  try {
    let taken = NONE;
    await file.update((now) => {
      taken = now;
      return now.decisions.length === 0 ? now : { ...now, decisions: [] };
    });
    return taken.decisions;
  } finally {
    file.dispose();
  }
}

/** A `serve` that follows requests. */
export interface ControlFollower extends Disposable {
  /** Takes what waits now, restarts aside: for the last moment before the journal is closed. */
  takeLast(): Promise<void>;
}

/** Takes what waits at once, and what comes from now on. Restarts that were asked of an earlier `serve` are dropped. */
export async function followControl(dataDir: string, handler: ControlHandler, report: Report): Promise<ControlFollower> {
  const file = await open(dataDir, report);
  const take = async (restarts: boolean): Promise<void> => {
    let asked = NONE;
    await file.update((now) => {
      asked = now;
      return isEmpty(now) ? now : NONE;
    });
    asked.decisions.forEach((decision) => handler.decided(decision));
    if (restarts) asked.restarts.forEach((server) => handler.restart(server));
  };
  await take(false);
  file.onDidChange((now) => {
    if (!isEmpty(now)) take(true).catch((problem: unknown) => report(problem as VestibuleError));
  });
  return { takeLast: () => take(false), dispose: () => file.dispose() };
}

function isEmpty({ restarts, decisions }: Requests): boolean {
  return restarts.length + decisions.length === 0;
}

function without(servers: readonly ServerName[], server: ServerName): readonly ServerName[] {
  return servers.filter((name) => name !== server);
}

function open(dataDir: string, report: Report): Promise<StateFile<Requests>> {
  return StateFile.open<Requests>({ path: join(dataDir, 'control.json'), version: 1, empty: NONE, encode: (requests) => requests, decode, report });
}

function decode(state: unknown): Requests {
  const { restarts, decisions } = recordAt(state, []);
  if (!Array.isArray(restarts) || !Array.isArray(decisions)) throw new BadShapeError([], '"restarts" and "decisions"');
  return {
    restarts: restarts.map((name: unknown, i) => textAt(name, ['restarts', i])),
    decisions: decisions.map((decision: unknown, i) => decisionAt(decision, ['decisions', i])),
  };
}

function decisionAt(value: unknown, path: JsonPath): DecisionEntry {
  const { time, by, action, server, subject, digest, diff } = recordAt(value, path);
  const known = DECISION_ACTIONS.find((candidate) => candidate === action);
  if (known === undefined || typeof time !== 'number') throw new BadShapeError(path, 'a decision');
  const texts = { by: textAt(by, path), server: textAt(server, path), subject: textAt(subject, path) };
  if (diff !== undefined && !Array.isArray(diff)) throw new BadShapeError(path, 'a decision');
  return {
    time,
    action: known,
    ...texts,
    digest: digest === undefined ? undefined : (textAt(digest, path) as Digest),
    ...(diff !== undefined && { diff: diff.map((line) => textAt(line, path)) }),
  };
}

function textAt(value: unknown, path: JsonPath): string {
  if (typeof value === 'string') return value;
  throw new BadShapeError(path, 'a text');
}

function taken(file: StateFile<Requests>, server: ServerName): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => done(false), HEARD_WITHIN_MS);
    const subscription = file.onDidChange((now) => {
      if (!now.restarts.includes(server)) done(true);
    });
    function done(heard: boolean): void {
      clearTimeout(timer);
      subscription.dispose();
      resolve(heard);
    }
  });
}
