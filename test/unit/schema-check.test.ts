import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileSchemaCheck } from '../../src/proxy/pipeline/schema-check.ts';

const OBJECT = {
  type: 'object',
  properties: {
    owner: { type: 'string', minLength: 1 },
    labels: { type: 'array', items: { type: 'string' } },
    state: { enum: ['open', 'closed'] },
    nested: { type: 'object', properties: { count: { type: 'integer' } }, required: ['count'] },
  },
  required: ['owner'],
  additionalProperties: false,
};

describe('schema check', () => {
  it('accepts what fits', () => {
    assert.deepEqual(compileSchemaCheck(OBJECT)({ owner: 'a', labels: ['x'], state: 'open', nested: { count: 3 } }), []);
  });

  it('names the path of what does not fit', () => {
    const check = compileSchemaCheck(OBJECT);
    assert.match(JSON.stringify(check({})), /owner/);
    assert.ok(check({ owner: 'a', labels: ['x', 7] }).some(({ path }) => path === '/labels/1'));
    assert.ok(check({ owner: 'a', nested: { count: 'x' } }).some(({ path }) => path === '/nested/count'));
    assert.ok(check({ owner: 'a', other: 1 }).length > 0);
    assert.ok(check({ owner: 'a', state: 'ajar' }).some(({ path }) => path === '/state'));
  });

  it('follows local references', () => {
    const check = compileSchemaCheck({ type: 'object', properties: { at: { $ref: '#/$defs/point' } }, $defs: { point: { type: 'object', required: ['x'] } } });
    assert.ok(check({ at: {} }).length > 0);
    assert.deepEqual(check({ at: { x: 1 } }), []);
  });

  it('leaves to the upstream what could hang or reach out: patterns, remote and circular references, huge schemas', () => {
    const evil = compileSchemaCheck({ type: 'object', properties: { s: { type: 'string', pattern: '^(([a-z])+.)+[A-Z]([a-z])+$' } } });
    assert.deepEqual(evil({ s: 'a'.repeat(60) }), []);
    assert.deepEqual(compileSchemaCheck({ type: 'object', properties: { x: { $ref: 'https://example.com/schema.json' } } })({ x: 1 }), []);
    assert.deepEqual(compileSchemaCheck({ $ref: '#' })({}), []);
    assert.deepEqual(compileSchemaCheck({ type: 'object', properties: { e: { enum: Array.from({ length: 100_000 }, (_, i) => i) } } })({ e: 'no' }), []);
    let deep: Record<string, unknown> = { type: 'string' };
    for (let i = 0; i < 5_000; i++) deep = { type: 'object', properties: { a: deep } };
    assert.deepEqual(compileSchemaCheck(deep)({ a: 1 }), []);
  });

  it('treats properties named like keywords or prototype members as plain properties', () => {
    const check = compileSchemaCheck({
      type: 'object',
      properties: { pattern: { type: 'string' }, format: { type: 'string' }, constructor: { type: 'string' }, ['__proto__']: { type: 'string' } },
    });
    assert.ok(check({ pattern: 1 }).length > 0);
    assert.ok(check({ format: 1 }).length > 0);
    assert.deepEqual(check({ pattern: 'a' }), []);
  });
});
