import { timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { VestibuleError } from '../errors.ts';
import { Emitter, type Event } from '../events.ts';
import { FULL_GRANT, type Grant } from '../model.ts';
import { prepareFolder, readTextIfExistsNow, writeFileAtomic } from '../storage/atomic-file.ts';
import { withFileLock } from '../storage/file-lock.ts';
import { isVersion, parseState, writeState } from '../storage/parse-state.ts';
import { Seal, type SealMemory } from '../storage/seal.ts';
import { fileSignature, watchFile, type FileWatch } from '../storage/watch-file.ts';
import { globProblem, isBudget, isRate, MAX_AGENTS, MAX_GLOBS, MAX_PER_MINUTE, nameProblem, profileProblem } from './agent-rules.ts';
import { hashOfToken, newToken } from './agent-token.ts';
import { AGENTS_VERSION, decodeAgents, encodeAgents, UNSEALED_AGENTS_VERSION } from './agents-format.ts';
import type { AgentRecord, AgentStore, IssuedAgent, KnownAgent, NewAgent } from './types.ts';

const MAX_FILE_BYTES = 1024 * 1024;
/** Node fires a longer timer at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

interface Loaded {
  readonly text: string | undefined;
  readonly agents: readonly AgentRecord[];
  readonly problem: VestibuleError | undefined;
  /** Number of the state; 0 for one that is not sealed. */
  readonly count: number;
}

/** An agent as it is looked up: its principal is the same object for as long as its record says the same. */
interface Entry extends KnownAgent {
  readonly hash: Buffer;
}

/**
 * Opens the agents of a data folder: `agents.json`, shared by every process that uses the folder. A file that cannot
 * be read lets no agent in until it is repaired or removed; the owner's token does not depend on it. The file is sealed:
 * one that something else wrote, or an older copy of it, is one that cannot be read (decision 0011), so that who was
 * revoked stays revoked.
 * @param options.onProblem hears of a file that could not be used, once per content
 * @param options.memory remembers elsewhere how far the file had come
 * @param options.now milliseconds since epoch; for tests
 * @throws VestibuleError `data-folder-unreadable`
 */
export async function openAgentStore(dataDir: string, options: { readonly onProblem: (problem: VestibuleError) => void; readonly now?: () => number; readonly memory?: SealMemory }): Promise<AgentStore> {
  await prepareFolder(dataDir);
  const seal = new Seal(join(dataDir, 'agents.key'), 'agents', options.memory);
  await seal.recall();
  const store = new FileAgentStore(join(dataDir, 'agents.json'), seal, options.onProblem, options.now ?? Date.now);
  store.look();
  await store.beginSealing();
  return store;
}

class FileAgentStore implements AgentStore {
  readonly #path: string;
  readonly #seal: Seal;
  readonly #report: (problem: VestibuleError) => void;
  readonly #now: () => number;
  readonly #changed = new Emitter<void>();
  readonly #ended = new Emitter<string>();
  readonly #watch: FileWatch;
  /** Revoked here although that is not written yet, or could not be. */
  readonly #revoked = new Set<AgentRecord>();
  #loaded: Loaded = { text: undefined, agents: [], problem: undefined, count: 0 };
  #byHash: ReadonlyMap<string, Entry> = new Map();
  #signature: string | undefined;
  #expiry: NodeJS.Timeout | undefined;
  /** Writes, one after another. */
  #line: Promise<unknown> = Promise.resolve();

  constructor(path: string, seal: Seal, report: (problem: VestibuleError) => void, now: () => number) {
    this.#path = path;
    this.#seal = seal;
    this.#report = report;
    this.#now = now;
    this.#watch = watchFile(path, () => this.look());
  }

  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  get onDidEnd(): Event<string> {
    return this.#ended.event;
  }

  get all(): readonly AgentRecord[] {
    return this.#loaded.agents.filter((agent) => !this.#revoked.has(agent));
  }

  get problem(): VestibuleError | undefined {
    return this.#loaded.problem;
  }

