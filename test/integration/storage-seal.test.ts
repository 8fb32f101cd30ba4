import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { VestibuleError } from '../../src/proxy/errors.ts';
import { digestOf } from '../../src/proxy/json/canonical.ts';
import type { RawJson } from '../../src/proxy/model.ts';
import { openApprovalStore, type FileApprovalStore } from '../../src/proxy/quarantine/approval-store.ts';
import type { SealMemory } from '../../src/proxy/storage/seal.ts';
import { sealMemory } from '../../src/proxy/storage/seal-memory.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

interface Opened {
  readonly store: FileApprovalStore;
  readonly problems: VestibuleError[];
}

async function open(dir: string, memory?: SealMemory): Promise<Opened> {
  const problems: VestibuleError[] = [];
  return { store: await openApprovalStore(dir, { onProblem: (problem) => problems.push(problem), ...(memory !== undefined && { memory }) }), problems };
}

function definition(raw: RawJson): Parameters<FileApprovalStore['approve']>[0][number] {
  return { server: 's', kind: 'tool', name: 'tool', digest: digestOf(raw), raw };
}

function secretStorage(): SealMemory {
  const held = new Map<string, string>();
  return sealMemory({ get: (key) => Promise.resolve(held.get(key)), set: (key, value) => Promise.resolve(void held.set(key, value)) });
}

const [A, B, C] = [definition('{"name":"tool","description":"a"}'), definition('{"name":"tool","description":"b"}'), definition('{"name":"tool","description":"c"}')];

