import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import { ModernAgent } from '../fixtures/relay/agents.ts';
import { call, codeOf, listed, Pattern, said } from './kit.ts';

const ISSUER = 'https://login.example.com/tenant';
const AUDIENCE = 'https://vestibule.example.com';

describe('pattern: zero trust', { timeout: 240_000 }, () => {
  const gateway = new Pattern('zero-trust');
  let folder = '';
  let key: CryptoKey;
  let other: CryptoKey;
  const provider = createServer();
  after(() => {
    provider.closeAllConnections();
    provider.close();
  });
  after(() => rm(folder, { recursive: true, force: true }));

  before(async () => {
    const pair = await generateKeyPair('ES256');
    key = pair.privateKey;
    other = (await generateKeyPair('ES256')).privateKey;
    const keys = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }] });
    provider.on('request', (_, response: ServerResponse) => response.writeHead(200, { 'content-type': 'application/json' }).end(keys));
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
    // The page's file, with the provider of this test.
    folder = await mkdtemp(join(tmpdir(), 'vestibule-jwt-'));
    const text = await readFile(join(gateway.folder, 'servers.json'), 'utf8');
    await writeFile(join(folder, 'servers.json'), text.replace(`${ISSUER}/keys`, `http://127.0.0.1:${(provider.address() as AddressInfo).port}/keys`));
    const { args, env } = gateway.command('serve');
    await gateway.startWith({ args: args.map((arg) => (arg === 'servers.json' ? join(folder, arg) : arg)), env });
  });

  /** A token as the provider makes it, or nearly. */
  const token = (claims: JWTPayload, { by = key, issuer = ISSUER, audience = AUDIENCE, expires = '5m' }: { by?: CryptoKey; issuer?: string; audience?: string; expires?: string } = {}): Promise<string> =>
    new SignJWT({ sub: 'ada', ...claims }).setProtectedHeader({ alg: 'ES256', kid: 'one' }).setIssuedAt().setIssuer(issuer).setAudience(audience).setExpirationTime(expires).sign(by);
  const agent = async (role: string): Promise<ModernAgent> => new ModernAgent({ url: gateway.endpoint().url, token: await token({ roles: [role] }) });
  const status = async (bearer: string): Promise<number> =>
    (await fetch(gateway.endpoint().url, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...(bearer !== '' && { authorization: `Bearer ${bearer}` }) }, body: '{}' })).status;

  it('gives each role what it names', async () => {
    const own = async (role: string): Promise<string[]> => (await listed(await agent(role))).filter((name) => name !== 'read_cache').sort();
    assert.deepEqual(await own('support'), ['tickets_create_ticket', 'tickets_search']);
    assert.deepEqual(await own('reader'), ['tickets_search', 'wiki_search']);
    assert.equal(said(await call(await agent('support'), 'tickets_create_ticket', { title: 'x' })).tool, 'create_ticket');
    assert.notEqual(codeOf(await call(await agent('reader'), 'tickets_create_ticket', { title: 'x' })), undefined);
    assert.notEqual(codeOf(await call(await agent('support'), 'tickets_purge_tickets')), undefined);
  });

  it('answers whatever is wrong with a token as it answers none', async () => {
    const roles = { roles: ['support'] };
    assert.notEqual(await status(await token(roles)), 401);
    const hmac = await new SignJWT({ sub: 'ada', ...roles }).setProtectedHeader({ alg: 'HS256', kid: 'one' }).setIssuer(ISSUER).setAudience(AUDIENCE).setExpirationTime('5m').sign(new TextEncoder().encode('a secret that everybody can guess'));
    const wrong = {
      none: '',
      expired: await token(roles, { expires: '-10m' }),
      audience: await token(roles, { audience: 'https://elsewhere.example.com' }),
      issuer: await token(roles, { issuer: 'https://login.example.com/other' }),
      key: await token(roles, { by: other }),
      algorithm: hmac,
      role: await token({ roles: ['nobody-knows-it'] }),
      roleless: await token({}),
    };
    for (const [why, bearer] of Object.entries(wrong)) assert.equal(await status(bearer), 401, why);
  });

  it('records who it was', async () => {
    const [first] = await gateway.recorded();
    assert.deepEqual([first?.agent, first?.tool, first?.outcome], ['jwt:ada@login.example.com/tenant', 'create_ticket', 'ok']);
  });
});
