/* Tools: definitions, arguments, results, errors. */
import { said } from '../client/client.ts';
import { number, parse } from '../lossless.ts';
import type { Side } from '../side.ts';
import type { Json } from '../types.ts';
import type { Feature } from './feature.ts';

const BIG = number('12345678901234567890');

async function definition(side: Side, name: string): Promise<Json> {
  const found = (await side.list('tools/list', 'tools')).find((tool) => tool['name'] === side.name(name));
  if (found === undefined) throw new Error(`${name} is not listed`);
  return found;
}

const CONTENT = [
  { type: 'text', text: 'plain', annotations: { audience: ['user'], priority: 0.9, lastModified: '2026-01-12T15:00:58Z', 'x-a': 1 }, _meta: { t: 1 } },
  { type: 'text', text: '' },
  { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png', annotations: { audience: [] }, _meta: { i: 1 } },
  { type: 'audio', data: 'UklGRg==', mimeType: 'audio/wav', 'x-audio': 1 },
  { type: 'resource_link', uri: 'fixture://text', name: 'text', title: 'T', mimeType: 'text/plain', size: 3, icons: [{ src: 'data:,' }], annotations: { priority: 1 } },
  { type: 'resource', resource: { uri: 'fixture://made/here', mimeType: 'text/plain', text: 'embedded', _meta: { r: 1 } }, annotations: { priority: 0 } },
  { type: 'resource', resource: { uri: 'fixture://blob', blob: 'AAEC' } },
  { type: 'x-hologram', rays: [{ angle: 1 }], 'x-unknown': true },
];

export const TOOL_FEATURES: readonly Feature[] = [
  {
    name: 'unknown fields',
    run: async (side) => ({
      definition: await definition(side, 'annotated'),
      heard: parse(said(await side.call('echo', { a: 1, 'x-arg': [null] }, { 'x-later': { added: true }, name_: 'x' }))),
      result: await side.call('answer', { result: { content: [], 'x-result': { n: 1 }, nothing: null } }),
    }),
  },
  {
    name: '`_meta`',
    run: async (side) => ({
      heard: parse(said(await side.call('echo', {}, { _meta: { 'example.org/a': { b: [1] }, traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'x=1', baggage: 'k=v' } }))),
      result: await side.call('answer', { result: { content: [{ type: 'text', text: 'x', _meta: { c: 1 } }], _meta: { 'example.org/r': null } } }),
    }),
  },
  {
    name: 'content of every type',
    run: async (side) => [await side.call('answer', { result: { content: CONTENT } }), await side.call('answer', { result: { content: CONTENT.slice(0, 3), isError: true } })],
  },
  { name: 'annotations', run: async (side) => definition(side, 'annotated') },
  { name: 'icons', run: async (side) => (await definition(side, 'annotated'))['icons'] },
  {
    name: 'outputSchema, structured content',
    run: async (side) => ({
      schema: (await definition(side, 'annotated'))['outputSchema'],
      result: await side.call('annotated', { n: 1 }),
      // The modern era allows any JSON value.
      others: await Promise.all([{ a: { b: 1 } }, [1, 'two', null], 'text', 7, false].map((structuredContent) => side.call('answer', { result: { content: [], structuredContent } }))),
    }),
  },
  {
    name: 'errors',
    run: async (side) => [
      await side.call('fail', { code: -32602, message: 'Bad ünï', data: { why: [1, BIG], 'x-data': null } }),
      await side.call('fail', { code: -32000, message: '', data: {} }),
      await side.call('fail', { code: 42, message: 'a code of its own' }),
    ],
  },
  {
    name: 'integers beyond 2^53',
    run: async (side) => ({
      heard: parse(said(await side.call('echo', { big: BIG, negative: number('-98765432109876543210'), exact: number('1.10'), exponent: number('1e400'), nested: [[number('0.1000')]] }))),
      result: await side.call('answer', { result: { content: [], structuredContent: { big: BIG, list: [number('9007199254740993'), number('1E-7')] }, _meta: { big: BIG } } }),
    }),
  },
  {
    name: '5 MB results',
    run: async (side) => [await side.call('large', { bytes: 5 * 1024 * 1024 }), await side.call('large', { bytes: 5 * 1024 * 1024, structured: true })],
  },
  {
    name: 'deep JSON',
    run: async (side) => ({
      heard: parse(said(await side.call('echo', { deep: nested(48) }))),
      result: await side.call('answer', { result: { content: [], structuredContent: { deep: nested(48) } } }),
    }),
  },
  {
    name: 'UTF-8 split across chunks',
    run: async (side) => [await side.call('chunks', { text: 'ä€𝄞👩‍👩‍👧' }), await side.call('chunks', { text: 'ä€𝄞👩‍👩‍👧 \u2028' }, {}, { split: true })],
  },
  {
    name: 'MCP Apps `ui://`',
    run: async (side) => ({
      tool: await definition(side, 'panel'),
      resource: (await side.list('resources/list', 'resources')).find(({ uri }) => String(uri).startsWith('ui://')),
      read: await side.client.request('resources/read', { uri: 'ui://fixture/panel.html' }),
      result: await side.call('panel'),
    }),
  },
];

/** Arrays and objects in turn. */
function nested(depth: number): unknown {
  let value: unknown = 'bottom';
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { d: value };
  return value;
}
