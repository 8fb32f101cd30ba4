import { existsSync, lstatSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { clientOf, type ClientFile, type Machine } from '../clients/client-files.ts';
import { VestibuleError } from '../errors.ts';
import { sha256 } from '../json/canonical.ts';
import { readTextIfExists, removeFile, writeFileAtomic } from '../storage/atomic-file.ts';
import { StateFile } from '../storage/state-file.ts';
import { CONNECTABLE_IDS, CONNECTIONS_VERSION, decodeConnections, encodeConnections } from './connections-format.ts';
import { editOf } from './edit.ts';
import { ENTRY_NAME, entryFor, isMarked, speaksHttp } from './entries.ts';
import type { AgentIssuer, Candidate, ConnectableId, ConnectPlan, ConnectRequest, Connection, Undone, WayIn } from './types.ts';

/** The largest file of a client that is edited, in bytes. */
const MAX_FILE_BYTES = 32 * 1024 * 1024;
const NEW_FILE_MODE = 0o600;
/** Stands for the token in a preview. */
const TOKEN_TO_COME = '<a token of its own, made when you apply this>';

/** What connecting works with. */
export interface ConnectorOptions {
  readonly dataDir: string;
  readonly machine: Machine;
  readonly agents: AgentIssuer;
  /** Hears of a record of connections that cannot be read. */
  readonly onProblem: (problem: VestibuleError) => void;
}

/**
 * Writes the gateway into the list of a client, with a token of that client's own, and takes it out again. Only files
 * of the person's own: those of a project are shared, and no place for a token.
 */
export class Connector {
  readonly #options: ConnectorOptions;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** Every client that can be connected, those that are used on this machine first. */
  async candidates(): Promise<readonly Candidate[]> {
    const connections = await this.connections();
    return CONNECTABLE_IDS.map((client) => {
      const { path } = this.#fileOf(client);
      const connection = connections.find((one) => one.client === client);
      const found = existsSync(path) || (dirname(path) !== this.#options.machine.home && existsSync(dirname(path)));
      return { client, label: clientOf(client).label, path, found, linked: isLink(path), connection };
    }).sort((a, b) => Number(b.found) - Number(a.found));
  }

  /** What is connected now, newest last. */
  connections(): Promise<readonly Connection[]> {
    return this.#withStore((store) => Promise.resolve(store.state));
  }

  /**
   * What connecting would do to the client's file. Nothing is written.
   * @throws VestibuleError `bad-config` with the place in a file that cannot be edited, `usage`
   */
  async plan(request: ConnectRequest): Promise<ConnectPlan> {
    const { client } = request;
    if (request.way.kind === 'http' && !speaksHttp(client)) {
      throw new VestibuleError('usage', `${clientOf(client).label} takes no HTTP servers in its file.`, { action: 'Connect it by the bridge.' });
    }
    const file = this.#fileOf(client);
    const before = await readTextIfExists(file.path, MAX_FILE_BYTES);
    const { text: base } = await this.#withoutOurs(file, before, (await this.connections()).find((one) => one.client === client));
    refuseForeign(file, base);
    return { request, label: clientOf(client).label, path: file.path, before, preview: written(file, base, this.#wayIn(request, TOKEN_TO_COME), client) };
  }

  /**
   * Makes the token and writes the file as planned; what the file held is kept beside the record. A connection the
   * client had is replaced, its token revoked.
   * @throws VestibuleError `stale-decision` when the file is not the one that was shown any more; `usage` for a grant
   *   or name that will not do; the file stays as it is then
   */
  apply({ request, path, before }: ConnectPlan): Promise<Connection> {
    const { client, agent, way } = request;
    const { agents } = this.#options;
    const file = this.#fileOf(client);
    return this.#change(async (connections) => {
      const old = connections.find((one) => one.client === client);
      const now = await readTextIfExists(path, MAX_FILE_BYTES);
      if (file.path !== path || now !== before) throw changed(path);
      const { text: base } = await this.#withoutOurs(file, now, old);
      refuseForeign(file, base);
      if (old?.agent === agent.name) await revokeIfThere(agents, old.agent);
      const { token } = await agents.add(agent);
      try {
        const mode = modeOf(path);
        const wayIn = this.#wayIn(request, token);
        const after = written(file, base, wayIn, client);
        if (way.kind === 'bridge') await writeFileAtomic(this.#tokenFile(agent.name), `${token}\n`);
        if (base !== undefined) await writeFileAtomic(this.#backupOf(client), base);
        // Whoever may read the file may use the token in it.
        await writeFileAtomic(path, after, { mode: way.kind === 'http' ? mode & 0o700 : mode });
        const connection: Connection = {
          client,
          agent: agent.name,
          path,
          way: way.kind,
          mark: way.kind === 'http' ? way.url : this.#tokenFile(agent.name),
          connectedAt: Date.now(),
          written: sha256(after),
          existed: base !== undefined,
          mode,
        };
        if (old !== undefined && old.agent !== agent.name) await this.#forget(old);
        return { connections: [...connections.filter((one) => one.client !== client), connection], result: connection };
      } catch (error) {
        await revokeIfThere(agents, agent.name);
        await removeFile(this.#tokenFile(agent.name));
        throw error;
      }
    });
  }

  /**
   * Takes a connection back: its token is revoked, and the file is again exactly what it was if it has not changed
   * since; else only our entry leaves it.
   * @throws VestibuleError `not-found`; `bad-config` when the file has to be corrected first, and nothing is changed then
   */
  undo(client: ConnectableId): Promise<Undone> {
    return this.#change(async (connections) => {
      const connection = connections.find((one) => one.client === client);
      if (connection === undefined) throw new VestibuleError('not-found', `${clientOf(client).label} was not connected from here.`, { action: 'vestibule agent connect --list shows what is connected.' });
      const file = { ...this.#fileOf(client), path: connection.path };
      const now = await readTextIfExists(file.path, MAX_FILE_BYTES);
      const { text, exact } = await this.#withoutOurs(file, now, connection);
      await this.#forget(connection);
      if (text === undefined) await removeFile(file.path);
      else if (text !== now) await writeFileAtomic(file.path, text, { mode: connection.mode });
      await removeFile(this.#backupOf(client));
      const outcome = text === now ? 'gone' : exact ? 'restored' : 'removed';
      return { connections: connections.filter((one) => one !== connection), result: { connection, outcome } };
    });
  }

  /** The file's text before the connection, exactly; or without its entry, when the file has changed since. */
  async #withoutOurs(file: ClientFile, now: string | undefined, connection: Connection | undefined): Promise<{ readonly text: string | undefined; readonly exact: boolean }> {
    if (now === undefined || connection === undefined || connection.path !== file.path) return { text: now, exact: false };
    if (sha256(now) === connection.written) {
      const text = connection.existed ? await readTextIfExists(this.#backupOf(connection.client), MAX_FILE_BYTES) : undefined;
      if (text !== undefined || !connection.existed) return { text, exact: true };
    }
    const edit = editOf(file);
    const ours = isMarked(edit.get(now, file, ENTRY_NAME), connection.mark);
    return { text: ours ? edit.remove(now, file, ENTRY_NAME) : now, exact: false };
  }

  async #forget({ agent, way }: Connection): Promise<void> {
    await revokeIfThere(this.#options.agents, agent);
    if (way === 'bridge') await removeFile(this.#tokenFile(agent));
  }

  #wayIn({ way, agent }: ConnectRequest, token: string): WayIn {
    if (way.kind === 'http') return { ...way, token };
    const { command, args, env = {} } = way.launcher;
    return { kind: 'bridge', command, args: [...args, '--data', this.#options.dataDir, '--token-file', this.#tokenFile(agent.name)], env };
  }

  /** The first file of the client that is there, or whose folder is; else the one it would make. */
  #fileOf(client: ConnectableId): ClientFile {
    const files = clientOf(client).userFiles(this.#options.machine).filter(({ format }) => format !== 'yaml');
    const file = files.find(({ path }) => existsSync(path)) ?? files.find(({ path }) => existsSync(dirname(path))) ?? files[0];
    if (file === undefined) throw new Error(`${client} has no file.`);
    return file;
  }

  #tokenFile(agent: string): string {
    return join(this.#options.dataDir, 'bridge', `${agent}.token`);
  }

  #backupOf(client: ConnectableId): string {
    return join(this.#options.dataDir, 'connections', `${client}.before`);
  }

  async #change<T>(change: (connections: readonly Connection[]) => Promise<{ readonly connections: readonly Connection[]; readonly result: T }>): Promise<T> {
    return this.#withStore(async (store) => {
      let result: { readonly value: T } | undefined;
      await store.update(async (connections) => {
        const changed = await change(connections);
        result = { value: changed.result };
        return changed.connections;
      });
      if (result === undefined) throw new Error('The record of connections was not changed.');
      return result.value;
    });
  }

  async #withStore<T>(run: (store: StateFile<readonly Connection[]>) => Promise<T>): Promise<T> {
    const store = await StateFile.open<readonly Connection[]>({
      path: join(this.#options.dataDir, 'connections.json'),
      version: CONNECTIONS_VERSION,
      empty: [],
      decode: decodeConnections,
      encode: encodeConnections,
      report: this.#options.onProblem,
    });
    try {
      return await run(store);
    } finally {
      store.dispose();
    }
  }
}

function written(file: ClientFile, base: string | undefined, wayIn: WayIn, client: ConnectableId): string {
  return editOf(file).set(base ?? '', file, ENTRY_NAME, entryFor(client, wayIn));
}

/** Somebody else's entry of our name is not ours to replace. */
function refuseForeign(file: ClientFile, base: string | undefined): void {
  if (base === undefined || editOf(file).get(base, file, ENTRY_NAME) === undefined) return;
  throw new VestibuleError('bad-config', `${file.path} has a server "${ENTRY_NAME}" that was not written by connecting from here.`, {
    action: `Remove "${ENTRY_NAME}" from ${file.member.join('.')} in it first.`,
  });
}

async function revokeIfThere(agents: AgentIssuer, name: string): Promise<void> {
  try {
    await agents.revoke(name);
  } catch (error) {
    // Somebody revoked it already: that was the aim.
    if (!VestibuleError.is(error, 'not-found')) throw error;
  }
}

function changed(path: string): VestibuleError {
  return new VestibuleError('stale-decision', `${path} was changed after the preview was made.`, { action: 'Connect again, and look at the new preview.' });
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function modeOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? NEW_FILE_MODE : stat.mode & 0o777;
}
