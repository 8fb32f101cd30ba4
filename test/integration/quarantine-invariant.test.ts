import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { sha256 } from '../../src/proxy/json/canonical.ts';
import type { Digest } from '../../src/proxy/model.ts';
import { openApprovalStore } from '../../src/proxy/quarantine/approval-store.ts';
import { withheld } from '../../src/proxy/quarantine/gate.ts';
import { LockFile, lockFileIn, type LockContent } from '../../src/proxy/quarantine/lockfile/lock-file.ts';
import { writeLock, type Lock } from '../../src/proxy/quarantine/lockfile/lock-format.ts';
import { LockedApprovals } from '../../src/proxy/quarantine/lockfile/locked-approvals.ts';
import type { DefinitionRef } from '../../src/proxy/quarantine/types.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

/*
 * The one promise everything else stands on (I1): a tool is callable exactly while a person approved the digest it has
 * now, themselves or by accepting this very content of the lock file, and did not decide otherwise since. A model
 * tells what that means in the simplest way; the store, its files and the lock file run beside it.
 */

const SEQUENCES = 120;

const TOOLS = ['read', '__proto__'] as const;
const DEFINITIONS = ['{"v":1}', '{"v":2}', '{"v":3}'] as const;
const LAUNCHES = [sha256('launch'), sha256('another launch')] as const;
/** Lock files a repository might hold; the last three approve nothing whatever was accepted. */
const LOCKS: readonly (Lock | string | undefined)[] = [
  lockOf({ read: 0 }),
  lockOf({ read: 1, ['__proto__']: 0 }),
  lockOf({ read: 0, ['__proto__']: 2 }),
  `<<<<<<< HEAD\n${writeLock(lockOf({ read: 0 }))}`,
  '{"lockfileVersion":1',
  undefined,
];

type Tool = (typeof TOOLS)[number];
type Step =
  | { readonly do: 'list'; readonly tool: Tool; readonly definition: 0 | 1 | 2 }
  | { readonly do: 'launch'; readonly launch: 0 | 1 }
  | { readonly do: 'lock'; readonly lock: number }
  | { readonly do: 'deny'; readonly tool: Tool }
  | { readonly do: 'switch' }
  | { readonly do: 'approve' | 'block' | 'forget'; readonly tool: Tool; readonly definition: 0 | 1 | 2 }
  | { readonly do: 'accept' | 'accept unseen launch' | 'decline' | 'approve launch' | 'revoke launch' | 'undo' | 'reopen' | 'crash' | 'pass' };

const tool = fc.constantFrom(...TOOLS);
const definition = fc.constantFrom<0 | 1 | 2>(0, 1, 2);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('list' as const), tool, definition }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('launch' as const), launch: fc.constantFrom<0 | 1>(0, 1) }) },
  { weight: 1, arbitrary: fc.oneof(fc.record({ do: fc.constant('deny' as const), tool }), fc.record({ do: fc.constant('switch' as const) })) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('lock' as const), lock: fc.nat(LOCKS.length - 1) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('approve' as const, 'block' as const, 'forget' as const), tool, definition }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('accept' as const, 'accept' as const, 'accept unseen launch' as const, 'decline' as const, 'approve launch' as const, 'revoke launch' as const, 'undo' as const, 'reopen' as const, 'crash' as const, 'pass' as const) }) },
);

function lockOf(tools: Readonly<Record<string, number>>): Lock {
  const digests = new Map(Object.entries(tools).map(([name, n]) => [name, sha256(DEFINITIONS[n] ?? '')]));
  return new Map([['srv', { fingerprint: LAUNCHES[0], instructions: undefined, tools: digests }]]);
}

/** What a person decided, as a history of whole states: undoing is going back. */
interface Decided {
  readonly approved: ReadonlySet<string>;
  readonly blocked: ReadonlySet<string>;
  readonly refused: ReadonlySet<string>;
  /** By content of the lock file: whether it was accepted, and its launch shown. */
  readonly locks: ReadonlyMap<string, { readonly accepted: boolean; readonly launch: boolean }>;
  readonly launches: ReadonlySet<Digest>;
  readonly refusedLaunches: ReadonlySet<Digest>;
}

