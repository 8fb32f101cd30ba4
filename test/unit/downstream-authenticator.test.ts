import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { createAuthenticator, type KnownAgent } from '../../src/proxy/downstream/authenticator.ts';
import { FULL_GRANT, type Principal } from '../../src/proxy/model.ts';

const principal = (id: string): Principal => ({ id, kind: 'agent', label: id, grant: FULL_GRANT });
const known = (token: string, id: string, expiresAt?: number): KnownAgent => ({
  tokenHash: createHash('sha256').update(token).digest('hex'),
  principal: principal(id),
  expiresAt,
});

describe('the authenticator', () => {
  it('knows the owner and the agents of this moment', () => {
    const agents: KnownAgent[] = [];
    const authenticator = createAuthenticator({ token: 'owner-token', principal: principal('owner'), agents: () => agents });
    const who = (authorization: string | undefined): string | undefined => authenticator.authenticate(authorization)?.id;
    assert.equal(who('Bearer owner-token'), 'owner');
    assert.equal(who('Bearer agent-token'), undefined);
    agents.push(known('agent-token', 'a'), known('other', 'b'));
    assert.equal(who('Bearer agent-token'), 'a');
    assert.equal(who('Bearer other'), 'b');
    agents.shift();
    assert.equal(who('Bearer agent-token'), undefined, 'revoked');
  });

  it('refuses expired and malformed agents', () => {
    const agents = [known('old', 'old', Date.now() - 1), known('new', 'new', Date.now() + 60_000), { ...known('x', 'x'), tokenHash: 'zz' }];
    const authenticator = createAuthenticator({ token: 't', principal: principal('owner'), agents: () => agents });
    assert.equal(authenticator.authenticate('Bearer old'), undefined);
    assert.equal(authenticator.authenticate('Bearer new')?.id, 'new');
    assert.equal(authenticator.authenticate('Bearer x'), undefined);
  });

  it('lets nobody in by an empty token', () => {
    const authenticator = createAuthenticator({ token: '', principal: principal('owner') });
    for (const authorization of [undefined, '', 'Bearer', 'Bearer ', 'Bearer  ']) assert.equal(authenticator.authenticate(authorization), undefined);
  });

  it('takes everybody for one principal without authentication', () => {
    const authenticator = createAuthenticator({ noAuth: principal('local') });
    for (const authorization of [undefined, 'Bearer x', 'Basic y']) assert.equal(authenticator.authenticate(authorization)?.id, 'local');
  });
});
