/* Agents that come in by a token that its issuer is asked about (`gateway.introspection`, RFC 7662): real HTTP on both sides. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createIntrospection } from '../../src/headless/jwt/introspection.ts';
import type { GatewayOptions } from '../../src/proxy/options.ts';
import { behaving, FIXTURE_ENTRY, inPlace, toolNamed, userServers } from '../fixtures/cli.ts';
import { Serve } from '../fixtures/cli-serve.ts';
import { eventually } from '../fixtures/eventually.ts';
import { LegacyAgent } from '../fixtures/relay/agents.ts';
import { startRelayRig, stdioPeer, type RelayRig } from '../fixtures/relay/rig.ts';
import { makePlace } from '../fixtures/serve.ts';

const ISSUER = 'https://login.example.com/tenant';
const AUDIENCE = 'https://vestibule.example.com';
const SECRET = 'a secret:with + odd/signs';
const PEER = stdioPeer({ tools: [{ name: 'look', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } }] });
const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

type Answer = (response: ServerResponse) => void;

/** An authorization server that is asked about tokens. */
class Introspector {
  /** What it says of tokens; others are not active. */
  readonly tokens = new Map<string, unknown>();
  /** Tokens it was asked about, in order. */
  readonly asked: string[] = [];
  instead: Answer | undefined;
  /** Which way its client has to prove itself. */
  authentication: 'basic' | 'post' = 'basic';
  readonly #server = createServer((request, response) => {
    void this.#answer(request, response);
  });

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/introspect`;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(request));
    const token = form.get('token') ?? '';
    assert.deepEqual([request.method, request.url, request.headers['content-type'], form.get('token_type_hint')], ['POST', '/introspect', 'application/x-www-form-urlencoded', 'access_token']);
    this.asked.push(token);
    if (this.instead !== undefined) return this.instead(response);
    // Each half is form-encoded before they are joined (RFC 6749 §2.3.1).
    const [id, secret] = Buffer.from(request.headers.authorization?.replace(/^Basic /, '') ?? '', 'base64').toString('utf8').split(':').map((half) => new URLSearchParams(`x=${half}`).get('x'));
    const known = this.authentication === 'basic' ? id === 'gate:way' && secret === SECRET && !form.has('client_secret') : form.get('client_id') === 'gate:way' && form.get('client_secret') === SECRET && request.headers.authorization === undefined;
    if (!known) return void response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"invalid_client"}');
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(this.tokens.get(token) ?? { active: false }));
  }
}

const active = (more: object = {}): object => ({ active: true, iss: ISSUER, aud: AUDIENCE, sub: 'ann', scope: 'openid reader', exp: nowSeconds() + 3_600, token_type: 'Bearer', ...more });

describe('agents with a token that its issuer is asked about', { timeout: 180_000 }, () => {
  const provider = new Introspector();
  const logged: string[] = [];
  let rig: RelayRig;
  let secret = SECRET;
  let tokens = 0;

  const section = (more: object = {}): object => ({
    gateway: { introspection: { issuer: ISSUER, audience: [AUDIENCE, 'another'], url: provider.url, clientId: 'gate:way', clientSecret: '${env:NOT_ASKED_HERE}', cacheSeconds: 300, roles: { admin: { tier: 'destructive' }, reader: { tools: ['look'] }, shown: { tier: 'destructive', profile: 'some' } }, ...more } },
    profiles: { some: { tools: ['echo'] } },
  });
  const openIntrospection: GatewayOptions['openIntrospection'] = (settings) => Promise.resolve(createIntrospection({ settings, secret: () => Promise.resolve(secret), timeoutMs: 60_000 }));
  const given = (says: unknown): string => {
    const token = `opaque_token-${++tokens}.~+/=`;
    provider.tokens.set(token, says);
    return token;
  };
  const status = async (token: string): Promise<number> => {
    const response = await fetch(rig.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization: `Bearer ${token}` },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } } }),
    });
    const body = await response.text();
    if (response.status === 401) assert.deepEqual([response.headers.get('www-authenticate'), /valid bearer token/.test(body), /active|issuer|audience|expired|scope|introspect/i.test(body)], ['Bearer', true, false], body);
    return response.status;
  };
  const agentOf = async (token: string): Promise<LegacyAgent> => {
    const agent = new LegacyAgent({ url: rig.url, token });
    await agent.open();
    return agent;
  };
  const toolsOf = async (token: string): Promise<string[]> => {
    const agent = await agentOf(token);
    const { result } = await agent.request('tools/list');
    await agent.close();
    return (result?.['tools'] as { name: string }[]).map(({ name }) => name).filter((name) => name.startsWith('ops_'));
  };
  const askedAbout = (token: string): number => provider.asked.filter((one) => one === token).length;
  let mark = 0;
  /** Another section, from when it counts. */
  const configure = async (more: object): Promise<void> => {
    const name = `mark-${++mark}`;
    const { gateway } = section(more) as { gateway: object };
    await rig.configure({ gateway, profiles: { some: { tools: ['echo'] }, [name]: {} } });
    await rig.until((of) => of.snapshot().profiles?.includes(name) === true);
  };

  before(async () => {
    await provider.start();
    rig = await startRelayRig({ ops: PEER }, { openIntrospection, log: (_, message, data) => logged.push(`${message} ${JSON.stringify(data ?? {})}`) }, section());
  });
  beforeEach(() => {
    provider.instead = undefined;
    secret = SECRET;
  });
  after(async () => {
    for (const token of provider.tokens.keys()) assert.ok(!logged.join('\n').includes(token), 'a token in the log');
    assert.ok(!logged.join('\n').includes(SECRET));
    await rig[Symbol.asyncDispose]();
    await provider.stop();
  });

  it('are let in while it is active, with the grant of their first role of the file, and recorded by name', async () => {
    const token = given(active());
    assert.deepEqual(await toolsOf(token), ['ops_look']);
    assert.ok((await toolsOf(given(active({ sub: 'bob', scope: 'reader admin' })))).includes('ops_echo'), 'the first role of the file');
    assert.deepEqual(await toolsOf(given(active({ sub: 'eve', scope: ['shown'], aud: ['x', 'another'] }))), ['ops_echo'], 'a profile narrows; one of several audiences');
    const agent = await agentOf(token);
    const refused = await agent.request('tools/call', { name: 'ops_echo', arguments: {} });
    assert.equal(refused.result?.['isError'], true);
    await agent.request('tools/call', { name: 'ops_look', arguments: {} });
    const [record] = await rig.gateway.calls({ tool: 'look' });
    assert.equal(record?.agent, 'token:ann@login.example.com/tenant');
    assert.ok(!JSON.stringify(await rig.gateway.calls({})).includes(token));
    await agent.close();
    assert.equal(askedAbout(token), 1, 'however many requests came');
    // A client on its own behalf, without an end, an issuer and a kind that the provider may leave out.
    assert.equal(await status(given({ active: true, aud: AUDIENCE, client_id: 'job', scope: 'reader' })), 200);
  });

  it('are refused without a word about why: what the answer does not say does not count', async () => {
    const bad: Readonly<Record<string, unknown>> = {
      'not active': { active: false },
      'active in words': active({ active: 'true' }),
      'no word of it': { ...active(), active: undefined },
      'another issuer': active({ iss: `${ISSUER}/` }),
      'no audience': active({ aud: undefined }),
      'another audience': active({ aud: ['https://elsewhere.example.com'] }),
      'bound to a key': active({ token_type: 'DPoP' }),
      'over': active({ exp: nowSeconds() - 1 }),
      'an end that is no time': active({ exp: 'soon' }),
      'not yet': active({ nbf: nowSeconds() + 600 }),
      'nobody': active({ sub: undefined }),
      'an empty name': active({ sub: '' }),
      'no role': active({ scope: undefined }),
      'a role of nobody': active({ scope: 'writer __proto__' }),
      'a list': [active()],
      'nothing': null,
    };
    for (const [why, says] of Object.entries(bad)) assert.equal(await status(given(says)), 401, why);
    // Our own tokens are asked about nowhere, and what is no token at all neither.
    const { token } = await rig.gateway.addAgent({ name: 'own' });
    assert.deepEqual([await status(token), await status(rig.token)], [200, 200]);
    assert.ok(askedAbout(token) + askedAbout(rig.token) === 0);
    const before = provider.asked.length;
    for (const odd of ['a b', 'a,b', 'a"b', 'x'.repeat(5_000)]) assert.equal(await status(odd), 401);
    assert.equal(provider.asked.length, before);
  });

  it('are refused where the provider cannot be asked, does not know us, or answers oddly; and the log says so, without them', async () => {
    const odd: Readonly<Record<string, Answer>> = {
      'down': (response) => void response.writeHead(503).end(),
      'moved': (response) => void response.writeHead(307, { location: provider.url }).end(),
      'no JSON': (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('active'),
      'without end': (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(`{"active":true,"x":"${'x'.repeat(300_000)}"}`),
      'gone': (response) => void response.destroy(),
    };
    for (const [why, answer] of Object.entries(odd)) {
      provider.instead = answer;
      assert.equal(await status(given(active())), 401, why);
    }
    provider.instead = () => undefined;
    const settings = { issuer: ISSUER, audience: [AUDIENCE], url: provider.url, clientId: 'gate:way', clientSecret: '', authentication: 'basic', cacheSeconds: 60, rolesClaim: 'scope', roles: new Map() } as const;
    await assert.rejects(createIntrospection({ settings, secret: () => Promise.resolve(SECRET), timeoutMs: 100 }).verify('never-answered'), /did not answer in time/);
    provider.instead = undefined;
    secret = 'another';
    assert.equal(await status(given(active())), 401, 'a client that it does not know');
    assert.ok(logged.some((line) => /Tokens of https:\/\/login\.example\.com\/tenant cannot be checked: its introspection endpoint/.test(line)), logged.join('\n'));
    // Nobody is locked out for long by that: what could not be told is asked again.
    secret = SECRET;
    const token = given(active({ sub: 'later' }));
    provider.instead = odd['down'];
    assert.equal(await status(token), 401);
    provider.instead = undefined;
    await eventually(async () => (await status(token)) === 200);
    provider.authentication = 'post';
    await configure({ authentication: 'post' });
    assert.equal(await status(given(active())), 200, 'the secret in the form, where the person says so');
    provider.authentication = 'basic';
    await configure({});
  });

  it('are asked about once at a time, and once while the answer counts; a no counts for a while as well', async () => {
    const token = given(active({ sub: 'busy' }));
    assert.deepEqual(new Set(await Promise.all(Array.from({ length: 20 }, () => status(token)))), new Set([200]));
    assert.equal(askedAbout(token), 1);
    const unknown = 'nobody-gave-this-out';
    assert.deepEqual(new Set(await Promise.all(Array.from({ length: 20 }, () => status(unknown)))), new Set([401]));
    assert.equal(await status(unknown), 401);
    assert.equal(askedAbout(unknown), 1);
  });

  it('are out once it is taken back, within what an answer counts: at a request, and without one', async () => {
    await configure({ cacheSeconds: 1 });
    const token = given(active({ sub: 'gone' }));
    const agent = await agentOf(token);
    await agent.listen();
    const other = given(active({ sub: 'stays' }));
    const stays = await agentOf(other);
    await stays.listen();
    const has = (name: string): boolean => rig.gateway.snapshot().sessions.some((session) => session.agent.startsWith(`${name}@`));
    assert.ok(has('gone') && has('stays'));
    provider.tokens.delete(token);
    // It asks for nothing more: what it would be sent has to end all the same.
    await rig.until(() => !has('gone'));
    assert.equal(await status(token), 401);
    assert.ok(has('stays'));
    // The provider is away: nobody is let in on old answers, and nobody loses a session over it.
    provider.instead = (response) => void response.writeHead(503).end();
    await eventually(async () => (await status(other)) === 401);
    assert.ok(has('stays'));
    provider.instead = undefined;
    await eventually(async () => (await status(other)) === 200);
    await stays.close();
    // An end that the answer names holds before that.
    await configure({ cacheSeconds: 300 });
    const brief = given(active({ sub: 'brief', exp: nowSeconds() + 8 }));
    const short = await agentOf(brief);
    await short.listen();
    await rig.until(() => !has('brief'));
    assert.equal(await status(brief), 401);
    assert.equal(askedAbout(brief), 1);
  });

  it('are out at once when the section is, or says something else; one with anything wrong in it lets nobody in', async () => {
    const token = given(active({ sub: 'ivy' }));
    assert.equal(await status(token), 200);
    await configure({ audience: 'another' });
    assert.equal(await status(token), 401);
    for (const wrong of [{ url: 'http://login.example.com/introspect' }, { clientSecret: 'in-plain-text' }, { clientId: undefined }, { roles: undefined }, { audience: [] }, { cacheSeconds: 3_600 }, { authentication: 'none' }]) {
      await configure(wrong);
      assert.ok(rig.gateway.snapshot().problems.some(({ severity }) => severity === 'error'), JSON.stringify(wrong));
      assert.equal(await status(given(active())), 401, JSON.stringify(wrong));
    }
    await configure({});
    assert.deepEqual([rig.gateway.snapshot().problems, await status(token)], [[], 200]);
  });

  it('are let in by the program, whose secret stands in its environment; a folder cannot say who is', async () => {
    const place = await makePlace();
    provider.tokens.set('from-outside', active());
    const { gateway, profiles } = section() as { gateway: { introspection: object }; profiles: object };
    await place.servers({ servers: {}, gateway: { introspection: { ...gateway.introspection, audience: 'nobody' } } });
    await userServers(place, { servers: { srv: FIXTURE_ENTRY }, profiles, gateway: { introspection: { ...gateway.introspection, clientSecret: '${secret:idp}' } } });
    const serving = new Serve(inPlace(place, ['serve', '--approve-all', '--mode', 'direct']), { ...behaving({ tools: [toolNamed('look')] }), VESTIBULE_SECRET_IDP: SECRET });
    try {
      const { url } = await serving.ready();
      const agent = new LegacyAgent({ url, token: 'from-outside' });
      await agent.open();
      assert.ok(((await agent.request('tools/list')).result?.['tools'] as { name: string }[]).length > 0);
      await agent.close();
      assert.ok(serving.log.some(({ message }) => /cannot say who is let in \("introspection"\)/.test(message)));
      assert.ok(!JSON.stringify(serving.log).includes('from-outside') && !JSON.stringify(serving.log).includes(SECRET));
    } finally {
      await serving.stop();
      await place.dispose();
    }
  });
});
