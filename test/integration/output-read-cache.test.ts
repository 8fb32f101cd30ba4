import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Catalog } from '../../src/proxy/catalog/types.ts';
import { createMenu } from '../../src/proxy/menu/menu.ts';
import type { MenuCaller, MenuTool } from '../../src/proxy/menu/types.ts';
import { openResultStore } from '../../src/proxy/output/store.ts';
import { createToolIndex } from '../../src/proxy/search/tool-index.ts';
import { PRINCIPAL_FIXTURE, SESSION_FIXTURE, toolFixture } from '../fixtures/calls.ts';

const LIMIT = 2_000;
const CALLER: MenuCaller = {
  principal: PRINCIPAL_FIXTURE,
  session: SESSION_FIXTURE,
  meta: undefined,
  signal: new AbortController().signal,
  onProgress: undefined,
  onNotification: undefined,
};
const BIG = toolFixture('big', 'tool', {
  description: 'Big',
  inputSchema: { type: 'object', properties: Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`parameter_${i}`, { type: 'string', description: 'ä'.repeat(20) }])) },
});

interface Answer {
  readonly texts: readonly string[];
  readonly isError: boolean;
}

describe('read_cache over a real store', () => {
  let dir: string;
  let store: Awaited<ReturnType<typeof openResultStore>>;
  let menu: readonly MenuTool[];

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vestibule-read-'));
    store = await openResultStore({ dir });
    const index = createToolIndex();
    index.put('big', [{ ...BIG, serverTitle: undefined, readOnly: false }]);
    menu = createMenu({
      catalog: { find: () => BIG, server: () => ({ tools: [BIG] }), servers: () => [{ server: 'big', tools: [BIG] }] } as unknown as Catalog,
      index,
      pendingIndex: createToolIndex(),
      results: store,
      topK: () => 10,
      responseLimit: () => LIMIT,
      lookThrough: (_server, reply) => Promise.resolve(reply),
      priors: () => [],
      visible: () => () => true,
      visibleWhenApproved: () => () => true,
      call: () => Promise.reject(new Error('nothing is called here')),
      codeExecution: () => false,
      sandbox: { run: () => Promise.reject(new Error('no code here')) },
      autonomy: () => 'assisted',
    propose: () => Promise.resolve({ kind: 'refused', why: 'No.', fix: 'Stop.' }),
    searchRegistry: () => Promise.resolve({ servers: [], asked: false }),
      servers: () => [],
      log: () => [],
      inspection: { servers: () => [], catalog: { server: () => undefined }, approvals: { status: () => 'pending', lastApproved: () => undefined }, findings: () => [] },
    });
  });
  after(async () => {
    store.dispose();
    await rm(dir, { recursive: true });
  });

  async function run(name: string, args: object, caller: MenuCaller = CALLER): Promise<Answer> {
    const tool = menu.find((entry) => entry.name === name);
    assert.ok(tool);
    const reply = await tool.run(JSON.stringify(args), caller);
    assert.ok('result' in reply);
    const result = JSON.parse(reply.result) as { content: { text: string }[]; isError?: boolean };
    return { texts: result.content.map(({ text }) => text), isError: result.isError === true };
  }

  async function keep(text: string): Promise<string> {
    const { key } = await store.shape(JSON.stringify({ content: [{ type: 'text', text }] }), { principal: PRINCIPAL_FIXTURE.id, limit: LIMIT });
    assert.ok(key);
    return key;
  }

  /** Follows the line that says how to go on, as an agent would. */
  async function follow(first: object): Promise<string> {
    let joined = '';
    for (let args: object | undefined = first; args !== undefined; ) {
      const { texts, isError }: Answer = await run('read_cache', args);
      assert.ok(!isError, texts.join());
      assert.ok(texts.join('').length <= LIMIT);
      joined += texts[0] ?? '';
      const next: string | undefined = /read_cache (\{.*\})\]$/.exec(texts[1] ?? '')?.[1];
      args = next === undefined ? undefined : (JSON.parse(next) as object);
    }
    return joined;
  }

  it('gives back the original by following its own directions', async () => {
    const text = Array.from({ length: 600 }, (_, i) => `row ${i} — ünïcode 😀`).join('\n');
    const key = await keep(text);
    assert.equal(await follow({ key }), text);
    assert.equal(await follow({ key, offset: 0, limit: 333 }), text);
    assert.equal(await follow({ key, lines: '1-600' }), text);
  });

  it('gives back an array by following its slices', async () => {
    const items = Array.from({ length: 400 }, (_, id) => ({ id, name: `name ${id}` }));
    const key = await keep(JSON.stringify({ items }));
    const parts = (await follow({ key, path: '/items' })).split('][');
    assert.ok(parts.length > 3);
    assert.deepEqual(JSON.parse(parts.join(',')), items);
  });

  it('finds text', async () => {
    const key = await keep(Array.from({ length: 600 }, (_, i) => `row ${i}`).join('\n'));
    assert.match((await run('read_cache', { key, grep: '/^row 12[34]$/' })).texts[0] ?? '', /124:row 123\n125:row 124/);
  });

  it('answers another principal as if the key had never been', async () => {
    const key = await keep('x'.repeat(5_000));
    const other: MenuCaller = { ...CALLER, principal: { ...PRINCIPAL_FIXTURE, id: 'other' } };
    const denied = await run('read_cache', { key }, other);
    assert.equal(denied.isError, true);
    assert.deepEqual(denied, await run('read_cache', { key: 'abcdefghijklmnop' }, other));
  });

  it('refuses selectors that contradict or make no sense', async () => {
    const key = await keep('x'.repeat(5_000));
    for (const args of [{}, { key, lines: '1-2', grep: 'x' }, { key, offset: 1, path: '' }, { key, lines: '0-3' }, { key, lines: '5-3' }, { key, lines: 'a' }, { key, offset: -1 }, { key, limit: 0 }, { key, offset: 1.5 }, { key, grep: '' }, { key, path: 'items' }, { key, offset: 9_999 }]) {
      assert.equal((await run('read_cache', args)).isError, true, JSON.stringify(args));
    }
  });

  it('reads on in a description and in schemas that were too long for one answer', async () => {
    for (const [name, args] of [['describe_tool', { tools: ['big:tool'] }], ['retrieve_tools', { query: 'big tool', detail: 'schema', limit: 1 }]] as const) {
      const { texts } = await run(name, args);
      assert.ok(texts.join('').length <= LIMIT, name);
      if (name === 'retrieve_tools') {
        assert.match(texts[0] ?? '', /call describe_tool/);
        continue;
      }
      const next = /read_cache (\{.*?\})/.exec(texts[0] ?? '')?.[1] ?? '';
      const { key } = JSON.parse(next) as { key: string };
      const whole = await follow({ key });
      assert.deepEqual(JSON.parse(/^arguments: (.*)$/m.exec(whole)?.[1] ?? ''), BIG.inputSchema);
    }
  });
});
