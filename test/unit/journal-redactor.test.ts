import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { REDACTED, Redactor } from '../../src/proxy/redaction/redactor.ts';
import { isSensitiveKey } from '../../src/proxy/redaction/secret-patterns.ts';
import { FORMATS } from '../fixtures/secrets.ts';

/** The part of a sample that must not survive: its longest unbroken run. */
function core(sample: string): string {
  return sample.match(/[A-Za-z0-9]+/g)?.reduce((a, b) => (b.length > a.length ? b : a)) ?? '';
}

describe('Redactor', () => {
  for (const [name, sample] of FORMATS) {
    it(`masks: ${name}`, () => {
      const redactor = new Redactor();
      for (const text of [sample, `before ${sample} after`, `x=(${sample})`]) {
        const clean = redactor.text(text);
        assert.ok(!clean.includes(core(sample)), clean);
        assert.ok(clean.includes(REDACTED));
      }
    });
  }

  it('leaves what is no secret alone', () => {
    const redactor = new Redactor();
    for (const text of [
      'Create an issue in owner/repo with the labels bug and help wanted',
      'basic understanding of authentication; bearer certificates and basic functionality',
      'max_tokens: 4096, tokenizer: o200k, passwordless login',
      '6f1ed002ab5595859014ebf0951522d9a1b2c3d4',
      '550e8400-e29b-41d4-a716-446655440000',
      'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
      'https://example.com/a@b?page=2#top',
      'src/proxy/journal/secret-patterns.ts:12:7',
      'sk-learn is a library, hf_hub too, key-value stores are many',
      '2026-11-20T12:00:00.000Z INFO status=200',
    ]) {
      assert.equal(redactor.text(text), text);
    }
  });

  it('masks values under sensitive names, whatever their type and spelling', () => {
    const clean = new Redactor().json('{"API-Key":"x","auth":{"user":"a"},"password":12345,"refreshToken":["a"],"hasPassword":true,"token":null,"query":"y","max_tokens":5}');
    assert.deepEqual(JSON.parse(clean), { 'API-Key': REDACTED, auth: REDACTED, password: REDACTED, refreshToken: REDACTED, hasPassword: true, token: null, query: 'y', max_tokens: 5 });
  });

  it('masks the value of a pair whose name is sensitive', () => {
    assert.equal(new Redactor().json('[{"name":"Authorization","value":"short"},{"name":"Accept","value":"short"}]'), `[{"name":"Authorization","value":"${REDACTED}"},{"name":"Accept","value":"short"}]`);
  });

  it('knows sensitive names from ordinary ones', () => {
    for (const key of ['authorization', 'Proxy-Authorization', 'set-cookie', 'x-api-key', 'client_secret', 'GITHUB_TOKEN', 'db.password', 'Mcp-Session-Id', 'aws_secret_access_key', 'privateKey']) assert.ok(isSensitiveKey(key), key);
    for (const key of ['owner', 'tokens', 'max_tokens', 'keyboard', 'secretary', 'author', 'path', 'id', 'key']) assert.ok(!isSensitiveKey(key), key);
  });

  it('writes JSON as JSON.stringify would, but for integers no double holds', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'small' }), (value) => {
        const raw = JSON.stringify(value);
        // Names are judged by their letters alone: "P In" is a pin.
        fc.pre(!/(?:pass|pin|otp|auth|sid|jwt|sig|token|secret|bearer|cookie|credential)/i.test(raw.replace(/[^a-z]/gi, '')));
        assert.equal(new Redactor().json(JSON.stringify(value, null, 2)), raw);
      }),
    );
    assert.equal(new Redactor().json('{ "id" : 12345678901234567890, "n": 1.50, "e": 1e2 }'), '{"id":12345678901234567890,"n":1.5,"e":100}');
  });

  it('keeps members named like parts of an object', () => {
    assert.equal(new Redactor().json('{"__proto__":1,"constructor":2}'), '{"__proto__":1,"constructor":2}');
  });

  it('bounds depth, number of values and length of strings', () => {
    const redactor = new Redactor();
    assert.match(redactor.json('['.repeat(200) + ']'.repeat(200)), /too many values/);
    assert.ok(redactor.json(`[${'1,'.repeat(100_000)}1]`).length < 400_000 * 10);
    assert.equal(redactor.json(JSON.stringify('x'.repeat(70_000))), '"[70000 characters, not recorded]"');
  });

  it('takes time in proportion to hostile text', () => {
    const redactor = new Redactor();
    redactor.addKnown('known-secret-value');
    for (const unit of ['eyJ-', 'sk-', '%', 'a%', '://', 'password', '-----BEGIN PRIVATE KEY-----', 'token=', 'M1234567890123456789012345.', '&code', 'bearer ', 'A', 'basic a']) {
      const text = unit.repeat(Math.ceil(64_000 / unit.length)).slice(0, 64_000);
      const start = performance.now();
      redactor.text(text);
      const took = performance.now() - start;
      assert.ok(took < 500, `${unit}: ${took} ms`);
    }
  });

  describe('known values', () => {
    const secrets = fc.string({ unit: fc.oneof(fc.constantFrom('/', '+', ' ', '"', '\\', '%', '=', 'é', '&'), fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 })), minLength: 8, maxLength: 40 });

    it('vanish in every spelling, wherever they stand', () => {
      fc.assert(
        fc.property(secrets, fc.string({ unit: 'grapheme-ascii', maxLength: 5 }), (secret, around) => {
          fc.pre(secret.trim().length >= 6 && !REDACTED.includes(secret) && !around.includes(secret));
          const redactor = new Redactor();
          redactor.addKnown(secret);
          const base64 = (text: string): string => Buffer.from(text).toString('base64');
          const percentAll = [...Buffer.from(secret)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
          const spellings = [secret, base64(secret), base64(`user:${secret}`), base64(`${around}${secret}${around}`), Buffer.from(`ab${secret}`).toString('base64url'), encodeURIComponent(secret), encodeURIComponent(secret).replaceAll(/%../g, (code) => code.toLowerCase()), percentAll, new URLSearchParams([['x', secret]]).toString(), encodeURIComponent(base64(`user:${secret}`)), JSON.stringify({ value: secret })];
          for (const spelling of spellings) {
            const clean = redactor.text(`see ${spelling} there`);
            assert.ok(!clean.includes(spelling), `${JSON.stringify(spelling)} in ${clean}`);
            assert.ok(!clean.includes(secret));
          }
        }),
      );
    });

    it('vanish from JSON, keys included', () => {
      const redactor = new Redactor();
      redactor.addKnown('hunter2-hunter2');
      assert.ok(!redactor.json('{"a":["x hunter2-hunter2 y"],"hunter2-hunter2":1}').includes('hunter2'));
    });

    it('are ignored when they are too short to tell', () => {
      const redactor = new Redactor();
      redactor.addKnown('abc');
      assert.equal(redactor.text('abcdef'), 'abcdef');
    });
  });
});