  find(tokenHash: Buffer): KnownAgent | undefined {
    // Watching would be late for the requests of its first moments: a person who revoked was told that it holds.
    this.look();
    // What the time of this look-up tells is about a hash that nobody can choose.
    const entry = this.#byHash.get(tokenHash.toString('hex'));
    if (entry === undefined || !timingSafeEqual(entry.hash, tokenHash) || this.#isOver(entry.record)) return undefined;
    return entry;
  }

  async add(agent: NewAgent): Promise<IssuedAgent> {
    const grant = grantOf(agent);
    refuseUnless(nameProblem(agent.name), 'The name', agent.name);
    if (agent.profile !== undefined) refuseUnless(profileProblem(agent.profile), 'The profile', agent.profile);
    const token = newToken();
    const createdAt = this.#now();
    const { name, profile, perMinute, budget, expiresInMs } = agent;
    if (perMinute !== undefined && !isRate(perMinute)) throw unusable(`An agent cannot make ${perMinute} calls a minute.`, `Give a whole number from 1 to ${MAX_PER_MINUTE}.`);
    if (budget !== undefined && !isBudget(budget)) throw unusable('A budget needs a number of calls or tokens.', 'Give whole numbers from 1 on.');
    const record: AgentRecord = { name, tokenHash: hashOfToken(token).toString('hex'), grant, profile, perMinute, ...(budget !== undefined && { budget }), createdAt, expiresAt: expiresInMs === undefined ? undefined : createdAt + expiresInMs };
    await this.#update((agents) => {
      const taken = agents.find((other) => other.name.toLowerCase() === name.toLowerCase());
      if (taken !== undefined) throw unusable(`There is an agent "${taken.name}" already.`, 'Revoke it first, or choose another name.');
      if (agents.length >= MAX_AGENTS) throw unusable(`There are ${MAX_AGENTS} agents already.`, 'Revoke agents that are not used any more.');
      return [...agents, record];
    });
    return { agent: record, token };
  }

  async revoke(name: string): Promise<void> {
    this.look();
    const record = this.#loaded.agents.find((agent) => agent.name === name);
    if (record !== undefined) {
      // Before anything that can wait or fail: the very next request must be refused.
      this.#revoked.add(record);
      this.#settle();
    }
    await this.#update((agents) => {
      if (!agents.some((agent) => agent.name === name)) throw new VestibuleError('not-found', `There is no agent "${name}".`, { action: 'vestibule agent list shows the names.' });
      return agents.filter((agent) => agent.name !== name);
    });
  }

  /** Reads the file when it is not the one read last. */
  look(): void {
    const signature = fileSignature(this.#path);
    if (signature === this.#signature) return;
    this.#signature = signature;
    this.#take(this.#read());
  }

  dispose(): void {
    clearTimeout(this.#expiry);
    this.#watch.dispose();
    this.#changed.dispose();
    this.#ended.dispose();
  }

  /** Seals what an earlier version wrote, or makes the key: from then on nothing that is not sealed counts. */
  async beginSealing(): Promise<void> {
    const { problem, text, count } = this.#loaded;
    if (problem !== undefined || (count > 0 && text !== undefined)) return;
    if (text !== undefined) return this.#update((agents) => agents);
    if (this.#seal.markNow().kind === 'none') await withFileLock(this.#path, () => this.#seal.begin());
  }

  #update(change: (agents: readonly AgentRecord[]) => readonly AgentRecord[]): Promise<void> {
    const run = this.#line.then(() =>
      withFileLock(this.#path, async () => {
        const now = this.#read();
        // What nobody could read is somebody's agents: only a person can say that they are gone.
        if (now.problem !== undefined) throw now.problem;
        const agents = change(now.agents);
        const state = encodeAgents(agents);
        const { mark, envelope } = await this.#seal.next(AGENTS_VERSION, state);
        const text = writeState(AGENTS_VERSION, state, envelope);
        await writeFileAtomic(this.#path, text);
        // After the file: a crash in between leaves a file that is ahead of its key, never one that looks older than it is.
        await this.#seal.written(mark);
        this.#watch.lookAnew();
        this.#signature = undefined;
        this.#take({ text, agents, problem: undefined, count: mark.count });
      }),
    );
    this.#line = run.catch(() => undefined);
    return run;
  }

  #read(): Loaded {
    let text: string | undefined;
    try {
      // The key first: a file that is written in between only has a higher number.
      const mark = this.#seal.markNow();
      text = readTextIfExistsNow(this.#path, MAX_FILE_BYTES);
      if (text === undefined) return { text, agents: [], problem: undefined, count: 0 };
      const file = { file: this.#path, decode: decodeAgents };
      if (mark.kind === 'none' && isVersion(text, UNSEALED_AGENTS_VERSION)) return { text, agents: parseState(text, { ...file, version: UNSEALED_AGENTS_VERSION }), problem: undefined, count: 0 };
      if (mark.kind === 'kept' && text === this.#loaded.text && this.#loaded.problem === undefined && this.#loaded.count >= mark.count) return this.#loaded;
      let count = 0;
      const verify = (members: Readonly<Record<string, unknown>>): void => {
        count = this.#seal.verify(mark, AGENTS_VERSION, members);
      };
      const agents = parseState(text, { ...file, version: AGENTS_VERSION, verify });
      if (mark.kind === 'kept') void this.#seal.reached(mark.id, count);
      return { text, agents, problem: undefined, count };
    } catch (error) {
      if (!VestibuleError.is(error)) throw error;
      const problem = new VestibuleError(error.reason, `No agent with a token of its own is let in, for who they are cannot be read: ${error.message}`, {
        action: `Repair ${this.#path}; or remove it, and give every agent a new token.`,
        at: error.at,
        cause: error,
      });
      return { text, agents: [], problem, count: 0 };
    }
  }

  #take(next: Loaded): void {
    const { problem } = this.#loaded;
    this.#loaded = next;
    for (const agent of this.#revoked) if (!next.agents.some((other) => isSame(agent, other))) this.#revoked.delete(agent);
    if (next.problem !== undefined && next.problem.message !== problem?.message) this.#report(next.problem);
    this.#settle();
  }

  /** Works out who is let in now; ends who is not any more. */
  #settle(): void {
    clearTimeout(this.#expiry);
    const before = this.#byHash;
    const now = new Map<string, Entry>();
    const revoked = [...this.#revoked];
    for (const record of this.#loaded.agents) {
      if (this.#isOver(record) || revoked.some((agent) => isSame(agent, record))) continue;
      const known = before.get(record.tokenHash);
      now.set(record.tokenHash, known !== undefined && isSame(known.record, record) ? known : entryOf(record));
    }
    this.#byHash = now;
    this.#expireLater();
    for (const [hash, { record }] of before) if (now.get(hash)?.record.name !== record.name) this.#ended.fire(record.name);
    this.#changed.fire();
  }

  #expireLater(): void {
    const next = Math.min(...[...this.#byHash.values()].map(({ record }) => record.expiresAt ?? Infinity));
    if (next === Infinity) return;
    this.#expiry = setTimeout(() => this.#settle(), Math.min(Math.max(next - this.#now(), 0) + 1, MAX_TIMER_MS));
    this.#expiry.unref();
  }

  #isOver({ expiresAt }: AgentRecord): boolean {
    return expiresAt !== undefined && this.#now() >= expiresAt;
  }
}

function entryOf(record: AgentRecord): Entry {
  const { name, grant, perMinute, budget, tokenHash } = record;
  return { record, hash: Buffer.from(tokenHash, 'hex'), principal: { id: name, kind: 'agent', label: name, grant, ...(perMinute !== undefined && { perMinute }), ...(budget !== undefined && { budget }) } };
}

function isSame(a: AgentRecord, b: AgentRecord): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function grantOf({ grant = {} }: NewAgent): Grant {
  for (const [what, globs] of [['servers', grant.servers], ['tools', grant.tools]] as const) {
    if (globs === undefined || globs === 'all') continue;
    if (globs.length === 0 || globs.length > MAX_GLOBS) throw unusable(`The agent cannot have ${globs.length} globs over ${what}.`, `Give 1 to ${MAX_GLOBS}, or none at all for every one.`);
    for (const glob of globs) refuseUnless(globProblem(glob), `The glob over ${what}`, glob);
  }
  return { ...FULL_GRANT, ...grant };
}

function refuseUnless(problem: string | undefined, what: string, text: string): void {
  if (problem !== undefined) throw unusable(`${what} ${JSON.stringify(text)} will not do: ${problem}.`, 'Choose another.');
}

function unusable(message: string, action: string): VestibuleError {
  return new VestibuleError('usage', message, { action });
}
