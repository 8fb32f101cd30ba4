import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { modernResult } from '../../src/proxy/downstream/modern-result.ts';

const INFO = '{"name":"vestibule"}';
const KEY = 'io.modelcontextprotocol/serverInfo';

describe('modernResult', () => {
  it('adds what a result lacks and changes nothing it has', () => {
    const meta = fc.option(fc.dictionary(fc.constantFrom('a', 'b', KEY), fc.integer()), { nil: undefined });
    const result = fc.record(
      { resultType: fc.constantFrom('complete', 'input_required'), ttlMs: fc.nat(), cacheScope: fc.constantFrom('public', 'private'), _meta: meta, tools: fc.array(fc.jsonValue()), x: fc.jsonValue() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(result, fc.constantFrom('tools/list', 'tools/call', 'server/discover'), fc.constantFrom(undefined, 2), (given, method, indent) => {
        const before = JSON.parse(JSON.stringify(given)) as Record<string, unknown>;
        const after = JSON.parse(modernResult(method, JSON.stringify(given, null, indent), INFO)) as Record<string, unknown>;
        const cacheable = method !== 'tools/call' && (before['resultType'] ?? 'complete') === 'complete';
        assert.deepEqual(after, {
          resultType: 'complete',
          ...(cacheable && { ttlMs: 0, cacheScope: 'private' }),
          ...before,
          _meta: { [KEY]: { name: 'vestibule' }, ...(before['_meta'] as object | undefined) },
        });
      }),
    );
  });

  it('leaves a result alone whose _meta is no object, or that is none itself', () => {
    assert.equal(modernResult('tools/call', '{"resultType":"complete","_meta":7}', INFO), '{"resultType":"complete","_meta":7}');
    assert.equal(modernResult('tools/call', '[]', INFO), '[]');
  });
});
