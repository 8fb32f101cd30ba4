import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sha256 } from '../../src/proxy/json/canonical.ts';
import type { ApprovalStatus, Digest } from '../../src/proxy/model.ts';
import {
  isRefused,
  lastApproval,
  launchApproved,
  MAX_APPROVED,
  MAX_BLOCKED,
  NO_APPROVALS,
  refusedSince,
  statusOf,
  withApproved,
  withBlocked,
  withForgotten,
  withLaunch,
  withoutLaunches,
  type Approvals,
} from '../../src/proxy/quarantine/approvals.ts';
import { APPROVALS_VERSION, decodeApprovals, encodeApprovals } from '../../src/proxy/quarantine/approvals-format.ts';
import { withheld } from '../../src/proxy/quarantine/gate.ts';
import type { DefinitionRef } from '../../src/proxy/quarantine/types.ts';
import { parseState, writeState } from '../../src/proxy/storage/parse-state.ts';

const decided = { at: 1, by: 'person' };
const ref = (digest: Digest, name = 'tool', server = 'server'): DefinitionRef => ({ server, kind: 'tool', name, digest });
const reload = (approvals: Approvals): Approvals =>
  parseState(writeState(APPROVALS_VERSION, encodeApprovals(approvals)), { file: 'f', version: APPROVALS_VERSION, decode: decodeApprovals });

// Names that could meet each other or an object's own furniture.
const NAMES = ['tool', '__proto__', ''] as const;
const DIGESTS = Array.from({ length: MAX_APPROVED + 2 }, (_, i) => sha256(String(i)));

type Command =
  | { readonly do: 'list'; readonly name: string; readonly digest: Digest | undefined }
  | { readonly do: 'look'; readonly window: 0 | 1 }
  | { readonly do: 'restart'; readonly window: 0 | 1 }
  | { readonly do: 'approve' | 'block' | 'forget'; readonly window: 0 | 1; readonly name: string; readonly digest: Digest };

const name = fc.constantFrom(...NAMES);
const digest = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...DIGESTS.slice(0, 2)) }, { weight: 1, arbitrary: fc.constantFrom(...DIGESTS) });
const window = fc.constantFrom<0 | 1>(0, 1);
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ do: fc.constant('list' as const), name, digest: fc.option(digest, { nil: undefined }) }),
  fc.record({ do: fc.constant('look' as const), window }),
  fc.record({ do: fc.constant('restart' as const), window }),
  fc.record({ do: fc.constantFrom('approve' as const, 'approve' as const, 'block' as const, 'forget' as const), window, name, digest }),
);

/** What the approvals must mean, told in the simplest way: the last act on a digest counts, eight approvals are kept. */
class Model {
  readonly approved = new Map<string, Digest[]>();
  readonly blocked = new Map<string, Digest[]>();

  act(act: 'approve' | 'block' | 'forget', key: string, on: Digest): void {
    const approved = this.of(this.approved, key);
    const blocked = this.of(this.blocked, key);
    const wasBlocked = blocked.includes(on);
    if (act !== 'block' || !wasBlocked) remove(approved, on);
    if (act !== 'block') remove(blocked, on);
    if (act === 'approve') approved.push(on);
    if (act === 'block' && !wasBlocked) blocked.push(on);
    if (approved.length > MAX_APPROVED) approved.shift();
  }

  status(key: string, on: Digest): ApprovalStatus {
    if (this.of(this.blocked, key).includes(on)) return 'blocked';
    const approved = this.of(this.approved, key);
    return approved.includes(on) ? 'approved' : approved.length > 0 ? 'changed' : 'pending';
  }

  of(lists: Map<string, Digest[]>, key: string): Digest[] {
    const list = lists.get(key) ?? [];
    lists.set(key, list);
    return list;
  }
}

function remove(list: Digest[], item: Digest): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}

function approvedPairs(approvals: Approvals): Set<string> {
  const pairs = NAMES.flatMap((n) => DIGESTS.map((d) => [n, d] as const));
  return new Set(pairs.filter(([n, d]) => statusOf(approvals, ref(d, n)) === 'approved').map(([n, d]) => `${n} ${d}`));
}

