import { randomBytes } from 'node:crypto';
import { readFileSync, unlinkSync, utimes } from 'node:fs';
import { link, mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { VestibuleError } from '../errors.ts';
import { toDisposable, type Disposable } from '../events.ts';
import { temporaryNameFor } from './atomic-file.ts';
import { folderError, hasCode, isPassing } from './fs-error.ts';
import { livenessOf, ownIdentity, type ProcessIdentity } from './process-identity.ts';

/*
 * A lock is a file beside the thing it protects, holding its owner's identity. It is made by hard-linking a finished
 * file, so nobody ever reads half an owner. A lock whose owner is gone is removed only by whoever holds the lock on
 * that very generation (`<lock>.<nonce>`): without it, two processes that both saw a dead owner could each remove
 * "the" lock, the second one removing the first one's fresh lock.
 */

interface LockOwner extends ProcessIdentity {
  /** Names this taking of the lock; no two are alike. */
  readonly nonce: string;
}

const WAIT_MS = 2_000;
/** A long lock is not waited for, only long enough to see who won when several take it over at once. */
const CONTEST_MS = 200;
const HEARTBEAT_MS = 2_000;
/** Where liveness cannot be told (another host or container, no start times), a lock counts until it is this old. */
const SILENT_FOR_MS = 15_000;

/** Callers of this process wait in line instead of polling against each other. */
const lines = new Map<string, Promise<unknown>>();

/**
 * Runs `fn` while no other process (or caller in this one) runs a function under the lock of `path`. For short
 * read-modify-write of a file; not reentrant.
 * @throws VestibuleError `data-folder-locked` when a living owner keeps it longer than 2 s, `data-folder-unreadable`
 */
export async function withFileLock<T>(path: string, fn: () => Promise<T>): Promise<T> {
  const previous = lines.get(path) ?? Promise.resolve();
  const turn = previous.then(async () => {
    const lock = `${path}.lock`;
    const nonce = await acquire(lock, WAIT_MS);
    try {
      return await fn();
    } finally {
      release(lock, nonce);
    }
  });
  const settled = turn.then(ignore, ignore);
  lines.set(path, settled);
  try {
    return await turn;
  } finally {
    if (lines.get(path) === settled) lines.delete(path);
  }
}

/**
 * Takes the lock of `path` for as long as this process runs or until the result is disposed. A lock left by a
 * killed process is taken over at once.
 * @throws VestibuleError `data-folder-locked` naming the owner's pid, `data-folder-unreadable`
 */
export async function holdLock(path: string): Promise<Disposable> {
  const lock = `${path}.lock`;
  const nonce = await acquire(lock, CONTEST_MS);
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(lock, now, now, ignore);
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return toDisposable(() => {
    clearInterval(heartbeat);
    release(lock, nonce);
  });
}

async function acquire(lock: string, waitMs: number): Promise<string> {
  const giveUpAt = performance.now() + waitMs;
  const owner: LockOwner = { ...ownIdentity(), nonce: randomBytes(6).toString('hex') };
  try {
    await mkdir(dirname(lock), { recursive: true, mode: 0o700 });
    for (;;) {
      const found = await inspect(lock);
      if (found.state === 'gone' && (await create(lock, owner))) return owner.nonce;
      if (found.state === 'stale' && (await removeGeneration(lock, found.owner))) continue;
      if (performance.now() >= giveUpAt) throw lockedError(lock, found.owner);
      await delay(5 + Math.random() * 20);
    }
  } catch (error) {
    throw VestibuleError.is(error) ? error : folderError(error, 'lock', lock);
  }
}

/** Makes the lock file, complete with its owner, unless there is one. */
async function create(lock: string, owner: LockOwner): Promise<boolean> {
  const text = JSON.stringify(owner);
  const temporary = temporaryNameFor(lock);
  await writeFile(temporary, text, { flag: 'wx', mode: 0o600 });
  try {
    await link(temporary, lock);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    // No hard links here (exFAT, some network folders): a reader may then see the lock before its owner is written,
    // and counts it as held until it is old.
    return await createExclusive(lock, text);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function createExclusive(lock: string, text: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx', 0o600);
    try {
      await file.writeFile(text, 'utf8');
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST') || isPassing(error)) return false;
    throw error;
  }
}

type Found =
  | { readonly state: 'gone'; readonly owner: undefined }
  | { readonly state: 'held'; readonly owner: LockOwner | undefined }
  | { readonly state: 'stale'; readonly owner: LockOwner | undefined };

async function inspect(lock: string): Promise<Found> {
  let owner: LockOwner | undefined;
  let ageMs: number;
  try {
    owner = readOwner(await readFile(lock, 'utf8'));
    ageMs = Date.now() - (await stat(lock)).mtimeMs;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return { state: 'gone', owner: undefined };
    if (isPassing(error)) return { state: 'held', owner: undefined };
    throw error;
  }
  return { state: isStale(owner, ageMs) ? 'stale' : 'held', owner };
}

function isStale(owner: LockOwner | undefined, ageMs: number): boolean {
  const liveness = owner === undefined ? 'unknown' : livenessOf(owner);
  return liveness === 'unknown' ? ageMs > SILENT_FOR_MS : liveness === 'dead';
}

/** Removes the lock if it is still the one of `owner`; false when somebody else is at it. */
async function removeGeneration(lock: string, owner: LockOwner | undefined): Promise<boolean> {
  const claim = `${lock}.${owner?.nonce ?? 'unreadable'}`;
  let nonce: string;
  try {
    nonce = await acquire(claim, 0);
  } catch (error) {
    if (VestibuleError.is(error, 'data-folder-locked')) return false;
    throw error;
  }
  try {
    const now = await inspect(lock);
    if (now.state === 'stale' && now.owner?.nonce === owner?.nonce) await rm(lock, { force: true });
    return true;
  } finally {
    release(claim, nonce);
  }
}

function release(lock: string, nonce: string): void {
  try {
    // It is another's if we were silent for so long that we had to be taken for dead.
    if (readOwner(readFileSync(lock, 'utf8'))?.nonce === nonce) unlinkSync(lock);
  } catch {
    // Gone already, or it counts as stale as soon as this process ends.
  }
}

function readOwner(text: string): LockOwner | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, space, started, nonce } = value as Readonly<Record<string, unknown>>;
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 1) return undefined;
  if (typeof space !== 'string' || typeof nonce !== 'string' || !/^[0-9a-f]{12}$/.test(nonce)) return undefined;
  return { pid, space, nonce, started: typeof started === 'string' ? started : undefined };
}

function lockedError(lock: string, owner: LockOwner | undefined): VestibuleError {
  const who = owner === undefined ? 'an unknown process' : `the process with pid ${owner.pid}`;
  return new VestibuleError('data-folder-locked', `The data folder is in use by ${who} (${lock}).`, {
    action: `Stop ${who}, or choose another data folder with --data.`,
  });
}

function ignore(): void {
  // A settled line and a missed heartbeat need no handling.
}
