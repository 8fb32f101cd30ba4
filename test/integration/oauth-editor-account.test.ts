/* Accounts of the editor as credentials: whose token is sent, when, and where it never goes. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { openKeys, type OAuthKeys } from '../../src/oauth/core/keys.ts';
import type { EditorSessions } from '../../src/oauth/core/editor-account.ts';
import { browserPerson, MemorySecrets } from '../fixtures/oauth/house.ts';
import { startProvider, type Provider } from '../fixtures/oauth/provider.ts';
import { telltale } from '../fixtures/telltale/mark.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { supervise } from '../fixtures/upstreams/supervised.ts';

/** An editor in which a person may have an account. */
class Editor implements EditorSessions {
  token: string | undefined;
  refuses = false;
  readonly asked: boolean[] = [];
  #changed: ((provider: string) => void) | undefined;

  session(provider: string, scopes: readonly string[], ask: boolean): ReturnType<EditorSessions['session']> {
    this.asked.push(ask);
    assert.deepEqual([provider, scopes], ['github', ['read:user']]);
    if (ask && this.refuses) return Promise.reject(new Error('User did not consent to login.'));
    if (ask) this.token ??= telltale('editor', '-1');
    return Promise.resolve(this.token === undefined ? undefined : { token: this.token, label: 'anna' });
  }

  follow(changed: (provider: string) => void): { dispose(): void } {
    this.#changed = changed;
    return { dispose: () => (this.#changed = undefined) };
  }

  change(provider: string): void {
    this.#changed?.(provider);
  }
}

const ACCOUNT = { editorAccount: 'github', scopes: ['read:user'] };

async function open(editorSessions?: EditorSessions): Promise<{ keys: OAuthKeys; secrets: MemorySecrets; known: Set<string> }> {
  const secrets = new MemorySecrets();
  const known = new Set<string>();
  const options = { dataDir: tempFolder(), secrets, workspace: undefined, known: (secret: string) => known.add(secret), report: () => undefined };
  const keys = await openKeys(editorSessions === undefined ? options : { ...options, editorSessions });
  after(() => keys.dispose());
  return { keys, secrets, known };
}

async function providerFor(): Promise<Provider> {
  const provider = await startProvider();
  after(() => provider.close());
  return provider;
}

function signIn(keys: OAuthKeys, url: string): Promise<unknown> {
  return keys.signIn('fixture', { type: 'http', url, headers: {}, oauth: ACCOUNT }, false, browserPerson(), [], new AbortController().signal);
}

describe('an account of the editor', { timeout: 120_000 }, () => {
  it('is used once the person let it be, as it is at each request, and is kept nowhere', async () => {
    const [provider, editor] = [await providerFor(), new Editor()];
    const { keys, secrets, known } = await open(editor);
    const { upstream, until } = supervise({ type: 'http', url: provider.url, headers: {}, oauth: ACCOUNT }, { deps: { keys } });
    await assert.rejects(upstream.connect(), { reason: 'auth-required' });
    assert.ok(!editor.asked.includes(true), 'nobody is asked by a connection');

    provider.admit(telltale('editor', '-1'), 'anna');
    await signIn(keys, provider.url);
    await upstream.restart();
    await until('ready');
    const call = async (): Promise<string> => JSON.stringify(await (await upstream.connect()).call('tools/call', '{"name":"whoami"}', { timeoutMs: 30_000, maxTimeoutMs: 30_000 }));
    assert.match(await call(), /signed in as anna/);

    // The editor renewed it.
    editor.token = telltale('editor', '-2');
    provider.expireAccess();
    provider.admit(editor.token, 'anna');
    assert.match(await call(), /signed in as anna/);
    assert.deepEqual([...known].toSorted(), [telltale('editor', '-1'), telltale('editor', '-2')]);
    assert.equal(secrets.held.size, 0);
    assert.equal(provider.counts.register + provider.counts.authorize + provider.counts.refresh, 0);
  });

  it('that the server refuses is not tried again and again', async () => {
    const [provider, editor] = [await providerFor(), new Editor()];
    const { keys } = await open(editor);
    editor.token = telltale('editor', '-1');
    const { upstream } = supervise({ type: 'http', url: provider.url, headers: {}, oauth: ACCOUNT }, { deps: { keys } });
    await assert.rejects(upstream.connect(), { reason: 'auth-required' });
    assert.equal(upstream.state.kind, 'sign-in-needed');
    assert.ok(provider.counts.unauthorized <= 3, `${provider.counts.unauthorized} requests`);
  });

  it('tells the servers that use its kind when it changes, and no others', async () => {
    const editor = new Editor();
    const { keys } = await open(editor);
    const config = { name: 'fixture', transport: { type: 'http', url: 'https://example.com/mcp', headers: {} } } as never;
    keys.credentialsFor(config, { type: 'http', url: 'https://example.com/mcp', headers: {}, oauth: ACCOUNT });
    const told: boolean[] = [];
    keys.onDidChange(({ uses }) => told.push(uses(config)));
    editor.change('github');
    editor.change('microsoft');
    assert.deepEqual(told, [true, false]);
  });

  it('never goes over plain http to another machine, and needs an editor', async () => {
    const { keys } = await open(new Editor());
    const entry = { name: 'fixture' } as never;
    assert.equal(keys.credentialsFor(entry, { type: 'http', url: 'http://example.com/mcp', headers: {}, oauth: ACCOUNT }), undefined);
    await assert.rejects(signIn(keys, 'http://example.com/mcp'), { problem: 'bad-url' });
    await assert.rejects(signIn((await open()).keys, 'https://example.com/mcp'), { problem: 'no-editor' });
    const refusing = new Editor();
    refusing.refuses = true;
    await assert.rejects(signIn((await open(refusing)).keys, 'https://example.com/mcp'), { problem: 'declined' });
  });
});
