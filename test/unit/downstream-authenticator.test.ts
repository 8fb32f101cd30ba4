import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { createAuthenticator } from '../../src/proxy/downstream/authenticator.ts';
import { FULL_GRANT, type Principal } from '../../src/proxy/model.ts';

const principal = (id: string): Principal => ({ id, kind: 'agent', label: id, grant: FULL_GRANT });
const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/** Who is let in at once; these tests have nobody who takes time. */
function idOf(who: ReturnType<ReturnType<typeof createAuthenticator>['authenticate']>): string | undefined {
  return who instanceof Promise ? assert.fail('it takes time') : who?.id;
}

describe('the authenticator', () => {
  it('knows the owner and the agents of this moment', () => {
    const agents = new Map([[hashOf('agent-token'), principal('a')]]);
    const authenticator = createAuthenticator({ token: 'owner-token', principal: principal('owner'), agent: (hash) => agents.get(hash.toString('hex')) });
    const who = (authorization: string | undefined): string | undefined => idOf(authenticator.authenticate(authorization));
    assert.equal(who('Bearer owner-token'), 'owner');
    assert.equal(who('Bearer agent-token'), 'a');
    assert.equal(who('Bearer other'), undefined);
    agents.clear();
    assert.equal(who('Bearer agent-token'), undefined, 'revoked');
  });

  it('asks nobody about agents for the owner, and for what is no bearer token', () => {
    const authenticator = createAuthenticator({ token: 't', principal: principal('owner'), agent: () => assert.fail('asked') });
    assert.equal(idOf(authenticator.authenticate('Bearer t')), 'owner');
    for (const authorization of [undefined, '', 'Basic t', 'Bearer t t', 'Bearer t,u', 'bearer t']) assert.equal(authenticator.authenticate(authorization), undefined);
  });

  it('lets nobody in by an empty token', () => {
    const authenticator = createAuthenticator({ token: '', principal: principal('owner') });
    for (const authorization of [undefined, '', 'Bearer', 'Bearer ', 'Bearer  ']) assert.equal(authenticator.authenticate(authorization), undefined);
  });

  it('asks about tokens of an identity provider only where there is one, and about nothing else', async () => {
    const jwt = `${'a'.repeat(900)}.${'b'.repeat(2_000)}.${'c'.repeat(600)}`;
    const asked: string[] = [];
    const owned = { token: 't', principal: principal('owner'), agent: () => undefined };
    assert.equal(createAuthenticator(owned).authenticate(`Bearer ${jwt}`), undefined);
    const authenticator = createAuthenticator({
      ...owned,
      bearer: (token) => {
        asked.push(token);
        return Promise.resolve(principal('jwt:x'));
      },
    });
    assert.equal((await authenticator.authenticate(`Bearer ${jwt}`))?.id, 'jwt:x');
    assert.equal(idOf(authenticator.authenticate('Bearer t')), 'owner');
    for (const other of [`Bearer ${jwt}.d`, `Bearer ${jwt} x`, `bearer ${jwt}`, 'Bearer a.b', 'Bearer a..c', `Bearer a.${'b'.repeat(9_000)}.c`]) assert.equal(idOf(authenticator.authenticate(other)), undefined);
    assert.deepEqual(asked, [jwt]);
  });

  it('asks last about tokens that say nothing, and never about those it knows', async () => {
    const asked: string[] = [];
    const opaque = (token: string): Promise<Principal> => {
      asked.push(token);
      return Promise.resolve(principal('token:x'));
    };
    const authenticator = createAuthenticator({ token: 't', principal: principal('owner'), agent: () => undefined, bearer: () => Promise.resolve(undefined), opaque });
    for (const token of ['opaque', 'a.b', 'a.b.c', 'x'.repeat(4_000)]) assert.equal((await authenticator.authenticate(`Bearer ${token}`))?.id, 'token:x');
    assert.deepEqual(asked, ['opaque', 'a.b', 'a.b.c', 'x'.repeat(4_000)]);
    assert.equal(idOf(authenticator.authenticate('Bearer t')), 'owner');
    for (const other of [undefined, 'Basic x', 'Bearer a b', 'Bearer a,b', `Bearer ${'x'.repeat(5_000)}`]) assert.equal(authenticator.authenticate(other), undefined);
    assert.equal(asked.length, 4);
  });

  it('takes everybody for one principal without authentication', () => {
    const authenticator = createAuthenticator({ noAuth: principal('local') });
    for (const authorization of [undefined, 'Bearer x', 'Basic y']) assert.equal(idOf(authenticator.authenticate(authorization)), 'local');
  });
});
