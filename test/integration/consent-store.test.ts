import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { openConsentStore } from '../../src/proxy/consent/consent-store.ts';
import type { ConsentStore, StandingConsent } from '../../src/proxy/consent/types.ts';
import type { VestibuleError } from '../../src/proxy/errors.ts';
import { sha256 } from '../../src/proxy/json/canonical.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const root = tempFolder();
let count = 0;

const allowed = (tool: string): StandingConsent => ({ kind: 'tool', server: '__proto__', tool, principal: 'p', digest: sha256(tool), at: 1 });
const never: StandingConsent = { kind: 'never', server: 's', tool: 't', principal: 'p', at: 2 };

describe('the consent store', { timeout: 60_000 }, () => {
  let dir: string;
  let problems: VestibuleError[];
  let stores: ConsentStore[];

  beforeEach(async () => {
    dir = join(root, String(++count));
    await mkdir(dir);
    problems = [];
    stores = [];
  });
  afterEach(() => stores.forEach((store) => store.dispose()));

  const open = async (): Promise<ConsentStore> => {
    const store = await openConsentStore(dir, { onProblem: (problem) => problems.push(problem) });
    stores.push(store);
    return store;
  };
  const file = (): string => join(dir, 'consents.json');
  /** Resolves when the store holds what is expected; changes by others arrive as events. */
  const holds = async (store: ConsentStore, expected: readonly StandingConsent[]): Promise<void> => {
    while (!isDeepStrictEqual(store.all, expected)) {
      await new Promise<void>((resolve) => {
        const subscription = store.onDidChange(() => {
          subscription.dispose();
          resolve();
        });
      });
    }
  };

  it('keeps decisions over restarts, and shares them with every process of the folder', async () => {
    const [one, two] = [await open(), await open()];
    await one.add([allowed('a'), never]);
    await holds(two, [allowed('a'), never]);
    assert.deepEqual(two.of('__proto__', 'a'), [allowed('a')]);
    assert.deepEqual(two.of('s', 'other'), []);
    await two.revoke([never]);
    await holds(one, [allowed('a')]);
    assert.deepEqual((await open()).all, [allowed('a')]);
  });

  it('loses none of several decisions made at once', async () => {
    const [one, two] = [await open(), await open()];
    const names = Array.from({ length: 10 }, (_, i) => `t${i}`);
    await Promise.all(names.map((name, i) => (i % 2 === 0 ? one : two).add([allowed(name)])));
    assert.deepEqual((await open()).all.map(({ tool = '' }) => tool).sort(), names);
  });

  it('takes effect before it is written, and in this process even when it cannot be', async () => {
    const store = await open();
    const written = store.add([never]);
    assert.deepEqual(store.of('s', 't'), [never]);
    await written;
    // A folder in the place of the file cannot be replaced by one, whoever asks.
    await rm(file());
    await mkdir(join(file(), 'in the way'), { recursive: true });
    await assert.rejects(store.add([allowed('a')]));
    assert.deepEqual(store.of('__proto__', 'a'), [allowed('a')]);
  });

  it('allows nothing by a file that cannot be read, and keeps a copy', async () => {
    const bad = JSON.stringify({ version: 1, state: { consents: [allowed('a'), { ...allowed('b'), digest: 'any' }] } });
    await writeFile(file(), bad);
    const store = await open();
    assert.deepEqual(store.all, []);
    assert.equal(problems[0]?.reason, 'corrupt-file');
    const aside = readdirSync(dir).find((name) => name.startsWith('consents.json.')) ?? '';
    assert.equal(await readFile(join(dir, aside), 'utf8'), bad);
  });

  it('W5: takes over a file of the version before, and from then on allows nothing that it did not write itself', async () => {
    const old = JSON.stringify({ version: 1, state: { consents: [allowed('a')] } });
    await writeFile(file(), old);
    assert.deepEqual((await open()).all, [allowed('a')]);
    const sealed = await readFile(file(), 'utf8');
    for (const forged of [old, sealed.replaceAll('"a"', '"b"'), sealed.replace(/"mac": "[^"]*"/, '"mac": ""')]) {
      await writeFile(file(), forged);
      problems = [];
      assert.deepEqual((await open()).all, []);
      assert.deepEqual(problems.map(({ reason }) => reason), ['corrupt-file']);
    }
  });
});
