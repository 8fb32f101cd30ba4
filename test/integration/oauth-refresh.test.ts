import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loopbackWay } from '../../src/oauth/core/redirect.ts';
import { openKeys } from '../../src/oauth/core/keys.ts';
import { FileSecrets } from '../fixtures/oauth/file-secrets.ts';
import { browserPerson, openHouse, signInAt } from '../fixtures/oauth/house.ts';
import { startProvider, type Manners, type Provider } from '../fixtures/oauth/provider.ts';
import { telltale } from '../fixtures/telltale/mark.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { httpAt, supervise } from '../fixtures/upstreams/supervised.ts';

const CALLER = fileURLToPath(new URL('../fixtures/oauth/caller-process.ts', import.meta.url));

async function providerFor(manners: Manners = {}): Promise<Provider> {
  const provider = await startProvider(manners);
  after(() => provider.close());
  return provider;
}

/** Signs in over a folder that other processes share, and closes it again. */
async function signedInFolder(provider: Provider): Promise<{ readonly dataDir: string; readonly secretsFile: string; readonly secrets: FileSecrets }> {
  const dataDir = tempFolder();
  const secretsFile = join(dataDir, 'test-secrets.json');
  const secrets = new FileSecrets(secretsFile);
  const keys = await openKeys({ dataDir, secrets, workspace: undefined, known: () => undefined, report: () => undefined });
  await keys.signIn('fixture', { type: 'http', url: provider.url, headers: {} }, false, browserPerson(), [loopbackWay], new AbortController().signal);
  keys.dispose();
  return { dataDir, secretsFile, secrets };
}

interface Caller {
  readonly process: ChildProcess;
  /** Resolves when it is connected. */
  readonly ready: Promise<void>;
  go(): void;
  readonly result: Promise<{ readonly answered: number; readonly failed: readonly string[] }>;
}

function startCaller({ dataDir, secretsFile }: { readonly dataDir: string; readonly secretsFile: string }, provider: Provider, calls: number): Caller {
  const child = spawn(process.execPath, [CALLER, dataDir, secretsFile, provider.url, String(calls)], { stdio: ['pipe', 'pipe', 'inherit'] });
  after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  const seen: string[] = [];
  const line = (index: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => (seen.length > index ? resolve(seen[index] ?? '') : undefined);
      lines.on('line', look);
      lines.on('close', () => reject(new Error('the caller ended')));
      look();
    });
  lines.on('line', (text) => seen.push(text));
  const ready = line(0).then(() => undefined);
  const result = line(1).then((text) => JSON.parse(text) as { answered: number; failed: string[] });
  result.catch(() => undefined);
  return { process: child, ready, go: () => child.stdin.write('go\n'), result };
}

describe('one refresh for everybody', { timeout: 120_000 }, () => {
  it('twenty calls that are refused at once cause exactly one', async () => {
    const provider = await providerFor({ refreshTakesMs: 100 });
    const house = await openHouse();
    await signInAt(house, provider.url);
    const { upstream } = supervise(httpAt(provider.url), { deps: { keys: house.keys } });
    const connection = await upstream.connect();
    provider.expireAccess();
    const replies = await Promise.all(Array.from({ length: 20 }, () => connection.call('tools/call', '{"name":"whoami"}', { timeoutMs: 30_000, maxTimeoutMs: 30_000 })));
    assert.ok(replies.every((reply) => 'result' in reply));
    assert.equal(provider.counts.refresh, 1);
  });

  it('two processes of ten calls each cause exactly one', async () => {
    const provider = await providerFor({ refreshTakesMs: 100 });
    const folder = await signedInFolder(provider);
    const callers = [startCaller(folder, provider, 10), startCaller(folder, provider, 10)];
    await Promise.all(callers.map(({ ready }) => ready));
    provider.expireAccess();
    for (const caller of callers) caller.go();
    for (const { result } of callers) assert.deepEqual(await result, { answered: 10, failed: [] });
    assert.equal(provider.counts.refresh, 1);
  });
});

