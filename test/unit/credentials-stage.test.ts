import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Redactor } from '../../src/proxy/redaction/redactor.ts';

const KEY = 'k-4711/very+secret key';

describe('credentials of another server', () => {
  const redactor = new Redactor();
  redactor.addKnown(KEY, 'mail');
  redactor.addKnown('password', 'files');

  it('are known in every form that a server could read them in', () => {
    const unicode = Array.from(KEY, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
    for (const raw of [JSON.stringify({ a: KEY }), `{"a":"${unicode}"}`, `{"a":"${KEY.replace('/', '\\/')}"}`, JSON.stringify([Buffer.from(KEY).toString('base64')]), JSON.stringify({ [encodeURIComponent(KEY)]: 1 })]) {
      assert.equal(redactor.holdsAnothersCredential(raw, 'files'), true, raw);
      assert.equal(redactor.holdsAnothersCredential(raw, 'mail'), false, raw);
    }
  });

  it('are no words that anybody may write', () => {
    assert.equal(redactor.holdsAnothersCredential('{"field":"password"}', 'mail'), false);
  });

  it('are looked for among those that came later, and given up for a server that has one too', () => {
    const later = new Redactor();
    assert.equal(later.holdsAnothersCredential(JSON.stringify(KEY), 'files'), false);
    later.addKnown(KEY);
    assert.equal(later.holdsAnothersCredential(JSON.stringify(KEY), 'files'), true);
    later.addKnown(KEY, 'files');
    assert.equal(later.holdsAnothersCredential(JSON.stringify(KEY), 'files'), false);
    assert.equal(later.holdsAnothersCredential(JSON.stringify(KEY), 'mail'), true);
  });

  it('are in no arguments that were made without them', () => {
    fc.assert(
      fc.property(fc.json(), (raw) => {
        assert.equal(redactor.holdsAnothersCredential(raw, 'files'), false);
      }),
    );
  });
});