/** Two windows over one file; what a window knows may be older than the file. Decisions go as in the store. */
function run(commands: readonly Command[]): void {
  let file = NO_APPROVALS;
  const known: [Approvals, Approvals] = [NO_APPROVALS, NO_APPROVALS];
  const listed = new Map<string, Digest | undefined>();
  const model = new Model();
  for (const step of commands) {
    const before = approvedPairs(file);
    let allowed: string | undefined;
    if (step.do === 'list') listed.set(step.name, step.digest);
    else if (step.do === 'look') known[step.window] = file;
    else if (step.do === 'restart') known[step.window] = file = reload(file);
    else {
      const { window: w, name: n, digest: d } = step;
      const stale = step.do === 'approve' && refusedSince(known[w], file, ref(d, n));
      if (stale) {
        // Only a refusal the window had not seen yet can be the reason.
        assert.notDeepEqual([statusOf(known[w], ref(d, n)), isRefused(known[w], ref(d, n))], [statusOf(file, ref(d, n)), isRefused(file, ref(d, n))]);
        known[w] = file;
      } else {
        if (step.do === 'approve') file = withApproved(file, [ref(d, n)], decided);
        else if (step.do === 'block') file = withBlocked(file, [ref(d, n)], decided);
        else file = withForgotten(file, [ref(d, n)], decided);
        known[w] = file;
        model.act(step.do, n, d);
        if (step.do === 'approve') allowed = `${n} ${d}`;
      }
    }
    for (const pair of approvedPairs(file)) assert.ok(before.has(pair) || pair === allowed, `${pair} became approved by ${step.do}`);
    for (const n of NAMES) {
      for (const d of DIGESTS) assert.equal(statusOf(file, ref(d, n)), model.status(n, d));
      const current = listed.get(n);
      if (current === undefined) continue;
      const gate = withheld(
        { server: 'server', name: n, digest: current },
        { config: { enabled: true, tools: { allow: undefined, deny: [], alias: {}, overrides: {} } }, approvals: { status: (r) => statusOf(file, r) }, launchApproved: true },
      );
      assert.equal(gate === undefined, model.of(model.approved, n).includes(current));
    }
  }
}

// Invariants I1 and I2 (docs/security-tests.md).
describe('approvals', () => {
  it('make callable exactly the digests a person approved, in any sequence of events', () => {
    fc.assert(fc.property(fc.array(command, { maxLength: 25 }), run), { numRuns: 10_000 });
  });

  it('hold a change on every later pass, and take a return to an approved digest as approved', () => {
    const [a, b] = [DIGESTS[0], DIGESTS[1]] as [Digest, Digest];
    const approvals = withApproved(NO_APPROVALS, [ref(a)], decided);
    for (let pass = 0; pass < 5; pass++) {
      assert.equal(statusOf(reload(approvals), ref(b)), 'changed');
      assert.equal(statusOf(reload(approvals), ref(a)), 'approved');
    }
    assert.equal(lastApproval(approvals, 'server', 'tool', 'tool')?.digest, a);
  });

  it('let the latest refusal win over an approval decided before it was seen', () => {
    const a = DIGESTS[0] as Digest;
    const approved = withApproved(NO_APPROVALS, [ref(a)], decided);
    assert.ok(refusedSince(NO_APPROVALS, withBlocked(NO_APPROVALS, [ref(a)], decided), ref(a)));
    assert.ok(refusedSince(approved, withForgotten(approved, [ref(a)], decided), ref(a)));
    assert.ok(!refusedSince(NO_APPROVALS, approved, ref(a)));
    const blocked = withBlocked(NO_APPROVALS, [ref(a)], decided);
    assert.ok(!refusedSince(blocked, blocked, ref(a)), 'a person may approve what they see is blocked');
  });

  it('keep definitions, kinds and servers apart', () => {
    const a = DIGESTS[0] as Digest;
    const approvals = withApproved(NO_APPROVALS, [ref(a)], decided);
    for (const other of [ref(a, 'Tool'), ref(a, 'tool', 'server2'), { ...ref(a, ''), kind: 'instructions' } as const]) {
      assert.equal(statusOf(approvals, other), 'pending');
    }
  });

  it('are bounded per definition', () => {
    let approvals = NO_APPROVALS;
    for (let i = 0; i < 100; i++) approvals = withBlocked(withApproved(approvals, [ref(sha256(`a${i}`))], decided), [ref(sha256(`b${i}`))], decided);
    const decisions = approvals.get('server')?.definitions.get('tool:tool');
    assert.deepStrictEqual([decisions?.approved.length, decisions?.blocked.length], [MAX_APPROVED, MAX_BLOCKED]);
    assert.equal(statusOf(approvals, ref(sha256('a99'))), 'approved');
    assert.equal(statusOf(approvals, ref(sha256('a0'))), 'changed');
  });

  it('decide ten thousand definitions of one server in one pass', () => {
    const refs = Array.from({ length: 10_000 }, (_, i) => ref(sha256(String(i)), `tool${i}`));
    const started = performance.now();
    const approvals = withApproved(NO_APPROVALS, refs, decided);
    assert.equal(withApproved(approvals, refs, decided), approvals, 'a repeated approval changes nothing');
    assert.ok(refs.every((one) => statusOf(approvals, one) === 'approved'));
    assert.ok(performance.now() - started < 1_000);
  });
});