/** Whether a call works in a fresh process, and how often a person is asked if not. */
async function afterwards(folder: Awaited<ReturnType<typeof signedInFolder>>, provider: Provider): Promise<'grant survived' | 'asked once'> {
  const keys = await openKeys({ dataDir: folder.dataDir, secrets: folder.secrets, workspace: undefined, known: () => undefined, report: () => undefined });
  after(() => keys.dispose());
  const first = supervise(httpAt(provider.url), { deps: { keys } });
  const connected = await first.upstream.connect().then(() => true, () => false);
  if (connected) return 'grant survived';
  assert.equal(first.upstream.state.kind, 'sign-in-needed');
  const before = provider.counts.refresh;
  await first.upstream.restart().catch(() => undefined);
  assert.equal(provider.counts.refresh, before, 'what ended is not tried again');
  await keys.signIn('fixture', { type: 'http', url: provider.url, headers: {} }, false, browserPerson(), [loopbackWay], new AbortController().signal);
  await first.upstream.restart();
  assert.equal(first.upstream.state.kind, 'ready');
  return 'asked once';
}

describe('a process that is killed while it refreshes', { timeout: 120_000 }, () => {
  it('before the server answers: the grant survives, or the person is asked once', async () => {
    const provider = await providerFor();
    const folder = await signedInFolder(provider);
    const caller = startCaller(folder, provider, 1);
    await caller.ready;
    provider.manners = { refresh: 'silence' };
    provider.expireAccess();
    caller.go();
    while (provider.counts.refresh === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    caller.process.kill('SIGKILL');
    await once(caller.process, 'close');
    provider.manners = {};
    assert.equal(await afterwards(folder, provider), 'grant survived');
  });

  it('after the server rotated: the person is asked once, and never again', async () => {
    const provider = await providerFor();
    const folder = await signedInFolder(provider);
    // The new refresh token never reaches the disk: this is the one moment in which it is lost.
    const keys = await openKeys({ dataDir: folder.dataDir, secrets: new LosingSecrets(folder.secretsFile), workspace: undefined, known: () => undefined, report: () => undefined });
    after(() => keys.dispose());
    provider.expireAccess();
    const { upstream } = supervise(httpAt(provider.url), { deps: { keys } });
    await assert.rejects(upstream.connect());
    assert.equal(provider.counts.refresh, 1);
    assert.equal(await afterwards(folder, provider), 'asked once');
  });

  it('after the new token is on disk: the grant survives', async () => {
    const provider = await providerFor();
    const folder = await signedInFolder(provider);
    const caller = startCaller(folder, provider, 1);
    await caller.ready;
    provider.expireAccess();
    caller.go();
    await caller.result;
    caller.process.kill('SIGKILL');
    await once(caller.process, 'close');
    assert.equal(await afterwards(folder, provider), 'grant survived');
    assert.equal(provider.counts.refresh, 1);
  });
});

const ENDING = fileURLToPath(new URL('../fixtures/oauth/ending-process.ts', import.meta.url));

/** Runs a process that ends at a step. @returns whether it came to it */
async function endsAt(folder: Omit<Awaited<ReturnType<typeof signedInFolder>>, 'secrets'>, provider: Provider, what: 'sign-in' | 'call', step: number): Promise<boolean> {
  const child = spawn(process.execPath, [ENDING, folder.dataDir, folder.secretsFile, provider.url, what, String(step)], { stdio: ['ignore', 'ignore', 'inherit'] });
  after(() => child.kill('SIGKILL'));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.ok(code === 0 || code === null || process.platform === 'win32', `it ended with ${String(code)}`);
  return code !== 0;
}

describe('a process that is killed at each of its writes', { timeout: 300_000 }, () => {
  it('of a sign-in: it works at once afterwards, or with one more sign-in', async () => {
    const provider = await providerFor();
    const outcomes: string[] = [];
    for (let step = 0; ; step++) {
      const dataDir = tempFolder();
      const secretsFile = join(dataDir, 'test-secrets.json');
      const folder = { dataDir, secretsFile, secrets: new FileSecrets(secretsFile) };
      const ended = await endsAt(folder, provider, 'sign-in', step);
      outcomes.push(await afterwards(folder, provider));
      if (!ended) break;
    }
    assert.ok(outcomes.length > 6, `${outcomes.length} steps`);
    assert.deepEqual([outcomes[0], outcomes.at(-1)], ['asked once', 'grant survived']);
  });

  it('of a renewal: only what the server gave and never came to the disk has to be given again', async () => {
    const outcomes: string[] = [];
    for (let step = 0; ; step++) {
      const provider = await providerFor();
      const folder = await signedInFolder(provider);
      provider.expireAccess();
      const ended = await endsAt(folder, provider, 'call', step);
      // The server rotates before it answers; what is lost is lost where the new token was never written.
      outcomes.push(await afterwards(folder, provider));
      if (!ended) break;
    }
    assert.ok(outcomes.length > 2, `${outcomes.length} steps`);
    assert.deepEqual(outcomes.slice(0, 2), ['asked once', 'grant survived']);
    assert.ok(outcomes.slice(1).every((outcome) => outcome === 'grant survived'), outcomes.join(', '));
  });
});

/** Keeps nothing any more, as if the process ended right before each write. */
class LosingSecrets extends FileSecrets {
  override set(): Promise<void> {
    return Promise.reject(new Error('ended here'));
  }
}

describe('signing in again', { timeout: 120_000 }, () => {
  it('a sign-in that was broken off leaves nothing but its registration, which is used again', async () => {
    const provider = await providerFor({ token: { status: 500 } });
    const house = await openHouse();
    await assert.rejects(signInAt(house, provider.url), { step: 'token' });
    assert.deepEqual([...house.secrets.held.keys()].map((key) => key.split('/')[0]), ['oauth-client']);
    provider.manners = {};
    await signInAt(house, provider.url);
    assert.equal(provider.counts.register, 1);
  });

  it('one sign-in at a time per server, also over windows', async () => {
    const provider = await providerFor({ authorize: { status: 200, type: 'text/html', body: 'sign in' } });
    const one = await openHouse();
    const second = await openHouse({ secrets: one.secrets, dataDir: one.dataDir });
    const cancel = new AbortController();
    let first: Promise<unknown> = Promise.resolve();
    await new Promise<void>((resolve) => {
      const person = browserPerson({ open: () => Promise.resolve(resolve()).then(() => undefined) });
      first = signInAt(one, provider.url, { person, signal: cancel.signal });
    });
    await assert.rejects(signInAt(second, provider.url), { problem: 'busy' });
    cancel.abort();
    await assert.rejects(first, { problem: 'cancelled' });
    provider.manners = {};
    await signInAt(second, provider.url);
  });

  it('an insufficient scope is asked for with the next sign-in, beside what was granted', async () => {
    const provider = await providerFor({ needs: 'write' });
    const house = await openHouse();
    await signInAt(house, provider.url);
    const { upstream } = supervise(httpAt(provider.url), { deps: { keys: house.keys } });
    const connection = await upstream.connect();
    const limits = { timeoutMs: 30_000, maxTimeoutMs: 30_000 };
    await assert.rejects(connection.call('tools/call', '{"name":"whoami"}', limits), { kind: 'auth-required', status: 403 });
    assert.equal(provider.counts.refresh, 0, 'a refresh cannot widen what was granted');
    assert.equal(upstream.state.kind, 'ready', 'other calls go on');
    await signInAt(house, provider.url);
    assert.equal(provider.seen.authorize.get('scope'), 'read write');
    assert.ok('result' in (await connection.call('tools/call', '{"name":"whoami"}', limits)));
  });

  it('several accounts: each workspace uses its own', async () => {
    const provider = await providerFor();
    const one = await openHouse({}, '/one');
    const two = await openHouse({ secrets: one.secrets, dataDir: one.dataDir }, '/two');
    const first = await signInAt(one, provider.url);
    const second = await signInAt(one, provider.url, { add: true });
    assert.deepEqual([first.label, second.label], ['person-1@example.com', 'person-2@example.com']);
    await two.keys.use(first);
    assert.equal(one.keys.activeAt(provider.url)?.id, second.id);
    assert.equal(two.keys.activeAt(provider.url)?.id, first.id);
  });

  it('signing out takes the access back and forgets it', async () => {
    const provider = await providerFor();
    const house = await openHouse();
    const account = await signInAt(house, provider.url);
    assert.equal(await house.keys.signOut(account), undefined);
    assert.equal(provider.counts.revoke, 2);
    assert.deepEqual([...house.secrets.held.keys()].filter((key) => key.startsWith('oauth-grant/')), []);
    assert.equal(house.keys.activeAt(provider.url), undefined);
  });

  it('pasting the address that the browser ended at works; pasting that of another sign-in does not', async () => {
    const provider = await providerFor();
    const pasted = async (url: URL): Promise<string> => (await fetch(url, { redirect: 'manual' })).headers.get('location') ?? '';
    await signInAt(await openHouse(), provider.url, { person: browserPerson({ open: pasted }) });
    let stale = '';
    await signInAt(await openHouse(), provider.url, { person: browserPerson({ open: async (url) => (stale = await pasted(url)) }) });
    await assert.rejects(signInAt(await openHouse(), provider.url, { person: browserPerson({ open: () => Promise.resolve(stale) }) }), { problem: 'state-mismatch' });
  });

  it('a client of its own needs no person', async () => {
    const provider = await providerFor();
    const house = await openHouse();
    const oauth = { grant: 'client_credentials', clientId: 'machine', clientSecret: telltale('machine-secret') } as const;
    const { upstream } = supervise({ type: 'http', url: provider.url, headers: {}, oauth }, { deps: { keys: house.keys } });
    await upstream.connect();
    assert.equal(provider.counts.client_credentials, 1);
    assert.equal(provider.seen.token.get('resource'), provider.url);
  });

  it('a client of its own whose tokens are refused asks for no more than one to replace the first', async () => {
    const provider = await providerFor();
    const house = await openHouse();
    const oauth = { grant: 'client_credentials', clientId: 'machine', clientSecret: telltale('machine-secret') } as const;
    const { upstream } = supervise({ type: 'http', url: provider.url, headers: {}, oauth }, { deps: { keys: house.keys } });
    const connection = await upstream.connect();
    provider.manners = { refusesAll: true };
    for (let call = 0; call < 20; call++) await assert.rejects(connection.call('tools/call', '{"name":"whoami"}', { timeoutMs: 30_000, maxTimeoutMs: 30_000 }));
    const tokens = (): number => provider.counts.client_credentials;
    assert.equal(tokens(), 2);
    await assert.rejects(upstream.restart());
    assert.ok(tokens() <= 4, `${tokens()} tokens`);
  });

  it('a client of its own that gets no token is asked for again only after a pause', async () => {
    const provider = await providerFor();
    const house = await openHouse();
    const oauth = { grant: 'client_credentials', clientId: 'machine', clientSecret: telltale('machine-secret') } as const;
    const { upstream } = supervise({ type: 'http', url: provider.url, headers: {}, oauth }, { deps: { keys: house.keys } });
    const connection = await upstream.connect();
    provider.manners = { machine: { status: 401, body: '{"error":"invalid_client"}' } };
    provider.expireAccess();
    await Promise.all(Array.from({ length: 20 }, () => assert.rejects(connection.call('tools/call', '{"name":"whoami"}', { timeoutMs: 30_000, maxTimeoutMs: 30_000 }))));
    assert.equal(provider.counts.client_credentials, 2, 'one for all of them');
  });

  it('a key of the entry’s own goes as it is, and no token beside it', async () => {
    const provider = await providerFor();
    const house = await openHouse();
    await signInAt(house, provider.url);
    const { upstream } = supervise(httpAt(provider.url, { Authorization: `Bearer ${telltale('static-key')}` }), { deps: { keys: house.keys } });
    await assert.rejects(upstream.connect(), { reason: 'auth-required' });
    assert.equal(provider.counts.refresh, 0);
  });
});
