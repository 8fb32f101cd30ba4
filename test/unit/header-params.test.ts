import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { headerParamsOf, headerProblemOf, headerTextOf } from '../../src/proxy/catalog/header-params.ts';
import { mirroredArguments } from '../../src/proxy/pipeline/mirrored-arguments.ts';
import { toolFixture } from '../fixtures/calls.ts';

const marked = (type: unknown, name: unknown = 'Region'): Record<string, unknown> => ({ type: 'object', properties: { a: { type, 'x-mcp-header': name } } });

describe('arguments that travel in headers', () => {
  it('are found wherever only properties lead', () => {
    const schema = { type: 'object', properties: { a: { type: 'string', 'x-mcp-header': 'Region' }, b: { type: 'object', properties: { 'x-mcp-header': { type: 'boolean', 'x-mcp-header': 'Deep' } } }, c: { type: 'string' } } };
    assert.equal(headerProblemOf(schema), undefined);
    assert.deepEqual(headerParamsOf(schema), [{ header: 'mcp-param-region', path: ['a'] }, { header: 'mcp-param-deep', path: ['b', 'x-mcp-header'] }]);
    assert.deepEqual(headerParamsOf({ type: 'object', properties: { a: { type: 'string', default: 'x-mcp-header' } } }), []);
  });

  it('make a definition invalid where they are marked wrongly', () => {
    const twice = { type: 'object', properties: { a: { type: 'string', 'x-mcp-header': 'Region' }, b: { type: 'string', 'x-mcp-header': 'REGION' } } };
    const inItems = { type: 'object', properties: { a: { type: 'array', items: { type: 'string', 'x-mcp-header': 'A' } } } };
    const inChoice = { type: 'object', oneOf: [marked('string')] };
    const inDefinitions = { type: 'object', $defs: { x: marked('string') } };
    const bad = [...['number', 'object', 'array', 'null', undefined, ['string', 'null']].map((type) => marked(type)), ...['', 'My Region', 'a:b', 'Région', 'a\tb', 7, null].map((name) => marked('string', name)), twice, inItems, inChoice, inDefinitions, { type: 'object', 'x-mcp-header': 'Root' }];
    for (const schema of bad) {
      assert.match(headerProblemOf(schema) ?? '', /^"x-mcp-header" of .*\.$/, JSON.stringify(schema));
      assert.deepEqual(headerParamsOf(schema), []);
    }
    for (const type of ['string', 'integer', 'boolean']) assert.equal(headerProblemOf(marked(type)), undefined);
  });

  it('are told as text where a header can tell them', () => {
    const [param = assert.fail()] = headerParamsOf(marked('string'));
    for (const [value, text] of [['x', 'x'], ['', ''], [42, '42'], [false, 'false'], [null, undefined], [undefined, undefined], [1.5, undefined], [2 ** 60, undefined], [{}, undefined]] as const) {
      assert.equal(headerTextOf(param, { a: value }), text, JSON.stringify(value));
    }
    for (const args of [undefined, null, 7, [], {}, Object.create({ a: 'inherited' })]) assert.equal(headerTextOf(param, args), undefined);
  });

  it('are written so that every text survives', () => {
    const tool = toolFixture('s', 't', { inputSchema: marked('string') });
    const header = (value: unknown): string | undefined => mirroredArguments(tool, JSON.stringify({ a: value }))?.['mcp-param-region'];
    for (const plain of ['us-west1', 'us west 1', '~!"#']) assert.equal(header(plain), plain);
    for (const wrapped of ['', ' x', 'x ', 'Hello, 世界', 'a\r\nb', '\tx', '=?base64?eA==?=']) {
      assert.equal(header(wrapped), `=?base64?${Buffer.from(wrapped).toString('base64')}?=`);
    }
    assert.equal(header(null), undefined);
    assert.equal(mirroredArguments(toolFixture('s', 't'), '{"a":"x"}'), undefined);
  });
});
