import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { secretsIn, withoutSpans } from '../../src/proxy/redaction/find-secrets.ts';
import { FORMATS, longestRun, noise } from '../fixtures/secrets.ts';
import { labelledTools } from '../fixtures/scanner/corpus.ts';

describe('secrets in text that is passed on', () => {
  it('are found in nearly every known format', (t) => {
    const missed = [...FORMATS].filter(([, sample]) => withoutSpans(`before ${sample} after`, secretsIn(`before ${sample} after`), '').includes(longestRun(sample))).map(([name]) => name);
    t.diagnostic(`${FORMATS.size} formats, missed: ${missed.join(', ')}`);
    assert.ok(missed.length <= 0.15 * FORMATS.size, missed.join(', '));
  });

  it('are nowhere in the definitions of real tools', () => {
    for (const { id, tool } of labelledTools().filter((row) => row.class === 'benign_real' || row.class === 'benign_cisco')) {
      const text = JSON.stringify(tool);
      assert.deepEqual(secretsIn(text).map(({ start, end }) => text.slice(start, end)), [], id);
    }
  });

  it('are not what looks like one: digests, identifiers, code, placeholders, zeros', () => {
    for (const text of [
      '6f1ed002ab5595859014ebf0951522d9a1b2c3d4', '550e8400-e29b-41d4-a716-446655440000', 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
      'password = config.password', 'token: process.env.GITHUB_TOKEN', 'api_key="YOUR_API_KEY_HERE"', 'secret: <your secret>', 'const token = getToken(request)',
      `000000000000000000000000000000000000`, 'AKIAIOSFODNN7EXAMPLE', 'next_page_token: 12', 'the session token is sent as a cookie', 'Authorization: Bearer ${TOKEN}',
      'https://example.com/a@b?page=2#top', 'max_tokens: 4096', '"password": "string"', 'token=0x0000000000000000000000000000000000000000',
    ]) {
      assert.deepEqual(secretsIn(text).map(({ start, end }) => text.slice(start, end)), [], text);
    }
  });

  it('come in order and do not overlap', () => {
    const [first, second] = [['gh', 'p_', noise(36)].join(''), ['sk', '-proj-', noise(48)].join('')];
    const text = `token=${first} and https://anna:${noise(12)}@example.com with ${second}`;
    const spans = secretsIn(text);
    assert.equal(spans.length, 3);
    spans.forEach(({ start, end }, i) => assert.ok(start < end && start >= (spans[i - 1]?.end ?? 0)));
    assert.equal(withoutSpans(text, spans, '…'), 'token=… and https://…@example.com with …');
  });
});