class Model {
  now: Decided = { approved: new Set(), blocked: new Set(), refused: new Set(), locks: new Map(), launches: new Set(), refusedLaunches: new Set() };
  readonly past: Decided[] = [];
  current = new Map<Tool, number>();
  launch: Digest = LAUNCHES[0];
  lock: Lock | undefined;
  /** What the servers file says; a person edits it, and may edit it back. */
  enabled = true;
  denied: ReadonlySet<Tool> = new Set();

  decide(next: Partial<Decided>): void {
    this.past.push(this.now);
    this.now = { ...this.now, ...next };
  }

  launchApproved(): boolean {
    if (this.now.launches.has(this.launch)) return true;
    const decision = this.#counted();
    return decision?.launch === true && this.lock?.get('srv')?.fingerprint === this.launch && !this.now.refusedLaunches.has(this.launch);
  }

  callable(name: Tool): boolean {
    const n = this.current.get(name);
    if (n === undefined || !this.enabled || this.denied.has(name) || !this.launchApproved()) return false;
    const key = `${name} ${n}`;
    if (this.now.blocked.has(key)) return false;
    if (this.now.approved.has(key)) return true;
    return this.#counted() !== undefined && !this.now.refused.has(key) && this.lock?.get('srv')?.tools.get(name) === sha256(DEFINITIONS[n] ?? '');
  }

  content(): string | undefined {
    return this.lock && writeLock(this.lock);
  }

  #counted(): { readonly accepted: boolean; readonly launch: boolean } | undefined {
    const decision = this.now.locks.get(this.content() ?? '');
    return decision?.accepted === true ? decision : undefined;
  }
}

function plus<T>(set: ReadonlySet<T>, ...items: readonly T[]): Set<T> {
  return new Set([...set, ...items]);
}

function minus<T>(set: ReadonlySet<T>, item: T): Set<T> {
  return new Set([...set].filter((one) => one !== item));
}

const folder = tempFolder();
let runs = 0;

async function open(dir: string): Promise<LockedApprovals> {
  return new LockedApprovals({
    store: await openApprovalStore(dir, { onProblem: (problem) => assert.fail(problem.message) }),
    lock: await LockFile.open(lockFileIn(dir)),
    mode: 'ask',
    dataDir: dir,
    isOfWorkspace: (server) => server === 'srv',
  });
}

async function run(steps: readonly Step[]): Promise<void> {
  const dir = join(folder, String(runs++));
  const lockPath = lockFileIn(dir);
  mkdirSync(dirname(lockPath), { recursive: true });
  const model = new Model();
  let approvals = await open(dir);
  try {
    for (const one of steps) {
      if (one.do === 'reopen') {
        approvals.dispose();
        approvals = await open(dir);
      } else if (one.do === 'crash') {
        // What a process that died in the middle of writing leaves behind: its unfinished file beside the whole one.
        writeFileSync(join(dir, '.approvals.json.0123456789ab.tmp'), '{"version":1,"state":{"servers":{"srv":{"launches":[');
        approvals.dispose();
        approvals = await open(dir);
      } else await act(one, model, approvals, lockPath);
      for (const name of TOOLS) assert.equal(isCallable(name, model, approvals), model.callable(name), `${name} after ${JSON.stringify(one)}`);
    }
  } finally {
    approvals.dispose();
    rmSync(dir, { recursive: true, force: true });
  }
}

function isCallable(name: Tool, model: Model, approvals: LockedApprovals): boolean {
  const n = model.current.get(name);
  if (n === undefined) return false;
  return withheld(
    { server: 'srv', name, digest: sha256(DEFINITIONS[n] ?? '') },
    { config: { enabled: model.enabled, tools: { allow: undefined, deny: [...model.denied], alias: {}, overrides: {} } }, approvals, launchApproved: approvals.launchApproved('srv', model.launch) },
  ) === undefined;
}

