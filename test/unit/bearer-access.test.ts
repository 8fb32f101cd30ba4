import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { BearerAccess } from '../../src/proxy/agents/bearer-access.ts';
import type { BearerSettings } from '../../src/proxy/config/types.ts';
import { FULL_GRANT } from '../../src/proxy/model.ts';

const SETTINGS: BearerSettings = { issuer: 'https://login.example.com', audience: ['a'], roles: new Map([['reader', { grant: FULL_GRANT }]]), rolesClaim: 'roles' };

describe('bearers of tokens of an identity provider', () => {
  it('are never taken for each other, also where one is called what another is shortened to', async () => {
    // A token that says its subject in clear: whether tokens are genuine is tested where they are verified.
    const verify = (subject: string) => Promise.resolve({ subject, expiresAt: Infinity, roles: ['reader'] });
    const access = new BearerAccess<BearerSettings>({ kind: 'jwt', open: () => Promise.resolve({ verify }), recheckMs: () => 1_000, refusedMs: 0, through: (principal) => principal, warn: (message) => assert.fail(message) });
    access.apply(SETTINGS);
    const digest = createHash('sha256').update('josé', 'utf8').digest('base64url');
    const subjects = ['josé', digest, `sha256:${digest}`, 'ann', 'x'.repeat(200)];
    const ids = await Promise.all(subjects.map(async (subject) => (await access.find(subject))?.id));
    assert.equal(new Set(ids).size, subjects.length, JSON.stringify(ids));
    assert.equal(ids[3], 'jwt:ann@login.example.com');
    access.dispose();
  });
});
