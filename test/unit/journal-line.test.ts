import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CHAIN_START, readCall, readSeal, sealLine, wantedCall } from '../../src/proxy/journal/line.ts';
import { callMembers } from '../../src/proxy/journal/record-text.ts';
import { Redactor } from '../../src/proxy/redaction/redactor.ts';
import type { CallEntry, CallRecord } from '../../src/proxy/journal/types.ts';

const ENTRY: CallEntry = {
  time: Date.UTC(2026, 10, 20, 12),
  id: 'c1',
  session: 's1',
  agent: 'editor',
  client: 'Visual Studio Code 1.120',
  server: 'github',
  tool: 'create_issue',
  digest: 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
  route: 'call_tool',
  arguments: '{"owner":"o","id":12345678901234567890}',
  outcome: 'ok',
  code: undefined,
  durationMs: 12.5,
  bytesIn: 20,
  bytesOut: 400,
  truncated: false,
  findings: [],
  traceparent: undefined,
};

function record(entry: Partial<CallEntry>): CallRecord {
  const read = readCall(sealLine(callMembers({ ...ENTRY, ...entry }, new Redactor()), CHAIN_START).line);
  assert.ok(read);
  return read;
}

describe('a journal line', () => {
  it('has the members of the contract in their order, and no others', () => {
    const whole = record({ code: 'timeout', traceparent: '00-a-b-01' });
    assert.deepEqual(Object.keys(whole), ['v', 'seq', 'time', 'id', 'session', 'agent', 'client', 'server', 'tool', 'digest', 'route', 'arguments', 'outcome', 'code', 'durationMs', 'bytesIn', 'bytesOut', 'tokensOut', 'truncated', 'findings', 'traceparent', 'prev', 'hash']);
    assert.deepEqual(Object.keys(record({ digest: undefined, arguments: undefined })).filter((key) => ['digest', 'arguments', 'code', 'traceparent'].includes(key)), []);
  });

  it('hashes to the SHA-256 of itself without its last member, and links to the line before', () => {
    const first = sealLine(callMembers(ENTRY, new Redactor()), CHAIN_START);
    const second = sealLine(callMembers(ENTRY, new Redactor()), first.end);
    const { hash, prev, seq } = JSON.parse(second.line) as CallRecord;
    assert.equal(prev, (JSON.parse(first.line) as CallRecord).hash);
    assert.equal(seq, 2);
    const unhashed = second.line.replace(`,"hash":"${hash}"`, '');
    assert.equal(createHash('sha256').update(unhashed).digest('hex'), hash);
    assert.ok(second.line.includes('12345678901234567890'));
  });

  it('is known to be changed after any single change', () => {
    const { line } = sealLine(callMembers(ENTRY, new Redactor()), CHAIN_START);
    assert.equal(readSeal(line)?.intact, true);
    fc.assert(
      fc.property(fc.nat(line.length - 1), fc.constantFrom('0', 'a', '"', ' ', 'é'), (at, c) => {
        fc.pre(line[at] !== c);
        const changed = line.slice(0, at) + c + line.slice(at + 1);
        assert.notEqual(readSeal(changed)?.intact, true);
      }),
    );
  });

  it('stays one line and one record whatever names hold', () => {
    const hostile = 'a\n{"v":1,"seq":9}\u2028\r\u0000","prev":"x';
    const { line } = sealLine(callMembers({ ...ENTRY, tool: hostile, server: hostile, client: hostile, arguments: JSON.stringify({ [hostile]: hostile }) }, new Redactor()), CHAIN_START);
    assert.ok(!line.includes('\n') && !line.includes('\r'));
    assert.equal(readCall(line)?.tool, hostile);
    assert.equal(readSeal(line)?.intact, true);
  });

  it('records long arguments shortened, with their size and without secrets', () => {
    const raw = JSON.stringify({ path: '/a/b', content: 'word '.repeat(10_000), list: Array.from({ length: 1_000 }, (_, i) => i), password: 'x'.repeat(9) });
    const recorded = record({ arguments: raw }).arguments as Record<string, unknown>;
    assert.deepEqual(recorded['vestibule/shortened'], { bytes: raw.length });
    assert.equal(recorded['path'], '/a/b');
    assert.equal(recorded['password'], '[redacted]');
    assert.match(String(recorded['content']), /^word .*… \[50000 characters\]$/);
    assert.equal((recorded['list'] as unknown[]).length, 51);
  });

  it('records only the size of arguments that stay long when shortened', () => {
    const wide = Object.fromEntries(Array.from({ length: 49 }, (_, i) => [`k${i}`, 'word '.repeat(99)]));
    const raw = JSON.stringify(wide);
    assert.deepEqual(record({ arguments: raw }).arguments, { 'vestibule/shortened': { bytes: raw.length } });
  });

  it('estimates tokens of the answer, or of its size', () => {
    assert.equal(record({}).tokensOut, 100);
    assert.equal(record({ answer: '{"content":[{"type":"text","text":"one two three"}]}' }).tokensOut, 3);
  });

  it('matches filters', () => {
    const line = JSON.stringify(record({}));
    for (const filter of [{}, { tool: 'create_issue' }, { until: ENTRY.time }, { server: 'github' }, { agent: 'editor' }, { outcome: 'ok' }, { since: ENTRY.time }, { text: 'STUDIO' }, { text: 'create_', server: 'github' }] as const) assert.ok(wantedCall(line, filter), JSON.stringify(filter));
    for (const filter of [{ server: 'git' }, { tool: 'create' }, { until: ENTRY.time - 1 }, { agent: 'x' }, { outcome: 'refused' }, { since: ENTRY.time + 1 }, { text: 'absent' }, { text: 'create_', server: 'x' }] as const) assert.ok(wantedCall(line, filter) === undefined, JSON.stringify(filter));
  });
});
