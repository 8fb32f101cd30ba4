import { chmod, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { VestibuleError } from '../../proxy/errors.ts';
import type { KeyValue } from './key-value.ts';

/** The part of `node:sqlite` that is used. */
interface Database {
  exec(sql: string): void;
  prepare(sql: string): { get(...values: readonly unknown[]): unknown; run(...values: readonly unknown[]): unknown };
  close(): void;
}
type DatabaseClass = new (path: string) => Database;

/** Bytes of all values, and how many there may be. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_ENTRIES = 20_000;
/** Writes of this process, and bytes written, after which room is made: the bounds above are passed by no more than these. */
const MAX_WRITES = 200;
const MAX_WRITTEN = 4 * 1024 * 1024;
/** How long another process is waited for, in milliseconds. */
const BUSY_MS = 50;
/** Attempts to open a file that another process is busy with, or that is broken. */
const MAX_TRIES = 20;
/** Results of SQLite (https://www.sqlite.org/rescode.html). */
const BUSY = 5;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

/**
 * A file of SQLite as a store, for all processes of a data folder. One that is broken is begun anew: it holds nothing that
 * cannot be asked for again.
 * @param load what loads a module of Node; for tests
 * @throws VestibuleError `bad-config` where Node has no SQLite
 */
export async function openSqlite(path: string, load: (name: string) => unknown = createRequire(process.argv[1] ?? process.execPath)): Promise<KeyValue> {
  const DatabaseSync = sqlite(load);
  const database = await begun(DatabaseSync, path);
  await chmod(path, 0o600);
  const get = database.prepare('SELECT value FROM kept WHERE name = ? AND until > ?');
  const set = database.prepare('INSERT INTO kept (name, value, until) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value, until = excluded.until');
  const numberOf = database.prepare('SELECT number FROM numbers WHERE name = ?');
  const increment = database.prepare('INSERT INTO numbers (name, number) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET number = number + 1');
  const size = database.prepare('SELECT count(*) AS entries, coalesce(sum(length(value)), 0) AS bytes FROM kept');
  const drop = database.prepare('DELETE FROM kept WHERE until <= ?');
  const dropFirst = database.prepare('DELETE FROM kept WHERE name IN (SELECT name FROM kept ORDER BY until LIMIT ?)');
  // What earlier processes left is not known: room is made at once.
  let writes = MAX_WRITES;
  let written = 0;
  const makeRoom = (): void => {
    drop.run(Date.now());
    for (;;) {
      const { bytes, entries } = size.get() as { readonly bytes: number; readonly entries: number };
      if (bytes <= MAX_BYTES && entries <= MAX_ENTRIES) return;
      dropFirst.run(Math.max(1, Math.ceil(entries / 10)));
    }
  };
  const soon = <T>(run: () => T): Promise<T> => new Promise((resolve) => resolve(run()));
  return {
    get: (names) =>
      soon(() =>
        names.map((name) => {
          const number = numberOf.get(name) as { readonly number: number } | undefined;
          if (number !== undefined) return Buffer.from(String(number.number), 'latin1');
          return (get.get(name, Date.now()) as { readonly value: Uint8Array } | undefined)?.value;
        }),
      ),
    set: (name, value, ms) =>
      soon(() => {
        set.run(name, value, Math.ceil(Date.now() + ms));
        writes++;
        written += value.byteLength;
        if (writes < MAX_WRITES && written < MAX_WRITTEN) return;
        makeRoom();
        writes = written = 0;
      }),
    increment: (name) => soon(() => void increment.run(name)),
    close: () => soon(() => database.close()),
  };
}

async function begun(DatabaseSync: DatabaseClass, path: string): Promise<Database> {
  for (let tries = 1; ; tries++) {
    const database = new DatabaseSync(path);
    try {
      return begin(database);
    } catch (error) {
      database.close();
      const problem = primaryCodeOf(error);
      if (tries === MAX_TRIES) throw error;
      // Another process that begins just now has the file to itself for a moment: taken away, the two would keep apart.
      if (problem === BUSY) await delay(BUSY_MS);
      else if (problem === CORRUPT || problem === NOT_A_DATABASE) for (const end of ['', '-wal', '-shm']) await rm(path + end, { force: true });
      else throw error;
    }
  }
}

/** What SQLite calls a problem, without what it says of it in particular; undefined for an error of something else. */
function primaryCodeOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

function begin(database: Database): Database {
  database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = NORMAL');
  database.exec('CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value BLOB NOT NULL, until INTEGER NOT NULL) STRICT');
  database.exec('CREATE INDEX IF NOT EXISTS kept_until ON kept (until)');
  database.exec('CREATE TABLE IF NOT EXISTS numbers (name TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT');
  return database;
}

function sqlite(load: (name: string) => unknown): DatabaseClass {
  try {
    return (load('node:sqlite') as { readonly DatabaseSync: DatabaseClass }).DatabaseSync;
  } catch (cause) {
    throw new VestibuleError('bad-config', `"store": "sqlite" needs Node 22.13 or later, and this is ${process.version}. Answers are kept in memory.`, {
      action: 'Run vestibule with a newer Node, use "redis", or remove "store" from "gateway.cache".',
      cause,
    });
  }
}
