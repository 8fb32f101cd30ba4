import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isReadable, readDefinition, type Definition } from '../../src/proxy/catalog/definition.ts';
import { readInstructions } from '../../src/proxy/catalog/instructions.ts';
import { TOOLS } from '../../src/proxy/catalog/kinds.ts';
import { ListingReader, type ReadListing } from '../../src/proxy/catalog/listing-reader.ts';
import { digestOf } from '../../src/proxy/json/canonical.ts';

function good(raw: string): Definition {
  const result = readDefinition(raw);
  assert.ok(isReadable(result), isReadable(result) ? '' : result.problem);
  return result;
}

function problemOf(raw: string): string {
  const result = readDefinition(raw);
  assert.ok(!isReadable(result), raw.slice(0, 80));
  assert.ok(result.fix !== '');
  return result.problem;
}

function readAll(raws: readonly string[], known: readonly Definition[] = []): ReadListing<Definition> {
  const reader = new ListingReader(TOOLS, 'server', raws, known);
  while (!reader.step(1_000));
  return reader.result();
}

const tool = (name: string, more: Readonly<Record<string, unknown>> = {}): string => JSON.stringify({ name, inputSchema: { type: 'object' }, ...more });

describe('reading a definition', () => {
  it('keeps the text as received and digests all of it', () => {
    const raw = '{ "name": "a", "x-unknown": {"b":2,"a":1}, "inputSchema": {"type":"object","maximum":9007199254740993} }';
    const read = good(raw);
    assert.equal(read.raw, raw);
    assert.equal(read.digest, digestOf(raw));
    assert.notEqual(read.digest, good(raw.replace('9007199254740993', '9007199254740992')).digest);
  });

  it('takes any name of 1 to 1024 characters', () => {
    for (const name of ['with space', '🛠️', 'x'.repeat(300), 'x'.repeat(1024), '__proto__', 'constructor', '../..', 'a:b', '\u202e', 'tab\t']) {
      assert.equal(good(tool(name)).name, name);
    }
    assert.match(problemOf(tool('')), /no name/);
    assert.match(problemOf(tool('x'.repeat(1025))), /1025/);
    for (const name of ['1', 'null', '["a"]', '{}']) assert.match(problemOf(`{"name":${name}}`), /no name/);
  });

  it('gives a tool without a schema one without arguments, and holds a schema that is none', () => {
    assert.deepStrictEqual(good('{"name":"a"}').inputSchema, { type: 'object' });
    assert.deepStrictEqual(good('{"name":"a","inputSchema":{}}').inputSchema, {});
    for (const schema of ['null', '[]', '"object"', 'true', '{"type":"string"}', '{"type":["object"]}', '{"properties":[]}', '{"required":"a"}', '{"required":[1]}']) {
      assert.match(problemOf(`{"name":"a","inputSchema":${schema}}`), /inputSchema/);
    }
  });

  it('counts null as absent and holds members of the wrong kind, so that no client refuses the whole list', () => {
    const nothing = good('{"name":"a","title":null,"description":null,"annotations":null,"outputSchema":null,"icons":null,"_meta":null}');
    assert.deepStrictEqual([nothing.title, nothing.description, nothing.annotations], [undefined, '', {}]);
    for (const member of ['title', 'description', 'annotations', 'outputSchema', 'icons', '_meta']) {
      assert.match(problemOf(`{"name":"a","${member}":42}`), new RegExp(member));
    }
    assert.match(problemOf('{"name":"a","annotations":{"readOnlyHint":"true"}}'), /readOnlyHint/);
  });

  it('judges the tier from annotations, unannotated as destructive', () => {
    const tierOf = (annotations: unknown): string => good(tool('a', { annotations })).tier;
    assert.equal(tierOf({ readOnlyHint: true }), 'read');
    assert.equal(tierOf({ readOnlyHint: false, destructiveHint: false }), 'write');
    assert.equal(tierOf({ destructiveHint: false }), 'write');
    for (const annotations of [undefined, {}, { readOnlyHint: false }, { destructiveHint: true }, { idempotentHint: true }, { readOnlyHint: null }]) {
      assert.equal(tierOf(annotations), 'destructive');
    }
  });

  it('reads title, description and annotations as they are', () => {
    const read = good(tool('a', { title: 'T', description: 'D', annotations: { title: 'A', readOnlyHint: true, openWorldHint: false, other: 1 } }));
    assert.deepStrictEqual([read.title, read.description, read.annotations], ['T', 'D', { title: 'A', readOnlyHint: true, openWorldHint: false }]);
    assert.equal(good(tool('a', { annotations: { title: 'A' } })).title, 'A');
  });

  it('holds what two readers could understand differently', () => {
    assert.match(problemOf('{"name":"a","name":"b"}'), /twice/);
    assert.match(problemOf('{"name":"a","inputSchema":{"type":"object","type":"object"}}'), /twice/);
    assert.match(problemOf(String.raw`{"name":"a\ud800"}`), /surrogate/);
    assert.match(problemOf(String.raw`{"name":"a","description":"\udc00"}`), /surrogate/);
  });

  it('holds what is too large or too deep, by its name', () => {
    const deep = `{"name":"deep","inputSchema":${'{"a":'.repeat(64)}1${'}'.repeat(64)}}`;
    assert.match(problemOf(deep), /deeper/);
    assert.equal(readDefinition(deep).name, 'deep');
    assert.ok(isReadable(readDefinition(`{"name":"a","inputSchema":${'{"a":'.repeat(63)}1${'}'.repeat(63)}}`)));
    const large = tool('large', { description: 'é'.repeat(256 * 1024) });
    assert.match(problemOf(large), /bytes/);
    assert.equal(readDefinition(large).name, 'large');
    assert.ok(isReadable(readDefinition(tool('fits', { description: 'x'.repeat(512 * 1024 - 100) }))));
  });

  it('holds what is no object', () => {
    for (const raw of ['null', '[]', '"a"', '1', '', '{', 'undefined']) assert.match(problemOf(raw), /not a JSON object/);
  });

  it('keeps keys such as __proto__ as data and freezes all it parsed', () => {
    const read = good('{"name":"a","inputSchema":{"type":"object","properties":{"__proto__":{"type":"string"}},"__proto__":{"polluted":true}}}');
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
    assert.ok(Object.hasOwn(read.inputSchema, '__proto__'));
    const properties = read.inputSchema['properties'] as object;
    assert.ok(Object.isFrozen(read.inputSchema) && Object.isFrozen(properties) && Object.isFrozen(Object.values(properties)[0]));
    assert.ok(Object.isFrozen(read.annotations));
  });

  it('never throws', () => {
    const piece = fc.constantFrom('{', '}', '"name"', ':', '"a"', ',', '[', ']', '"inputSchema"', 'null', '\\', '"', '1e999', '"__proto__"');
    fc.assert(fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => void readDefinition(pieces.join(''))), { numRuns: 3_000 });
  });
});

