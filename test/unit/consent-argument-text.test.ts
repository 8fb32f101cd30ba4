import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { argumentChanges, argumentLines } from '../../src/proxy/consent/argument-text.ts';

describe('arguments as a person reads them', () => {
  it('are a tree, with digits as they were written', () => {
    const raw = '{"path":"/tmp/x","count":1.50,"labels":["a","b"],"options":{"force":true,"none":{}},"body":"one\\ntwo"}';
    assert.deepEqual(argumentLines(raw), [
      'path: "/tmp/x"',
      'count: 1.50',
      'labels:',
      '  - "a"',
      '  - "b"',
      'options:',
      '  force: true',
      '  none: {}',
      'body:',
      '  │ one',
      '  │ two',
    ]);
    assert.deepEqual(argumentLines('{}'), ['(no arguments)']);
  });

  it('hide nothing: no invisible character, no name that passes for a value, nothing left out', () => {
    assert.deepEqual(argumentLines(JSON.stringify({ 'a: 1\nb': 'x\u202Ey\u200B' })), ['"a: 1\\nb": "x\\u{202E}y\\u{200B}"']);
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), { maxKeys: 5 }), (value) => {
        const text = argumentLines(JSON.stringify(value)).join('\n');
        assert.doesNotMatch(text, /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Co}]|[\u200b-\u200f\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
    const long = 'x'.repeat(20_000) + 'END';
    assert.match(argumentLines(JSON.stringify({ long })).join('\n'), /END"$/);
  });

  it('are compared value by value', () => {
    assert.deepEqual(argumentChanges('{"a":1,"b":{"c":"x","d":[1,2]},"e":null}', '{"b":{"c":"y","d":[1,2,3]},"a":1}'), ['~ b.c: "x" → "y"', '+ b.d[2]: 3', '- e: null']);
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => assert.deepEqual(argumentChanges(JSON.stringify(value), JSON.stringify(value, undefined, 2)), [])));
  });
});
