import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { createAuthenticator } from '../../src/proxy/downstream/authenticator.ts';
import { FULL_GRANT, type Principal } from '../../src/proxy/model.ts';

const principal = (id: string): Principal => ({ id, kind: 'agent', label: id, grant: FULL_GRANT });
const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

describe('the authenticator', () => {
  it('knows the owner and the agents of this moment', () => {
    const agents = new Map([[hashOf('agent-token'), principal('a')]]);
    const authenticator = createAuthenticator({ token: 'owner-token', principal: principal('owner'), agent: (hash) => agents.get(hash.toString('hex')) });
    const who = (authorization: string | undefined): string | undefined => authenticator.authenticate(authorization)?.id;
    assert.equal(who('Bearer owner-token'), 'owner');
    assert.equal(who('Bearer agent-token'), 'a');
    assert.equal(who('Bearer other'), undefined);
    agents.clear();
    assert.equal(who('Bearer agent-token'), undefined, 'revoked');
  });

  it('asks nobody about agents for the owner, and for what is no bearer token', () => {
    const authenticator = createAuthenticator({ token: 't', principal: principal('owner'), agent: () => assert.fail('asked') });
    assert.equal(authenticator.authenticate('Bearer t')?.id, 'owner');
    for (const authorization of [undefined, '', 'Basic t', 'Bearer t t', 'Bearer t,u', 'bearer t']) assert.equal(authenticator.authenticate(authorization), undefined);
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