describe('reading a listing', () => {
  it('serves every good tool beside bad ones', () => {
    const { definitions, held } = readAll([tool('a'), '{"name":7}', tool('b'), 'null', tool('c')]);
    assert.deepStrictEqual(definitions.map(({ name }) => name), ['a', 'b', 'c']);
    assert.deepStrictEqual(held.map(({ index, server }) => [index, server]), [[1, 'server'], [3, 'server']]);
  });

  it('holds every definition of a repeated name, also when one of them is unreadable', () => {
    const { definitions, held } = readAll([tool('a'), tool('b'), tool('a', { title: 'other' }), '{"name":"b","inputSchema":[]}', tool('c')]);
    assert.deepStrictEqual(definitions.map(({ name }) => name), ['c']);
    assert.deepStrictEqual(held.map(({ name, index }) => `${name ?? ''}${index}`), ['a0', 'b1', 'a2', 'b3']);
  });

  it('keeps known definitions the same objects, by text or by digest', () => {
    const first = readAll([tool('a'), '{"name":"b","title":"x","inputSchema":{"type":"object"}}']).definitions;
    const again = readAll([tool('a'), '{"title":"x", "inputSchema":{"type":"object"}, "name":"b"}'], first).definitions;
    assert.ok(again[0] === first[0] && again[1] === first[1]);
    const changed = readAll([tool('a', { title: 'new' })], first).definitions;
    assert.ok(changed[0] !== first[0]);
  });

  it('is bounded, and says what was left out', () => {
    const { definitions, held } = readAll(Array.from({ length: 10_050 }, (_, i) => `{"name":"t${i}"}`));
    assert.equal(definitions.length, 10_000);
    assert.equal(held.length, 1);
    assert.match(held[0]?.problem ?? '', /10050 tools; from number 10001/);
  });

  it('knows before reading which texts are unchanged', () => {
    const first = readAll([tool('a'), tool('b')]).definitions;
    assert.deepStrictEqual(new ListingReader(TOOLS, 'server', [tool('b'), tool('c'), tool('b')], first).known(), [first[1]]);
  });
});

describe('instructions', () => {
  it('are pinned like a definition', () => {
    assert.deepStrictEqual(readInstructions('"a\\u0062"'), { text: 'ab', digest: digestOf('"ab"') });
    for (const raw of [undefined, 'null', '""']) assert.equal(readInstructions(raw), undefined);
    for (const raw of ['{}', '1', '"\\ud800"', `"${'x'.repeat(512 * 1024)}"`, '"open']) {
      const read = readInstructions(raw);
      assert.ok(read !== undefined && 'problem' in read, raw.slice(0, 20));
    }
  });
});
