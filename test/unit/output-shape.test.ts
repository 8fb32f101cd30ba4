import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { members } from '../../src/proxy/json/slice.ts';
import { oversize } from '../../src/proxy/output/shape.ts';

interface Content {
  readonly type: string;
  readonly text?: string;
  readonly resource?: { readonly uri: string; readonly text?: string };
}
interface Result {
  readonly content: readonly Content[];
  readonly structuredContent?: unknown;
}

const KEPT = { key: 'abcdefghijklmnop', hours: 2 };

function shaped(result: unknown, limit: number): { readonly value: Result; readonly raw: string; readonly stream: string } {
  const over = oversize(JSON.stringify(result), limit);
  assert.ok(over, 'over its budget');
  const raw = over.render(KEPT);
  return { value: JSON.parse(raw) as Result, raw, stream: over.stream };
}

/** What counts towards the budget, measured independently of the code under test. */
function counted(result: Result): number {
  const texts = result.content.map((block) => block.text ?? block.resource?.text ?? '');
  return texts.join('').length + (result.structuredContent === undefined ? 0 : JSON.stringify(result.structuredContent).length);
}

const text = (text: string): Content => ({ type: 'text', text });

describe('oversize', () => {
  it('lets pass what fits, also when only an image makes it long', () => {
    assert.equal(oversize('{"content":[{"type":"text","text":"short"}]}', 100), undefined);
    assert.equal(oversize(JSON.stringify({ content: [{ type: 'image', data: 'A'.repeat(5_000), mimeType: 'image/png' }, text('short')] }), 100), undefined);
    assert.equal(oversize(`[${'1,'.repeat(500)}1]`, 100), undefined);
  });

  it('counts text, structuredContent and embedded text together', () => {
    const parts = { content: [text('x'.repeat(400)), { type: 'resource', resource: { uri: 'a:b', text: 'y'.repeat(400) } }], structuredContent: { z: 'z'.repeat(400) } };
    assert.ok(oversize(JSON.stringify(parts), 1_200));
    assert.equal(oversize(JSON.stringify(parts), 1_210), undefined);
  });

  it('cuts a text block at a line and says how to read on', () => {
    const lines = Array.from({ length: 1_000 }, (_, i) => `line ${i} ü`).join('\n');
    const { value, stream } = shaped({ content: [text(lines)] }, 4_000);
    assert.equal(stream, lines);
    const shown = value.content[0]?.text ?? '';
    const [head = '', note = ''] = shown.split(/\n\n(?=\[Cut)/);
    assert.ok(lines.startsWith(head) && head.endsWith('\n'));
    const read = /read_cache (\{.*?\})/.exec(note)?.[1] ?? '';
    assert.deepEqual(JSON.parse(read), { key: KEPT.key, offset: Buffer.byteLength(head) });
    assert.ok(note.includes(`${Buffer.byteLength(lines)} bytes in all`));
  });

  it('keeps everything that does not count, raw', () => {
    const raw = `{ "_meta": {"n": 12345678901234567890, "e":"\\u00e9"},"content":[{"type":"image","data":"QUJD" ,"mimeType":"image/png"},{"type":"text","text":"${'x'.repeat(3_000)}","annotations":{"priority":1.0}},{"type":"from-the-future","text":"${'z'.repeat(100)}"},{"type":"resource_link","uri":"a:b","name":"n"}],"isError":true,"later":1e0}`;
    const over = oversize(raw, 2_000);
    const shapedRaw = over?.render(KEPT) ?? '';
    const all = members(shapedRaw);
    assert.equal(all?.get('_meta'), '{"n": 12345678901234567890, "e":"\\u00e9"}');
    assert.equal(all.get('isError'), 'true');
    assert.equal(all.get('later'), '1e0');
    for (const part of ['{"type":"image","data":"QUJD" ,"mimeType":"image/png"}', `{"type":"from-the-future","text":"${'z'.repeat(100)}"}`, '{"type":"resource_link","uri":"a:b","name":"n"}', '"annotations":{"priority":1.0}']) {
      assert.ok(shapedRaw.includes(part), part);
    }
  });

  it('replaces structuredContent that is too large by a valid object, and the text says so', () => {
    const rows = { rows: Array.from({ length: 1_000 }, (_, id) => ({ id })) };
    const { value, stream } = shaped({ content: [text('see rows')], structuredContent: rows }, 4_000);
    const note = value.structuredContent as Record<string, unknown>;
    assert.equal(note['truncated'], true);
    assert.equal(note['key'], KEPT.key);
    assert.ok(JSON.stringify(rows).startsWith(note['head'] as string));
    assert.equal(value.content[0]?.text, 'see rows');
    assert.match(value.content[1]?.text ?? '', /structuredContent was replaced.*"path":"\/structuredContent"/);
    assert.deepEqual(JSON.parse(stream), { content: [text('see rows')], structuredContent: rows });
  });

  it('keeps structuredContent that fits beside a long text', () => {
    const { value } = shaped({ content: [text('x'.repeat(10_000))], structuredContent: { ok: true } }, 4_000);
    assert.deepEqual(value.structuredContent, { ok: true });
  });

  it('stores the text alone when it says the same as structuredContent', () => {
    const rows = { b: Array.from({ length: 500 }, (_, id) => ({ id, name: 'é' })), a: 1 };
    const pretty = JSON.stringify(rows, null, 2);
    assert.equal(shaped({ content: [text(pretty)], structuredContent: { a: 1, b: rows.b } }, 4_000).stream, pretty);
    assert.notEqual(shaped({ content: [text(pretty)], structuredContent: { a: 2, b: rows.b } }, 4_000).stream, pretty);
  });

  it('stores structuredContent alone when there is no text', () => {
    const structuredContent = { rows: 'x'.repeat(5_000) };
    assert.equal(shaped({ content: [], structuredContent }, 2_000).stream, JSON.stringify(structuredContent));
  });

  it('stores the raw result where the text is not well-formed, since UTF-8 would lose it', () => {
    const raw = `{"content":[{"type":"text","text":"\\ud800${'x'.repeat(5_000)}"}]}`;
    assert.equal(oversize(raw, 2_000)?.stream, raw);
  });

  it('says so when the rest could not be kept', () => {
    const over = oversize(JSON.stringify({ content: [text('x'.repeat(5_000))] }), 2_000);
    const cut = JSON.parse(over?.render({ problem: 'the disk is full.' }) ?? '') as Result;
    assert.match(cut.content[0]?.text ?? '', /not kept: the disk is full\. Ask the tool for less/);
    assert.doesNotMatch(cut.content[0]?.text ?? '', /read_cache/);
  });

  it('holds any result to any budget that has room for the note, and loses nothing', () => {
    const words = fc.string({ unit: fc.constantFrom('a', 'word ', '\n', '"', '\\', ',', 'é', '😀', '漢'), maxLength: 3_000 });
    const block = fc.oneof(
      words.map(text),
      words.map((body) => ({ type: 'resource', resource: { uri: 'file:///a', text: body } })),
      fc.constant({ type: 'image', data: 'QUJD', mimeType: 'image/png' }),
      fc.record({ type: fc.constant('resource_link'), uri: fc.constant('a:b') }),
    );
    const result = fc.record({ content: fc.array(block, { maxLength: 4 }), structuredContent: fc.record({ rows: fc.array(words, { maxLength: 3 }) }) }, { requiredKeys: ['content'] });
    fc.assert(
      fc.property(result, fc.integer({ min: 2_000, max: 6_000 }), (original, limit) => {
        const input = original as Result;
        const raw = JSON.stringify(input);
        const over = oversize(raw, limit);
        assert.equal(over === undefined, counted(input) <= limit);
        if (over === undefined) return;
        const output = JSON.parse(over.render(KEPT)) as Result;
        assert.ok(counted(output) <= limit, `${counted(output)} > ${limit}`);
        const counting = input.content.filter((item) => item.text !== undefined || item.resource !== undefined);
        if (over.stream === raw) return;
        // One part stands for the whole: it must really be the only one.
        const only = counting[0]?.text ?? counting[0]?.resource?.text;
        assert.ok(counting.length <= 1);
        assert.equal(over.stream, only ?? JSON.stringify(input.structuredContent));
        assert.ok(only === undefined || input.structuredContent === undefined);
      }),
    );
  });

  it('reads a repeated member as a JSON parser does', () => {
    const raw = `{"content":[{"type":"text","text":"${'x'.repeat(5_000)}"}],"content":[]}`;
    assert.equal(oversize(raw, 2_000), undefined);
  });
});
