import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, describe, it } from 'node:test';
import { once } from 'node:events';
import { inPlace, run, start } from '../fixtures/cli.ts';
import { startProvider, type Manners, type Provider } from '../fixtures/oauth/provider.ts';
import { makePlace, serve, type Place } from '../fixtures/serve.ts';

const ENV = { VESTIBULE_KEYCHAIN: 'off' };

/** Runs `upstream login` and follows the page it prints, as a browser would. */
async function login(place: Place): Promise<{ readonly code: number | null; readonly stdout: string }> {
  const child = start(inPlace(place, ['upstream', 'login', '--name', 'notes', '--json']), ENV);
  const stdout = text(child.stdout);
  const ended = once(child, 'close') as Promise<[number | null]>;
  createInterface({ input: child.stderr }).on('line', (line) => {
    const page = /^ {2}(http\S+)/.exec(line)?.[1];
    if (page !== undefined) void fetch(page).then((response) => response.body?.cancel());
  });
  const [code] = await ended;
  return { code, stdout: await stdout };
}

async function call(url: string, token: string): Promise<string> {
  const envelope = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {}, 'io.modelcontextprotocol/clientInfo': { name: 'test', version: '0' } };
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'call_tool' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'call_tool', arguments: { tool: 'notes:whoami', arguments: {} }, _meta: envelope } }),
  });
  return response.text();
}

/** Every file below a folder, as text. */
async function everything(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  // One that was only there to be renamed is gone by the time it is read.
  const texts = await Promise.all(entries.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name), 'utf8').catch(() => '')));
  return texts.join('\n');
}

describe('signing in without an editor', { timeout: 180_000 }, () => {
  it('a running serve says what to do, uses a sign-in at once, keeps it over a restart, and forgets it', async () => {
    const provider = await startProvider();
    const place = await makePlace();
    after(async () => {
      await provider.close();
      await place.dispose();
    });
    process.env['VESTIBULE_KEYCHAIN'] = 'off';
    assert.equal((await run(inPlace(place, ['upstream', 'add', '--name', 'notes', '--url', provider.url]), ENV)).code, 0);
    const serving = await serve(place, '--approve-all');
    assert.deepEqual(JSON.parse((await login(place)).stdout), { name: 'notes', account: 'person-1@example.com', issuer: provider.origin });
    await waitFor(async () => !(await call(serving.url, serving.token)).includes('auth_required'));
    await serving.stop();

    // The tool was seen and has to be approved once; then a new process uses what was kept.
    const again = await serve(place, '--approve-all');
    await waitFor(async () => (await call(again.url, again.token)).includes('signed in as person-1@example.com'));
    provider.expireAccess();
    assert.match(await call(again.url, again.token), /signed in as person-1@example.com/);
    assert.equal(provider.counts.refresh, 1);

    const out = await run(inPlace(place, ['upstream', 'logout', '--name', 'notes', '--json']), ENV);
    assert.deepEqual([out.code, JSON.parse(out.stdout)], [0, { name: 'notes', account: 'person-1@example.com', revoked: true }]);
    await waitFor(async () => (await call(again.url, again.token)).includes('auth_required'));
    assert.match(await call(again.url, again.token), /vestibule upstream login/);
    await again.stop();

    const files = await everything(place.data);
    for (const secret of provider.secrets) assert.ok(!files.includes(secret) && !again.stderr().includes(secret) && !serving.stderr().includes(secret), 'no token is in any file or log');
  });

  it('nothing is dialled for a launch that waits for approval', async () => {
    const provider = await startProvider();
    const place = await makePlace();
    after(async () => {
      await provider.close();
      await place.dispose();
    });
    await place.servers({ servers: { notes: { type: 'http', url: provider.url } } });
    const refused = await run(inPlace(place, ['upstream', 'login', '--name', 'notes']), ENV);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /awaits approval/);
    assert.equal(provider.counts.mcp, 0);
  });
});

/** Moments of a sign-in: how the provider keeps it there, and what shows that it has come to it. */
const MOMENTS: readonly { readonly at: string; readonly manners: Manners; readonly reached: (provider: Provider) => boolean }[] = [
  { at: 'discovery', manners: { serverMetadata: 'silence' }, reached: ({ counts }) => counts.mcp > 0 },
  { at: 'registration', manners: { registration: 'silence' }, reached: ({ counts }) => counts.register > 0 },
  { at: 'the page', manners: { pages: true }, reached: ({ counts }) => counts.authorize > 0 },
  { at: 'the exchange of the code', manners: { token: 'silence' }, reached: ({ counts }) => counts.code > 0 },
];

describe('a sign-in that is killed', { timeout: 300_000 }, () => {
  for (const { at, manners, reached } of MOMENTS) {
    it(`at ${at}: nothing is kept but a registration, and the next one works at once`, async () => {
      const provider = await startProvider(manners);
      const place = await makePlace();
      after(async () => {
        await provider.close();
        await place.dispose();
      });
      assert.equal((await run(inPlace(place, ['upstream', 'add', '--name', 'notes', '--url', provider.url]), ENV)).code, 0);
      const child = start(inPlace(place, ['upstream', 'login', '--name', 'notes']), ENV);
      const ended = once(child, 'close');
      child.stdout.resume();
      createInterface({ input: child.stderr }).on('line', (line) => {
        const page = /^ {2}(http\S+)/.exec(line)?.[1];
        if (page !== undefined) void fetch(page).then((response) => response.body?.cancel(), () => undefined);
      });
      await waitFor(() => Promise.resolve(reached(provider)));
      child.kill('SIGKILL');
      await ended;
      assert.ok(!(await everything(place.data)).includes('person-'), 'no account of a sign-in that never ended');
      provider.manners = {};
      const again = await login(place);
      assert.equal(again.code, 0);
      assert.match(again.stdout, /person-\d@example\.com/);
    });
  }
});

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 60_000;
  while (!(await condition())) {
    assert.ok(performance.now() < giveUpAt, 'it never came to pass');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
