import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readFrame, rpcError, writeNotification, writeReply, writeRequest } from '../../src/proxy/json/frame.ts';

const read = (text: string) => readFrame(text, 64);
const problemOf = (text: string) => {
  const frame = read(text);
  return frame.kind === 'invalid' ? frame.problem : undefined;
};

describe('reading frames', () => {
  it('tells requests, notifications, results and errors apart', () => {
    assert.deepStrictEqual(read('{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":1e400}}'), {
      kind: 'request',
      id: '1',
      method: 'a',
      params: '{"x":1e400}',
    });
    assert.deepStrictEqual(read('{"jsonrpc":"2.0","method":"n"}'), { kind: 'notification', method: 'n', params: undefined });
    assert.deepStrictEqual(read('{"jsonrpc":"2.0","id":"1","result":{}}'), { kind: 'result', id: '"1"', result: '{}' });
    assert.deepStrictEqual(read('{"jsonrpc":"2.0","id":0,"error":{"code":1}}'), { kind: 'error', id: '0', error: '{"code":1}' });
  });

  it('keeps ids 0, "" and "0" apart and refuses ids MCP does not have', () => {
    for (const id of ['0', '""', '"0"', '-1']) {
      const frame = read(`{"jsonrpc":"2.0","id":${id},"method":"a"}`);
      assert.equal(frame.kind === 'request' && frame.id, id);
    }
    for (const id of ['null', '1.5', 'true', '[]', '{}']) assert.equal(problemOf(`{"jsonrpc":"2.0","id":${id},"method":"a"}`), 'not-jsonrpc');
  });

  it('names what is wrong with anything else', () => {
    assert.equal(problemOf('{'), 'not-json');
    assert.equal(problemOf(''), 'not-json');
    assert.equal(problemOf(' [{"jsonrpc":"2.0","method":"a"}]'), 'batch');
    assert.equal(problemOf('"a"'), 'not-jsonrpc');
    assert.equal(problemOf('{"id":1,"method":"a"}'), 'not-jsonrpc');
    assert.equal(problemOf('{"jsonrpc":"2.0","id":1}'), 'not-jsonrpc');
    assert.equal(problemOf('{"jsonrpc":"2.0","id":1,"method":"a","params":[1]}'), 'not-jsonrpc');
    assert.equal(problemOf(`{"jsonrpc":"2.0","method":"a","params":${'['.repeat(70)}${']'.repeat(70)}}`), 'too-deep');
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('{', '}', '"', '\\', ':', ',', '[', ']', '1', 'jsonrpc', '"2.0"', '"id"', '"method"') }), (text) => {
        read(text);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('writing frames', () => {
  it('gives one line that reads back the same', () => {
    const params = '{\n "a": "x\\ny",\r\n "b": 12345678901234567890 }';
    const text = writeRequest('"7"', 'tools/call', params);
    assert.ok(!/[\r\n]/.test(text));
    const frame = read(text);
    assert.ok(frame.kind === 'request' && frame.id === '"7"' && frame.params !== undefined);
    assert.deepStrictEqual(JSON.parse(frame.params), JSON.parse(params));
    assert.ok(frame.params.includes('12345678901234567890'));
    assert.equal(read(writeNotification('n', undefined)).kind, 'notification');
    assert.deepStrictEqual(read(writeReply('1', { result: '{}' })), { kind: 'result', id: '1', result: '{}' });
    assert.deepStrictEqual(read(writeReply('1', { error: rpcError(-32601, 'no', { a: 1 }) })), {
      kind: 'error',
      id: '1',
      error: '{"code":-32601,"message":"no","data":{"a":1}}',
    });
  });
});
