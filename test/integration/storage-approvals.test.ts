import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { VestibuleError } from '../../src/proxy/errors.ts';
import type { Disposable } from '../../src/proxy/events.ts';
import { digestOf, sha256 } from '../../src/proxy/json/canonical.ts';
import type { Digest, RawJson } from '../../src/proxy/model.ts';
import { openApprovalStore } from '../../src/proxy/quarantine/approval-store.ts';
import type { ApprovalStore, DefinitionRef } from '../../src/proxy/quarantine/types.ts';
import { ScriptChild } from '../fixtures/script-child.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

type Store = ApprovalStore & Disposable;

const SEQUENCES = 150;

async function open(dataDir: string, problems: VestibuleError[] = []): Promise<Store> {
  return openApprovalStore(dataDir, { onProblem: (problem) => problems.push(problem) });
}

function definition(raw: RawJson, name = 'tool', server = 's'): DefinitionRef & { readonly raw: RawJson } {
  return { server, kind: 'tool', name, digest: digestOf(raw), raw };
}

function nextChange(store: Store): Promise<void> {
  return new Promise((resolve) => {
    const subscription = store.onDidChange(() => {
      subscription.dispose();
      resolve();
    });
  });
}

const A = definition('{"name":"tool","description":"a"}');
const B = definition('{"name":"tool","description":"b"}');
const C = definition('{"name":"tool","description":"c"}');

