import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { secretsIn } from '../../src/proxy/redaction/find-secrets.ts';
import { Clock, MAX_FINDINGS, MAX_MS } from '../../src/proxy/scanner/limits.ts';
import { scanChange } from '../../src/proxy/scanner/scan-change.ts';
import { scanDefinition } from '../../src/proxy/scanner/scan-definition.ts';
import { scanServerName } from '../../src/proxy/scanner/servers.ts';
import type { Finding } from '../../src/proxy/scanner/types.ts';

/** What makes expressions run away when it is repeated: beginnings without ends, runs of one kind, nested marks. */
const HOSTILE = [
  ' ', '\n ', '\r', 'a', 'ab', 'aB1', 'eyJ', 'a_', 'a.', '. ', 'key-', 'sk-', 'secret_', 'password=', 'https://a@', '<important ', '<svg onload=', '![a](http://', '<!--',
  '%41', '\\u0041', '01010101 ', 'ignore the ', 'never tell ', 'without the ', 'read ~/.ssh/', 'tool_', 'i g n o r e ', '忽略', 'aа', '\u200b', '\u{e0041}', '\u202e', '\u001b[', '\ud800',
];

function scan(tool: unknown): readonly Finding[] {
  return scanDefinition({ server: 'own', kind: 'tool', raw: JSON.stringify(tool) }, { peers: [] });
}

// An expression that is not linear does not end within the time of the whole suite.
describe('hostile text', { timeout: 300_000 }, () => {
  for (const unit of HOSTILE) {
    it(`is scanned in linear time: ${JSON.stringify(unit)}`, () => {
      const long = unit.repeat(Math.ceil(1_000_000 / unit.length)).slice(0, 1_000_000);
      const whole = scan({ name: 'x', description: long });
      assert.ok(whole.some(({ code }) => code === 'unread' || code === 'unreadable'), 'what is left out is told');
      assert.ok(whole.length <= MAX_FINDINGS);
      const parts = scan({ name: 'x', inputSchema: { properties: Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`p${i}`, { description: long.slice(i, i + 3_000) }])) } });
      assert.ok(parts.length <= MAX_FINDINGS);
      assert.ok(secretsIn(long.slice(0, 200_000)).length <= 1_000);
    });
  }

  it('never throws, and its findings stay within the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.constantFrom(...HOSTILE), (text, unit) => {
        const description = text + unit.repeat(5) + text;
        for (const { path, span } of scan({ name: 'x', description })) if (path === '/description') assert.ok(span.start >= 0 && span.start <= span.end && span.end <= description.length);
      }),
      { numRuns: 200, seed: 7 },
    );
  });

  it('may be no JSON, nested deeply, or no object', () => {
    const of = (raw: string): readonly string[] => scanDefinition({ server: 'own', kind: 'tool', raw }, { peers: [] }).map(({ code }) => code);
    assert.deepEqual(of('{'), ['unreadable']);
    assert.deepEqual(of('['.repeat(5_000) + ']'.repeat(5_000)), ['unreadable']);
    assert.deepEqual(of('null'), []);
    assert.deepEqual(scanChange({ server: 'own', kind: 'tool', raw: '{' }, { server: 'own', kind: 'tool', raw: '{' }, { peers: [] }), []);
  });
});

describe('a scan without time left', () => {
  it('says so instead of calling a definition clean', () => {
    let spent = 0;
    const clock = new Clock(() => (spent += MAX_MS));
    const found = scanDefinition({ server: 'own', kind: 'tool', raw: JSON.stringify({ description: 'word '.repeat(2_000), title: 'word '.repeat(2_000) }) }, { peers: [] }, clock);
    assert.deepEqual(found.map(({ code }) => code), ['scan-failed']);
  });
});

describe('the name of a server', () => {
  it('is held against those beside it and those that everybody knows', () => {
    for (const [name, others] of [['g1thub', []], ['githubb', []], ['gіthub', []], ['weather-srv', ['weather-svr']], ['Notion', ['notion']]] as const) {
      assert.deepEqual(scanServerName(name, others).map(({ code }) => code), ['look-alike-server'], name);
    }
  });

  it('may be a known one, numbered, or like no other', () => {
    for (const [name, others] of [['github', ['gitlab']], ['GitHub', []], ['database1', ['database2']], ['team-a', ['team-b']], ['weather', ['weather-history']], ['own', ['own']]] as const) {
      assert.deepEqual(scanServerName(name, others), [], name);
    }
  });
});