async function act(one: Exclude<Step, { do: 'reopen' }>, model: Model, approvals: LockedApprovals, lockPath: string): Promise<void> {
  const { now } = model;
  switch (one.do) {
    case 'list':
      model.current.set(one.tool, one.definition);
      return;
    case 'launch':
      model.launch = LAUNCHES[one.launch];
      return;
    case 'switch':
      model.enabled = !model.enabled;
      return;
    case 'deny':
      model.denied = model.denied.has(one.tool) ? minus(model.denied, one.tool) : plus(model.denied, one.tool);
      return;
    case 'lock': {
      const next = LOCKS[one.lock];
      model.lock = typeof next === 'object' ? next : undefined;
      if (next === undefined) rmSync(lockPath, { force: true });
      else writeFileSync(lockPath, typeof next === 'string' ? next : writeLock(next));
      return approvals.lookAnew();
    }
    case 'approve':
    case 'block':
    case 'forget': {
      const raw = DEFINITIONS[one.definition];
      const ref: DefinitionRef = { server: 'srv', kind: 'tool', name: one.tool, digest: sha256(raw) };
      const key = `${one.tool} ${one.definition}`;
      const before = approvals.lastDecision()?.id;
      if (one.do === 'approve') await approvals.approve([{ ...ref, raw }], 'person');
      else await approvals[one.do]([ref], 'person');
      // A decision that changes nothing is none, and cannot be undone.
      if (approvals.lastDecision()?.id === before) return;
      if (one.do === 'approve') model.decide({ approved: plus(now.approved, key), blocked: minus(now.blocked, key) });
      else if (one.do === 'block') model.decide({ approved: minus(now.approved, key), blocked: plus(now.blocked, key), refused: plus(now.refused, key) });
      else model.decide({ approved: minus(now.approved, key), blocked: minus(now.blocked, key), refused: plus(now.refused, key) });
      return;
    }
    case 'accept':
    case 'accept unseen launch':
    case 'decline': {
      const content: LockContent = approvals.content;
      if (content.kind !== 'read') {
        await assert.rejects(approvals.decideLock(sha256('whatever'), 'accepted', [...LAUNCHES], 'person'), (error) => VestibuleError.is(error, 'stale-decision'));
        return;
      }
      const accepted = one.do !== 'decline';
      const launch = one.do === 'accept';
      await approvals.decideLock(content.digest, accepted ? 'accepted' : 'declined', launch ? [LAUNCHES[0]] : [], 'person');
      model.decide({ locks: new Map([...now.locks, [model.content() ?? '', { accepted, launch }]]) });
      return;
    }
    case 'approve launch': {
      const before = approvals.lastDecision()?.id;
      await approvals.approveLaunch('srv', model.launch, 'person');
      if (approvals.lastDecision()?.id !== before) model.decide({ launches: plus(now.launches, model.launch) });
      return;
    }
    case 'revoke launch': {
      const before = approvals.lastDecision()?.id;
      await approvals.revokeLaunch('srv', 'person');
      if (approvals.lastDecision()?.id === before) return;
      const locked = model.lock?.get('srv')?.fingerprint;
      model.decide({ launches: new Set(), refusedLaunches: plus(now.refusedLaunches, ...now.launches, ...(locked === undefined ? [] : [locked])) });
      return;
    }
    case 'undo': {
      if (approvals.lastDecision() === undefined) return;
      await approvals.undo(undefined);
      model.now = model.past.pop() ?? model.now;
      return;
    }
    default:
      return approvals.lookAnew();
  }
}

describe('quarantine', { timeout: 180_000 }, () => {
  it('makes callable exactly what was approved as it is now, over definitions, passes, crashes, edits of the configuration and the lock file, and decisions', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), run), { numRuns: SEQUENCES });
  });
});