describe('launch approvals', () => {
  it('hold for exact fingerprints until revoked', () => {
    const [a, b] = [DIGESTS[0], DIGESTS[1]] as [Digest, Digest];
    const approvals = withLaunch(NO_APPROVALS, 'server', { digest: a, ...decided });
    assert.deepStrictEqual([launchApproved(approvals, 'server', a), launchApproved(approvals, 'server', b), launchApproved(approvals, 'other', a)], [true, false, false]);
    assert.ok(!launchApproved(withoutLaunches(reload(approvals), 'server', decided), 'server', a));
  });
});

describe('the approvals file', () => {
  const [a, b] = [DIGESTS[0], DIGESTS[1]] as [Digest, Digest];
  const full = withLaunch(
    withBlocked(withApproved(NO_APPROVALS, [ref(a), ref(a, '__proto__', '__proto__'), { ...ref(b, ''), kind: 'instructions' }], decided), [ref(b)], decided),
    'constructor',
    { digest: a, ...decided },
  );
  const text = writeState(APPROVALS_VERSION, encodeApprovals(full));
  const read = (candidate: string): Approvals => parseState(candidate, { file: 'f', version: APPROVALS_VERSION, decode: decodeApprovals });

  it('reads back everything, whatever things are called', () => {
    assert.deepStrictEqual(read(text), full);
  });

  it('approves nothing when it is cut off at any byte', () => {
    for (let length = 0; length < text.trimEnd().length; length++) assert.throws(() => read(text.slice(0, length)), { reason: 'corrupt-file' });
  });

  it('approves nothing when any entry is not one we wrote', () => {
    const forged: unknown[] = [
      undefined,
      [],
      { servers: [] },
      { servers: { s: {} } },
      { servers: { s: { launches: [], definitions: { 'tool:t': { approved: true, blocked: [] } } } } },
      { servers: { s: { launches: [], definitions: { 'tool:t': { approved: [{ digest: '*', at: 1, by: '' }], blocked: [] } } } } },
      { servers: { s: { launches: [{ digest: `${a} `, at: 1, by: '' }], definitions: {} } } },
      { servers: { s: { launches: [{ digest: a, at: '1', by: '' }], definitions: {} } } },
      { servers: { s: { launches: Array.from({ length: 100 }, () => ({ digest: a, at: 1, by: '' })), definitions: {} } } },
    ];
    for (const state of forged) assert.throws(() => read(writeState(APPROVALS_VERSION, state)), { reason: 'corrupt-file' });
  });
});