describe('the approval store', () => {
  const folder = tempFolder();
  let folders = 0;
  const fresh = (): string => join(folder, String(folders++));

  it('keeps decisions over a restart, with the approved text for diffs', async () => {
    const dir = fresh();
    const store = await open(dir);
    const launch = sha256('launch');
    await store.approveLaunch('s', launch, 'person');
    await store.approve([A], 'person');
    await store.block([C], 'person');
    store.dispose();
    const again = await open(dir);
    assert.ok(again.launchApproved('s', launch));
    assert.deepStrictEqual([A, B, C].map((ref) => again.status(ref)), ['approved', 'changed', 'blocked']);
    const last = again.lastApproved('s', 'tool', 'tool');
    assert.deepStrictEqual([last?.digest, last?.raw, last?.decision, last?.by], [A.digest, A.raw, 'approved', 'person']);
    await again.revokeLaunch('s', 'person');
    assert.ok(!again.launchApproved('s', launch));
    await again.forget([A, C], 'person');
    assert.deepStrictEqual([A, B, C].map((ref) => again.status(ref)), ['pending', 'pending', 'pending']);
    assert.equal(again.lastApproved('s', 'tool', 'tool'), undefined);
    again.dispose();
  });

  it('can undo the approval of a change and still show what changed', async () => {
    const store = await open(fresh());
    await store.approve([A], 'person');
    await store.approve([B], 'person');
    assert.equal(store.lastApproved('s', 'tool', 'tool')?.raw, B.raw);
    await store.forget([B], 'person');
    assert.equal(store.status(B), 'changed');
    assert.equal(store.lastApproved('s', 'tool', 'tool')?.raw, A.raw);
    store.dispose();
  });

  it('believes an approved text only at its own digest, and keeps none that is too large', async () => {
    const dir = fresh();
    const store = await open(dir);
    const huge = definition(JSON.stringify({ name: 'huge', description: 'x'.repeat(300 * 1024) }), 'huge');
    await store.approve([A, huge], 'person');
    assert.equal(store.status(huge), 'approved');
    assert.equal(store.lastApproved('s', 'tool', 'huge')?.raw, undefined);
    store.dispose();
    const texts = join(dir, 'approved-texts');
    for (const name of readdirSync(texts)) {
      const path = join(texts, name);
      writeFileSync(path, readFileSync(path, 'utf8').replace('\\"a\\"', '\\"forged\\"'));
    }
    const again = await open(dir);
    assert.equal(again.status(A), 'approved');
    assert.equal(again.lastApproved('s', 'tool', 'tool')?.raw, undefined);
    again.dispose();
  });

  it('approves nothing from a forged or corrupt first file, and says so once', async () => {
    for (const text of ['', '{}', 'null', '{"version":1,"state":{"servers":{"s":{"launches":"*","definitions":{"tool:tool":"approved"}}}}}', '\u0000'.repeat(100)]) {
      const dir = fresh();
      (await open(dir)).dispose();
      writeFileSync(join(dir, 'approvals.json'), text);
      const problems: VestibuleError[] = [];
      const store = await open(dir, problems);
      assert.deepStrictEqual([A, B].map((ref) => store.status(ref)), ['pending', 'pending']);
      assert.deepStrictEqual(problems.map((problem) => problem.reason), ['corrupt-file']);
      assert.ok(problems[0]?.at?.line !== undefined && problems[0].action !== '');
      await store.approve([A], 'person');
      assert.equal(store.status(A), 'approved');
      store.dispose();
    }
  });

  it('goes on with the last good state when the file becomes corrupt', { timeout: 20_000 }, async () => {
    const dir = fresh();
    const problems: VestibuleError[] = [];
    const store = await open(dir, problems);
    await store.approve([A], 'person');
    writeFileSync(join(dir, 'approvals.json'), '{"version":1,"state":{"servers":{"s":{"launches":[],"definitions":{"tool:tool":');
    await store.block([C], 'person');
    assert.deepStrictEqual([A, B, C].map((ref) => store.status(ref)), ['approved', 'changed', 'blocked']);
    assert.equal(problems.length, 1);
    store.dispose();
    const again = await open(dir);
    assert.equal(again.status(A), 'approved');
    again.dispose();
  });

  it('hears of another process within a second', { timeout: 30_000 }, async () => {
    const dir = fresh();
    const store = await open(dir);
    const shared = definition('"x"', 'shared');
    await store.approve([shared], 'person');
    const changed = nextChange(store);
    const child = new ScriptChild('approvals-process.ts', ['block', dir]);
    assert.equal(await child.line(), 'blocked');
    const written = performance.now();
    await changed;
    assert.ok(performance.now() - written < 1_500);
    assert.equal(store.status(shared), 'blocked');
    store.dispose();
  });

  it('lets the latest refusal win over an approval decided before it was seen', async () => {
    const dir = fresh();
    const [one, two] = [await open(dir), await open(dir)];
    await one.block([A], 'person');
    assert.equal(two.status(A), 'pending');
    await assert.rejects(two.approve([B, A], 'person'), (error) => VestibuleError.is(error, 'stale-decision') && error.action !== '');
    assert.deepStrictEqual([A, B].map((ref) => two.status(ref)), ['blocked', 'pending'], 'all or none');
    await two.approve([A], 'person');
    assert.equal(two.status(A), 'approved', 'a second look may decide otherwise');
    const launch = sha256('launch');
    await two.approveLaunch('s', launch, 'person');
    await one.revokeLaunch('s', 'person');
    await assert.rejects(two.approveLaunch('s', launch, 'person'), (error) => VestibuleError.is(error, 'stale-decision'));
    one.dispose();
    two.dispose();
  });

  it('survives a killed process: what was said to be approved is, and nobody waits', { timeout: 60_000 }, async () => {
    const dir = fresh();
    let said = -1;
    for (let round = 0; round < 5; round++) {
      const child = new ScriptChild('approvals-process.ts', ['approve-forever', dir]);
      for (let i = 0; i <= round * 2; i++) {
        const line = (await child.line()) ?? '';
        assert.match(line, /^\d+$/);
        said = Math.max(said, Number(line));
      }
      await child.kill();
      const problems: VestibuleError[] = [];
      const store = await open(dir, problems);
      for (let n = 0; n <= said; n++) assert.equal(store.status(definition('"x"', String(n))), 'approved');
      const started = performance.now();
      await store.block([definition('"x"', 'after')], 'person');
      assert.ok(performance.now() - started < 1_500);
      assert.deepStrictEqual(problems, []);
      store.dispose();
    }
  });

  it('is not bothered by a write that was cut short at any byte', async () => {
    const dir = fresh();
    const store = await open(dir);
    await store.approve([A], 'person');
    store.dispose();
    const text = readFileSync(join(dir, 'approvals.json'), 'utf8');
    for (let length = 0; length <= text.length; length += 7) {
      writeFileSync(join(dir, `.approvals.json.${length.toString(16).padStart(12, '0')}.tmp`), text.slice(0, length));
      const again = await open(dir);
      assert.equal(again.status(A), 'approved');
      again.dispose();
    }
  });

  it('says what to do when the data folder cannot be used', async () => {
    const inTheWay = join(folder, 'in-the-way');
    writeFileSync(inTheWay, '');
    await assert.rejects(open(inTheWay), (error) => VestibuleError.is(error, 'data-folder-unreadable') && error.action !== '');
    await assert.rejects(open(join(inTheWay, 'data')), (error) => VestibuleError.is(error, 'data-folder-unreadable'));
  });

  it('approves only by an approve of that digest, over two instances and restarts on real files', { timeout: 120_000 }, async () => {
    const all = [A, B, C];
    const step = fc.record({ do: fc.constantFrom('approve', 'block', 'forget', 'restart'), window: fc.constantFrom<0 | 1>(0, 1), ref: fc.constantFrom(...all) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (steps) => {
        const dir = fresh();
        const stores: [Store, Store] = [await open(dir), await open(dir)];
        let approved = new Set<Digest>();
        for (const { do: act, window, ref } of steps) {
          if (act === 'restart') {
            stores[window].dispose();
            stores[window] = await open(dir);
          } else {
            await stores[window][act]([ref], 'person').catch((error: unknown) => assert.ok(VestibuleError.is(error, 'stale-decision')));
          }
          const now = new Set(all.filter((one) => stores[window].status(one) === 'approved').map((one) => one.digest));
          for (const digest of now) assert.ok(approved.has(digest) || (act === 'approve' && digest === ref.digest));
          if (act === 'block' || act === 'forget') assert.ok(!now.has(ref.digest));
          for (const digest of approved) assert.ok(now.has(digest) || digest === ref.digest, 'nothing else loses its approval');
          approved = now;
        }
        for (const store of stores) store.dispose();
      }),
      { numRuns: SEQUENCES },
    );
  });
});
