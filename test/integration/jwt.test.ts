/* Agents that come in by a token of an identity provider (`gateway.jwt`): real HTTP on both sides, a JWKS server that rotates. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { createSecretKey } from 'node:crypto';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT, type JWK } from 'jose';
import { KeySet } from '../../src/headless/jwt/key-set.ts';
import { createVerifier } from '../../src/headless/jwt/verifier.ts';
import type { GatewayOptions } from '../../src/proxy/options.ts';
import { behaving, FIXTURE_ENTRY, inPlace, toolNamed, userServers } from '../fixtures/cli.ts';
import { Serve } from '../fixtures/cli-serve.ts';
import { LegacyAgent, type Message } from '../fixtures/relay/agents.ts';
import { startRelayRig, stdioPeer, type RelayRig } from '../fixtures/relay/rig.ts';
import { makePlace } from '../fixtures/serve.ts';

const ISSUER = 'https://login.example.com/tenant';
const AUDIENCE = 'https://vestibule.example.com';
const PEER = stdioPeer({ tools: [{ name: 'look', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } }] });
const HOUR = 3_600;
const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

/** An identity provider's keys, as they are published. */
class Provider {
  keys: JWK[] = [];
  fetched = 0;
  answer: ((body: string) => { readonly status: number; readonly body: string; readonly location?: string }) | undefined;
  readonly #server = createServer((_, res) => {
    this.fetched++;
    const { status, body, location } = this.answer?.(JSON.stringify({ keys: this.keys })) ?? { status: 200, body: JSON.stringify({ keys: this.keys }) };
    res.writeHead(status, { 'content-type': 'application/json', ...(location !== undefined && { location }) }).end(body);
  });

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/jwks`;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async publish(kid: string | undefined, pair: Pair, alg: string): Promise<void> {
    this.keys.push({ ...(await exportJWK(pair.publicKey)), alg, use: 'sig', ...(kid !== undefined && { kid }) });
  }

  stop(): Promise<unknown> {
    return new Promise((resolve) => this.#server.close(resolve));
  }
}

const claims = (more: Record<string, unknown> = {}) => ({ iss: ISSUER, aud: AUDIENCE, sub: 'ann', exp: nowSeconds() + HOUR, roles: ['reader'], ...more });
const signed = (pair: Pair, kid: string | undefined, payload: Record<string, unknown>, alg = 'RS256'): Promise<string> => new SignJWT(payload).setProtectedHeader({ alg, ...(kid !== undefined && { kid }) }).sign(pair.privateKey);

const ROLES = {
  admin: { tier: 'destructive' },
  reader: { tools: ['look'] },
  shown: { tier: 'destructive', profile: 'some' },
  lost: { tier: 'destructive', profile: 'missing' },
};

describe('agents with a token of an identity provider', { timeout: 180_000 }, () => {
  const provider = new Provider();
  let first: Pair;
  let second: Pair;
  let rig: RelayRig;
  /** What the keys' age is measured by, so that no test waits for a rotation. */
  let later = 0;
  const warned: string[] = [];

  const section = (more: object = {}) => ({ issuer: ISSUER, audience: [AUDIENCE, 'another'], jwksUrl: provider.url, clockSkewSeconds: 60, roles: ROLES, ...more });
  const jwt = (more: object = {}): object => ({ gateway: { jwt: section(more) }, profiles: { some: { tools: ['echo'] } } });
  const openJwt: GatewayOptions['openJwt'] = (settings, warn) =>
    Promise.resolve(
      createVerifier(
        settings,
        new KeySet({
          url: settings.jwksUrl,
          warn: (message) => {
            warned.push(message);
            warn(message);
          },
          now: () => Date.now() + later,
        }),
      ),
    );
  const post = (token: string): Promise<Response> =>
    fetch(rig.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization: `Bearer ${token}` },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } } }),
    });
  const status = async (token: string): Promise<number> => {
    const response = await post(token);
    const text = await response.text();
    if (response.status === 401) {
      assert.deepEqual([response.headers.get('www-authenticate'), /valid bearer token/.test(text), /issuer|audience|expired|kid|signature|role|claim/i.test(text)], ['Bearer', true, false], text);
    }
    return response.status;
  };
  const toolsOf = async (token: string): Promise<string[]> => {
    const agent = new LegacyAgent({ url: rig.url, token });
    await agent.open();
    const answer: Message = await agent.request('tools/list');
    await agent.close();
    return (answer.result?.['tools'] as { name: string }[]).map(({ name }) => name).filter((name) => name.startsWith('ops_'));
  };

  before(async () => {
    await provider.start();
    first = await generateKeyPair('RS256');
    second = await generateKeyPair('ES256');
    await provider.publish('one', first, 'RS256');
    rig = await startRelayRig({ ops: PEER }, { openJwt }, jwt());
  });
  after(async () => {
    await rig[Symbol.asyncDispose]();
    await provider.stop();
  });

  it('are let in by a valid token, with the grant of their first role of the file, and recorded by name', async () => {
    const token = await signed(first, 'one', claims());
    assert.deepEqual(await toolsOf(token), ['ops_look'], 'reads, and only what its globs name');
    const all = await toolsOf(await signed(first, 'one', claims({ roles: ['reader', 'admin'] })));
    assert.ok(all.includes('ops_echo') && all.includes('ops_look'), 'the first role in the file');
    assert.deepEqual(await toolsOf(await signed(first, 'one', claims({ roles: 'other shown' }))), ['ops_echo'], 'roles as one text; a profile narrows');
    assert.deepEqual(await toolsOf(await signed(first, 'one', claims({ roles: ['lost'] }))), [], 'a profile that is not there shows nothing');

    const agent = new LegacyAgent({ url: rig.url, token });
    await agent.open();
    const refused = await agent.request('tools/call', { name: 'ops_echo', arguments: {} });
    assert.equal(refused.result?.['isError'], true);
    await agent.request('tools/call', { name: 'ops_look', arguments: {} });
    const [record] = await rig.gateway.calls({ tool: 'look' });
    assert.equal(record?.agent, 'jwt:ann@login.example.com/tenant');
    assert.equal((await fetch(rig.url.replace('/mcp', '/metrics'), { headers: { authorization: `Bearer ${token}` } })).status, 404, 'metrics are the owner’s');
    await agent.close();
  });

  it('are refused without a word about why', async () => {
    const good = claims();
    const without = (name: string): Record<string, unknown> => Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));
    const publicText = new TextEncoder().encode(await exportSPKI(first.publicKey));
    const refused: Readonly<Record<string, string | Promise<string>>> = {
      issuer: signed(first, 'one', claims({ iss: 'https://login.example.com/other' })),
      'issuer but for a slash': signed(first, 'one', claims({ iss: `${ISSUER}/` })),
      'no issuer': signed(first, 'one', without('iss')),
      audience: signed(first, 'one', claims({ aud: 'https://elsewhere.example.com' })),
      'no audience': signed(first, 'one', without('aud')),
      expired: signed(first, 'one', claims({ exp: nowSeconds() - 90 })),
      'never expires': signed(first, 'one', without('exp')),
      'not yet valid': signed(first, 'one', claims({ nbf: nowSeconds() + 600 })),
      'nobody': signed(first, 'one', without('sub')),
      'no role': signed(first, 'one', without('roles')),
      'role of nobody': signed(first, 'one', claims({ roles: ['writer', '__proto__'] })),
      'role that is no text': signed(first, 'one', claims({ roles: { reader: true } })),
      unsigned: new UnsecuredJWT(good).encode().replace(/\.$/, '.AAAA'),
      'signed with the public key as a secret': new SignJWT(good).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(createSecretKey(publicText)),
      'an algorithm that is not listed': signed(await generateKeyPair('RS512'), 'one', good, 'RS512'),
      'another key': signed(await generateKeyPair('RS256'), 'one', good),
      'a key in its own header': (async () => {
        const own = await generateKeyPair('RS256');
        return new SignJWT(good).setProtectedHeader({ alg: 'RS256', jwk: await exportJWK(own.publicKey), jku: provider.url }).sign(own.privateKey);
      })(),
      'text': 'a.b.c',
    };
    for (const [why, token] of Object.entries(refused)) assert.equal(await status(await token), 401, why);
    const [head = '', body = '', signature = ''] = (await signed(first, 'one', good)).split('.');
    const raised = Buffer.from(JSON.stringify(claims({ roles: ['admin'] }))).toString('base64url');
    for (const token of [`${head}.${raised}.${signature}`, `${head}.${body}.${signature.slice(0, -8)}AAAAAAAA`]) assert.equal(await status(token), 401);
    assert.equal(await status(await signed(first, 'one', claims({ exp: nowSeconds() - 20 }))), 200, 'within the difference of clocks');
  });

  it('follow keys that are rotated; a storm of unknown ones is one request', async () => {
    const before = provider.fetched;
    const stranger = await generateKeyPair('ES256');
    const storm = await Promise.all(Array.from({ length: 40 }, (_, i) => signed(stranger, `unknown-${i}`, claims(), 'ES256')));
    later += 31_000;
    assert.deepEqual(new Set(await Promise.all(storm.map(status))), new Set([401]));
    assert.equal(provider.fetched, before + 1, 'one request for all of them');

    await provider.publish('two', second, 'ES256');
    const token = await signed(second, 'two', claims({ sub: 'bob' }), 'ES256');
    assert.equal(await status(token), 401, 'asked a moment ago');
    later += 31_000;
    assert.equal(await status(token), 200, 'the new key is found');
    assert.equal(provider.fetched, before + 2);

    provider.keys = provider.keys.filter(({ kid }) => kid !== 'one');
    assert.equal(await status(await signed(first, 'one', claims({ sub: 'carl' }))), 200, 'nobody said so yet');
    later += 10 * 60_000;
    assert.equal(await status(await signed(first, 'one', claims({ sub: 'dora' }))), 401, 'withdrawn');
    assert.equal(await status(await signed(second, 'two', claims({ sub: 'emil' }), 'ES256')), 200);
  });

  it('are found by keys without an id, and never by a secret that a set publishes', async () => {
    const secret = 'a-secret-that-is-long-enough-to-sign-0123456789';
    const nameless = [await generateKeyPair('RS256'), await generateKeyPair('RS256')];
    provider.keys = [{ kty: 'oct', kid: 'secret', k: Buffer.from(secret).toString('base64url') }];
    for (const pair of nameless) await provider.publish(undefined, pair, 'RS256');
    later += 10 * 60_000;
    for (const [i, pair] of nameless.entries()) assert.equal(await status(await signed(pair, undefined, claims({ sub: `n${i}` }))), 200);
    assert.equal(await status(await signed(await generateKeyPair('RS256'), undefined, claims())), 401);
    assert.equal(await status(await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: 'secret' }).sign(Buffer.from(secret))), 401);
    provider.keys = [];
    await provider.publish('two', second, 'ES256');
  });

  it('still count while the provider is away, for an hour and no longer; and only its own answer counts', async () => {
    later += 10 * 60_000;
    assert.equal(await status(await signed(second, 'two', claims({ sub: 'f1' }), 'ES256')), 200);
    const answers: [string, NonNullable<Provider['answer']>][] = [
      ['down', () => ({ status: 503, body: '' })],
      ['moved', () => ({ status: 302, body: '', location: provider.url })],
      ['endless', () => ({ status: 200, body: `{"keys":[],"x":"${'x'.repeat(300_000)}"}` })],
      ['no set', () => ({ status: 200, body: '[]' })],
    ];
    for (const [what, answer] of answers) {
      provider.answer = answer;
      warned.length = 0;
      later += 10 * 60_000;
      assert.equal(await status(await signed(second, 'two', claims({ sub: `g-${what}` }), 'ES256')), 200, what);
      assert.equal(warned.length, 1, what);
      assert.match(warned[0] ?? '', /keys of http:\/\/127\.0\.0\.1:\d+\/jwks cannot be fetched/);
    }
    later += 60 * 60_000;
    assert.equal(await status(await signed(second, 'two', claims({ sub: 'h' }), 'ES256')), 401, 'too long ago');
    provider.answer = undefined;
    later += 31_000;
    assert.equal(await status(await signed(second, 'two', claims({ sub: 'h' }), 'ES256')), 200);
  });

  it('are gone at once when the section is, or says something else', async () => {
    const token = await signed(second, 'two', claims({ sub: 'ivy' }), 'ES256');
    const agent = new LegacyAgent({ url: rig.url, token });
    await agent.open();
    assert.ok(rig.gateway.snapshot().sessions.some((session) => session.agent.startsWith('ivy@')));
    await rig.configure(jwt({ audience: 'another' }));
    await rig.until((gateway) => !gateway.snapshot().sessions.some((session) => session.agent.startsWith('ivy@')));
    assert.equal(await status(token), 401);
    await rig.configure({});
    await rig.until((gateway) => gateway.snapshot().problems.length === 0);
    for (const bad of [{ algorithms: ['none'] }, { algorithms: ['HS256'] }, { algorithms: [] }, { jwksUrl: 'http://login.example.com/keys' }, { audience: [] }, { roles: { reader: { tier: 'all' } } }]) {
      await rig.configure(jwt(bad));
      await rig.until((gateway) => gateway.snapshot().problems.some(({ severity }) => severity === 'error'));
      assert.equal(await status(await signed(second, 'two', claims(), 'ES256')), 401, JSON.stringify(bad));
      await rig.configure({});
      await rig.until((gateway) => gateway.snapshot().problems.length === 0);
    }
    await rig.configure(jwt({ rolesClaim: '/realm/roles' }));
    await rig.until((gateway) => gateway.snapshot().problems.length === 0);
    const nested = await signed(second, 'two', claims({ roles: undefined, realm: { roles: ['reader'] } }), 'ES256');
    for (let i = 0; i < 300 && (await status(nested)) !== 200; i++) await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(await status(nested), 200);
  });

  it('lose their sessions when their last token ends', async () => {
    const brief = await signed(second, 'two', claims({ sub: 'jon', roles: undefined, realm: { roles: ['reader'] }, exp: nowSeconds() - 55 }), 'ES256');
    const agent = new LegacyAgent({ url: rig.url, token: brief });
    await agent.open();
    await rig.until((gateway) => !gateway.snapshot().sessions.some((session) => session.agent.startsWith('jon@')));
    assert.equal(await status(brief), 401);
  });

  it('come in to `vestibule serve`, which a workspace cannot tell whom to trust', async () => {
    const place = await makePlace();
    const own = { gateway: { jwt: section() } };
    await userServers(place, { servers: { srv: FIXTURE_ENTRY }, ...own });
    await place.servers({ servers: {}, gateway: { jwt: { ...section(), issuer: 'https://evil.example.com' } } });
    const serve = new Serve(inPlace(place, ['serve', '--approve-all']), behaving({ tools: [toolNamed('look')] }));
    try {
      const { url } = await serve.ready();
      await serve.logged(/cannot say who is let in/);
      const agent = new LegacyAgent({ url, token: await signed(second, 'two', claims({ sub: 'kim' }), 'ES256') });
      await agent.open();
      assert.ok(Array.isArray((await agent.request('tools/list')).result?.['tools']));
      const evil = await signed(second, 'two', claims({ iss: 'https://evil.example.com' }), 'ES256');
      const refused = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization: `Bearer ${evil}` }, body: '{}' });
      assert.equal(refused.status, 401);
    } finally {
      await serve.stop();
      await place.dispose();
    }
  });
});