describe('sealed approvals', { timeout: 120_000 }, () => {
  const folder = tempFolder();
  let folders = 0;
  const fresh = (): string => {
    const dir = join(folder, String(folders++));
    mkdirSync(dir);
    return dir;
  };
  const file = (dir: string): string => join(dir, 'approvals.json');
  const key = (dir: string): string => join(dir, 'approvals.key');

  async function decided(dir: string, ...refs: readonly (typeof A)[]): Promise<void> {
    const { store } = await open(dir);
    for (const ref of refs) await store.approve([ref], 'person');
    store.dispose();
  }

  /** What stands after a start: statuses, and what the person was told. */
  async function afterStart(dir: string, memory?: SealMemory): Promise<{ readonly statuses: readonly string[]; readonly told: readonly string[] }> {
    const { store, problems } = await open(dir, memory);
    const statuses = [A, B, C].map((ref) => store.status(ref));
    store.dispose();
    return { statuses, told: problems.map(({ message }) => message) };
  }

  it('W5: any changed character of the state, the number or the code makes nothing of the file count', async () => {
    const dir = fresh();
    await decided(dir, A, B);
    const text = readFileSync(file(dir), 'utf8');
    const keyText = readFileSync(key(dir), 'utf8');
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.constantFrom('0', 'x', ' ', '"', ','), async (at, other) => {
        const edited = text.slice(0, at) + other + text.slice(at + 1);
        // What reads as the same values is the same file.
        if (sameJson(edited, text)) return;
        const copy = fresh();
        writeFileSync(file(copy), edited);
        writeFileSync(key(copy), keyText);
        const { statuses, told } = await afterStart(copy);
        assert.deepEqual(statuses, ['pending', 'pending', 'pending'], edited);
        assert.equal(told.length, 1);
      }),
      { numRuns: 120 },
    );
  });

  it('W5: an entry that is added by hand, or a file of another folder, counts for nothing', async () => {
    const [mine, other] = [fresh(), fresh()];
    await decided(mine, A);
    await decided(other, A, B);
    const forged = readFileSync(file(mine), 'utf8').replaceAll(A.digest, C.digest);
    writeFileSync(file(mine), forged);
    const { statuses, told } = await afterStart(mine);
    assert.deepEqual(statuses, ['pending', 'pending', 'pending']);
    assert.match(told.join(), /approvals\.json:\d+:\d+: expected the authentication code of this content.*set aside as/s);
    cpSync(file(other), file(mine));
    assert.deepEqual((await afterStart(mine)).statuses, ['pending', 'pending', 'pending']);
  });

  it('W5: an older copy that is put back counts for nothing, and a refusal it lacks is not forgotten', async () => {
    const dir = fresh();
    await decided(dir, A);
    const older = readFileSync(file(dir), 'utf8');
    const { store } = await open(dir);
    await store.block([A], 'person');
    store.dispose();
    writeFileSync(file(dir), older);
    const { statuses, told } = await afterStart(dir);
    assert.deepEqual(statuses, ['pending', 'pending', 'pending']);
    assert.match(told.join(), /this is an older copy/);
    // What is set aside stays older than what is decided now.
    await decided(dir, B);
    writeFileSync(file(dir), older);
    assert.deepEqual((await afterStart(dir)).statuses, ['pending', 'pending', 'pending']);
  });

  it('W5: while it is in use, the last good state goes on serving and is put back', async () => {
    const dir = fresh();
    const { store, problems } = await open(dir);
    await store.approve([A], 'person');
    const older = readFileSync(file(dir), 'utf8');
    await store.block([B], 'person');
    const newest = readFileSync(file(dir), 'utf8');
    for (const bad of [older, newest.replaceAll(A.digest, C.digest), undefined]) {
      if (bad === undefined) rmSync(file(dir));
      else writeFileSync(file(dir), bad);
      await store.forget([C], 'person');
      assert.deepEqual([A, B, C].map((ref) => store.status(ref)), ['approved', 'blocked', 'changed']);
    }
    store.dispose();
    assert.equal(problems.length, 3);
    const { statuses, told } = await afterStart(dir);
    assert.deepEqual(statuses, ['approved', 'blocked', 'changed']);
    assert.deepEqual(told, []);
  });

  it('W5: a whole folder that is put back is noticed where something else remembers it', async () => {
    const dir = fresh();
    const memory = secretStorage();
    await decided(dir, A);
    const older = [readFileSync(file(dir), 'utf8'), readFileSync(key(dir), 'utf8')] as const;
    const { store } = await open(dir, memory);
    await store.forget([A], 'person');
    store.dispose();
    writeFileSync(file(dir), older[0]);
    writeFileSync(key(dir), older[1]);
    const { statuses, told } = await afterStart(dir, memory);
    assert.equal(statuses[0], 'pending');
    assert.match(told.join(), /older copy/);
  });

  it('a folder that another program moved on is fine for whoever remembers less', async () => {
    const dir = fresh();
    const memory = secretStorage();
    const editor = await open(dir, memory);
    await editor.store.approve([A], 'person');
    editor.store.dispose();
    await decided(dir, B, C);
    assert.deepEqual(await afterStart(dir, memory), { statuses: ['approved', 'approved', 'approved'], told: [] });
  });

  it('a key that is gone or broken lets nothing count, and the next decision begins anew', async () => {
    for (const damage of [(path: string) => rmSync(path), (path: string) => writeFileSync(path, '{"version":1,"state":{"key":"short"}}')]) {
      const dir = fresh();
      await decided(dir, A);
      damage(key(dir));
      const { statuses, told } = await afterStart(dir);
      assert.equal(statuses[0], 'pending');
      assert.match(told.join(), /approvals\.key is (gone|broken)/);
      await decided(dir, B);
      assert.deepEqual((await afterStart(dir)).statuses, ['changed', 'approved', 'changed']);
    }
  });

  it('a crash between the file and its key leaves a file that counts', async () => {
    const dir = fresh();
    await decided(dir, A);
    const before = readFileSync(key(dir), 'utf8');
    await decided(dir, B);
    writeFileSync(key(dir), before);
    assert.deepEqual(await afterStart(dir), { statuses: ['approved', 'approved', 'changed'], told: [] });
  });

  it('a file of the version before is taken over once, nobody is asked again, and it cannot come back', async () => {
    const dir = fresh();
    const entry = { approved: [{ digest: A.digest, at: 1, by: 'person' }], blocked: [], refused: [] };
    const old = JSON.stringify({ version: 1, state: { servers: { s: { launches: [], refusedLaunches: [], definitions: { 'tool:tool': entry } } } } });
    writeFileSync(file(dir), old);
    assert.deepEqual(await afterStart(dir), { statuses: ['approved', 'changed', 'changed'], told: [] });
    assert.equal((JSON.parse(readFileSync(file(dir), 'utf8')) as { version: number }).version, 2);
    assert.deepEqual((await afterStart(dir)).statuses, ['approved', 'changed', 'changed']);
    writeFileSync(file(dir), old);
    const { statuses, told } = await afterStart(dir);
    assert.deepEqual(statuses, ['pending', 'pending', 'pending']);
    assert.equal(told.length, 1);
  });

  it('several that open an old file at once take it over together', async () => {
    const dir = fresh();
    const entry = { approved: [{ digest: A.digest, at: 1, by: 'person' }], blocked: [], refused: [] };
    writeFileSync(file(dir), JSON.stringify({ version: 1, state: { servers: { s: { launches: [], refusedLaunches: [], definitions: { 'tool:tool': entry } } } } }));
    const opened = await Promise.all(Array.from({ length: 6 }, () => open(dir)));
    await Promise.all(opened.map(({ store }, i) => (i % 2 === 0 ? store.approve([B], 'person') : store.approve([C], 'person'))));
    for (const { store, problems } of opened) {
      store.dispose();
      assert.deepEqual(problems, []);
    }
    assert.deepEqual(await afterStart(dir), { statuses: ['approved', 'approved', 'approved'], told: [] });
  });

  it('keeps the key to its owner, and out of the file it seals', async () => {
    const dir = fresh();
    await decided(dir, A);
    const { key: secret } = (JSON.parse(readFileSync(key(dir), 'utf8')) as { state: { key: string } }).state;
    for (const name of readdirSync(dir)) {
      const path = join(dir, name);
      if (process.platform !== 'win32' && statSync(path).isFile()) assert.equal(statSync(path).mode & 0o077, 0, name);
      if (statSync(path).isFile() && name !== 'approvals.key') assert.ok(!readFileSync(path, 'utf8').includes(secret), name);
    }
  });
});

function sameJson(one: string, other: string): boolean {
  try {
    return JSON.stringify(JSON.parse(one)) === JSON.stringify(JSON.parse(other));
  } catch {
    return false;
  }
}
