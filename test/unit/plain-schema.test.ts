import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Validator } from '@cfworker/json-schema';
import fc from 'fast-check';
import { quickCheckOf } from '../../src/proxy/pipeline/plain-schema.ts';

const NAMES = ['a', 'b', '__proto__', 'constructor'];
const name = fc.constantFrom(...NAMES);
const scalar = fc.oneof(fc.string({ maxLength: 3 }), fc.boolean(), fc.integer({ min: -2, max: 2 }), fc.double(), fc.constant(null));
const member = fc.record(
  { type: fc.constantFrom('string', 'boolean', 'number', 'integer'), enum: fc.array(fc.oneof(fc.string({ maxLength: 1 }), fc.integer({ min: 0, max: 2 }), fc.boolean()), { minLength: 1, maxLength: 4 }), description: fc.string({ maxLength: 2 }) },
  { requiredKeys: ['type'] },
);
const schemas = fc.record(
  { type: fc.constant('object'), properties: fc.dictionary(name, member), required: fc.uniqueArray(name), additionalProperties: fc.boolean(), title: fc.string({ maxLength: 2 }) },
  { requiredKeys: ['type'] },
);
const values = fc.oneof(fc.dictionary(name, fc.oneof(scalar, fc.array(scalar, { maxLength: 1 }), fc.dictionary(name, scalar))), fc.array(scalar), scalar);

/** As JSON has it: `__proto__` is a member like any other. */
function asParsed<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

describe('the quick check of a plain schema', () => {
  it('takes nothing that the validator does not take', () => {
    let taken = 0;
    fc.assert(
      fc.property(schemas, values, (schema, value) => {
        const [plain, given] = [asParsed(schema), asParsed(value)];
        if (quickCheckOf(plain)?.(given) !== true) return;
        taken++;
        assert.equal(new Validator(plain as Record<string, unknown>, '2020-12', false).validate(given).valid, true);
      }),
      { numRuns: 3_000 },
    );
    assert.ok(taken > 0, 'nothing was taken');
  });

  it('takes ordinary arguments', () => {
    const check = quickCheckOf({ type: 'object', properties: { text: { type: 'string', description: 'x' }, count: { type: 'integer' }, kind: { type: 'string', enum: ['a', 'b'] } }, required: ['text'] });
    assert.equal(check?.({ text: 'hello', count: 3, kind: 'b', more: {} }), true);
    for (const wrong of [{}, { text: 1 }, { text: 'x', count: 1.5 }, { text: 'x', kind: 'c' }, [], null, 'x']) assert.equal(check(wrong), false);
    assert.equal(quickCheckOf({ type: 'object', properties: {}, additionalProperties: false })?.({ a: 1 }), false);
  });

  it('leaves every other schema to the validator', () => {
    for (const schema of [
      {},
      { type: 'object', properties: { a: { type: 'string', minLength: 1 } } },
      { type: 'object', properties: { a: { type: 'array' } } },
      { type: 'object', properties: { a: true } },
      { type: 'object', properties: { a: { type: ['string', 'null'] } } },
      { type: 'object', properties: { a: { type: 'string', enum: [{}] } } },
      { type: 'object', required: 'a' },
      { type: 'object', additionalProperties: {} },
      { type: 'object', minProperties: 1 },
      { type: 'object', $ref: '#/$defs/x' },
    ])
      assert.equal(quickCheckOf(schema), undefined, JSON.stringify(schema));
  });
});
