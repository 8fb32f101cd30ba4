import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import fc from 'fast-check';
import { createCatalog } from '../../src/proxy/catalog/catalog.ts';
import type { LiveCatalog } from '../../src/proxy/catalog/types.ts';
import type { VestibuleError } from '../../src/proxy/errors.ts';
import { digestOf } from '../../src/proxy/json/canonical.ts';
import type { Digest } from '../../src/proxy/model.ts';
import { fileNameFor } from '../../src/proxy/storage/names.ts';
import type { Listing } from '../../src/proxy/upstream/types.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const tool = (name: string, more: Readonly<Record<string, unknown>> = {}): string => JSON.stringify({ name, inputSchema: { type: 'object' }, ...more });

/** The one connection of most tests. */
const SOURCE: Listing['source'] = { closed: false };

function listing(tools: readonly string[], info: Partial<Listing['info']> = {}, source = SOURCE): Listing {
  return {
    info: { era: 'legacy', protocolVersion: '2025-11-25', name: 'srv', version: '1', title: undefined, capabilities: '{}', instructions: undefined, ...info },
    source,
    tools,
    prompts: [],
    resources: [],
    templates: [],
  };
}

async function open(dir: string, options: { readonly noPrefix?: boolean; readonly problems?: VestibuleError[] } = {}): Promise<LiveCatalog> {
  return createCatalog({ dir, noPrefix: options.noPrefix ?? false, onProblem: (problem) => options.problems?.push(problem) });
}

function changesOf(catalog: LiveCatalog): string[] {
  const changes: string[] = [];
  catalog.onDidChange(({ server }) => changes.push(server));
  return changes;
}

const names = (catalog: LiveCatalog, server: string): string[] => (catalog.server(server)?.tools ?? []).map((one) => one.name);

describe('the catalog', () => {
  const folder = tempFolder();
  let folders = 0;
  const fresh = (): string => join(folder, String(folders++));

  it('finds tools by id and by exposed name, exactly', async () => {
    const catalog = await open(fresh());
    catalog.setServers(['github', 'my server']);
    await catalog.accept('github', listing([tool('create_issue'), tool('get file')]));
    await catalog.accept('my server', listing([tool('x'), tool('__proto__'), tool('constructor')]));
    const created = catalog.find('github:create_issue');
    assert.deepStrictEqual([created?.exposedName, created?.id, created?.server], ['github_create_issue', 'github:create_issue', 'github']);
    for (const { tools } of catalog.servers()) {
      for (const one of tools) assert.ok(catalog.find(one.id) === one && catalog.find(one.exposedName) === one);
    }
    for (const none of ['create_issue', 'github_', 'github:', 'GitHub:create_issue', 'my-server:x', '__proto__', 'constructor', '']) assert.equal(catalog.find(none), undefined);
    assert.equal(catalog.find('my-server___proto__')?.name, '__proto__');
    await catalog.dispose();
  });

  it('has nothing of a server before its first listing, nor of one that is not set', async () => {
    const catalog = await open(fresh());
    catalog.setServers(['a']);
    assert.equal(catalog.server('a'), undefined);
    assert.deepStrictEqual([...catalog.servers()], []);
    await catalog.accept('b', listing([tool('x')]));
    assert.equal(catalog.server('b'), undefined);
    const changes = changesOf(catalog);
    await catalog.accept('a', listing([]));
    assert.deepStrictEqual([names(catalog, 'a'), changes], [[], ['a']]);
    await catalog.dispose();
  });

  it('shows a listing of ordinary size as soon as accept returns', async () => {
    const catalog = await open(fresh());
    catalog.setServers(['a']);
    void catalog.accept('a', listing([tool('x')]));
    assert.deepStrictEqual(names(catalog, 'a'), ['x']);
    await catalog.dispose();
  });

  it('keeps unchanged tools the same objects, and is silent when nothing changed', async () => {
    const catalog = await open(fresh());
    catalog.setServers(['a']);
    await catalog.accept('a', listing([tool('x'), tool('y'), 'null']));
    const [x, y] = [catalog.find('a:x'), catalog.find('a:y')];
    const changes = changesOf(catalog);
    await catalog.accept('a', listing([tool('x'), tool('y'), 'null']));
    await catalog.accept('a', listing(['{"inputSchema":{"type":"object"}, "name":"x"}', tool('y'), 'null']));
    assert.deepStrictEqual(changes, []);
    assert.ok(catalog.find('a:x') === x && catalog.find('a:y') === y);
    await catalog.accept('a', listing([tool('y'), tool('x', { title: 'new' })]));
    assert.deepStrictEqual(changes, ['a']);
    assert.ok(catalog.find('a:x') !== x && catalog.find('a:y') === y);
    assert.equal(catalog.find('a:x')?.digest, digestOf(tool('x', { title: 'new' })));
    await catalog.accept('a', listing([tool('x', { title: 'new' }), tool('y')]));
    assert.deepStrictEqual(changes, ['a'], 'another order is no change');
    await catalog.dispose();
  });

  it('tells of every other change: held definitions, instructions, title', async () => {
    const catalog = await open(fresh());
    catalog.setServers(['a']);
    await catalog.accept('a', listing([tool('x')]));
    const changes = changesOf(catalog);
    await catalog.accept('a', listing([tool('x'), 'null']));
    await catalog.accept('a', listing([tool('x'), 'null'], { instructions: '"be nice"' }));
    await catalog.accept('a', listing([tool('x'), 'null'], { instructions: '"be nice"', title: ' Title ' }));
    assert.equal(changes.length, 3);
    const server = catalog.server('a');
    assert.deepStrictEqual([server?.title, server?.instructions, server?.held[0]?.index], ['Title', { text: 'be nice', digest: digestOf('"be nice"') }, 1]);
    await catalog.accept('a', listing([tool('x')], { instructions: '42' }));
    assert.deepStrictEqual([catalog.server('a')?.instructions, catalog.server('a')?.held.map((held) => held.index)], [undefined, [-1]]);
    await catalog.dispose();
  });

  it('takes servers out and back in', async () => {
    const catalog = await open(fresh());
    catalog.setServers(['a', 'b']);
    await catalog.accept('a', listing([tool('x')]));
    await catalog.accept('b', listing([tool('x')]));
    const x = catalog.find('a:x');
    const changes = changesOf(catalog);
    catalog.setServers(['b']);
    assert.deepStrictEqual([changes, catalog.server('a'), catalog.find('a:x'), catalog.find('a_x')], [['a'], undefined, undefined, undefined]);
    catalog.setServers(['b', 'a']);
    assert.deepStrictEqual([changes, catalog.find('a:x')?.digest, catalog.find('a_x')?.name], [['a', 'a'], x?.digest, 'x']);
    catalog.setServers(['b', 'a']);
    assert.equal(changes.length, 2);
    await catalog.dispose();
  });

  it('starts with what it knew, digested anew, and forgets what was removed', async () => {
    const dir = fresh();
    const first = await open(dir);
    first.setServers(['a', 'b', 'c']);
    for (const server of ['a', 'b', 'c']) await first.accept(server, listing([tool('x'), '{"name":1}'], { instructions: '"hi"', title: 'T' }));
    const known = first.server('a');
    first.remove('b');
    assert.equal(first.server('b'), undefined);
    await first.dispose();
    const again = await open(dir);
    again.setServers(['a', 'b']);
    assert.deepStrictEqual(again.server('a'), known);
    assert.equal(again.server('b'), undefined);
    assert.equal(again.server('c'), undefined, 'remembered but not set');
    await again.dispose();
    assert.ok(readdirSync(dir).every((name) => /^(?:[0-9a-f]{32}|names)\.json$/.test(name)));
  });

  it('trusts no file: texts are read again, a bad one loses only its own server', async () => {
    const dir = fresh();
    const first = await open(dir);
    first.setServers(['a', 'b', 'c']);
    for (const server of ['a', 'b', 'c']) await first.accept(server, listing([tool('x'), tool('y')]));
    await first.dispose();
    const fileOf = (server: string): string => join(dir, `${fileNameFor(server)}.json`);
    writeFileSync(fileOf('a'), readFileSync(fileOf('a'), 'utf8').slice(0, -20));
    writeFileSync(fileOf('b'), readFileSync(fileOf('b'), 'utf8').replace('{\\"name\\":\\"x\\"', '{\\"name\\":\\"x\\",\\"title\\":\\"forged\\"'));
    writeFileSync(fileOf('d'), readFileSync(fileOf('c'), 'utf8'));
    const problems: VestibuleError[] = [];
    const again = await open(dir, { problems });
    again.setServers(['a', 'b', 'c', 'd']);
    assert.deepStrictEqual(['a', 'b', 'c', 'd'].map((server) => names(again, server).join()), ['', 'x,y', 'x,y', '']);
    assert.equal(again.find('b:x')?.digest, digestOf(tool('x').replace('"name":"x"', '"name":"x","title":"forged"')));
    assert.deepStrictEqual(problems.map((problem) => problem.reason), ['corrupt-file']);
    await again.dispose();
  });

  it('never renames a tool because a server was added, also over a restart', async () => {
    const dir = fresh();
    const first = await open(dir);
    first.setServers(['my server']);
    await first.accept('my server', listing([tool('x')]));
    assert.equal(first.find('my server:x')?.exposedName, 'my-server_x');
    await first.dispose();
    const again = await open(dir);
    again.setServers(['my-server', 'my server']);
    await again.accept('my-server', listing([tool('x')]));
    assert.equal(again.find('my-server_x')?.server, 'my server');
    assert.match(again.find('my-server:x')?.exposedName ?? '', /^my-serv-[a-z2-7]{4}_x$/);
    await again.dispose();
  });

  it('yields a slug that another process gave away first', { timeout: 20_000 }, async () => {
    const dir = fresh();
    const [one, two] = [await open(dir), await open(dir)];
    // Neither has seen the other's choice of the same slug; the file tells who was first.
    for (const [catalog, server] of [[one, 'my server'], [two, 'my-server']] as const) {
      catalog.setServers([server]);
      await catalog.accept(server, listing([tool('x')]));
    }
    await Promise.all([one.dispose(), two.dispose()]);
    const again = await open(dir);
    again.setServers(['my server', 'my-server']);
    const exposed = ['my server:x', 'my-server:x'].map((id) => again.find(id)?.exposedName ?? '');
    assert.equal(new Set(exposed).size, 2);
    assert.ok(exposed.includes('my-server_x') && exposed.some((name) => /^my-serv-[a-z2-7]{4}_x$/.test(name)));
    await again.dispose();
  });

  it('leaves names unchanged without a prefix, while there is one server', async () => {
    const catalog = await open(fresh(), { noPrefix: true });
    catalog.setServers(['a']);
    await catalog.accept('a', listing([tool('test_tool'), tool('a b')]));
    assert.equal(catalog.find('test_tool')?.id, 'a:test_tool');
    assert.match(catalog.find('a:a b')?.exposedName ?? '', /^a_b_[a-z2-7]{6}$/);
    catalog.setServers(['a', 'b']);
    assert.deepStrictEqual([catalog.find('test_tool'), catalog.find('a_test_tool')?.id], [undefined, 'a:test_tool']);
    await catalog.dispose();
  });

  it('withdraws at once what a very large listing changed, and lets others work while it is read', { timeout: 60_000 }, async () => {
    const catalog = await open(fresh());
    catalog.setServers(['huge', 'small']);
    const filler = 'x'.repeat(1_500);
    const huge = (title: string): Listing => listing([tool('same'), tool('swapped', { title }), ...Array.from({ length: 8_000 }, (_, i) => tool(`t${i}`, { description: filler, title }))]);
    await catalog.accept('huge', huge('one'));
    assert.equal(catalog.server('huge')?.tools.length, 8_002);
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const reading = catalog.accept('huge', huge('two'));
    assert.equal(catalog.find('huge:swapped'), undefined);
    assert.ok(catalog.find('huge:same') !== undefined);
    void catalog.accept('small', listing([tool('x')]));
    assert.ok(catalog.find('small:x') !== undefined);
    await reading;
    delay.disable();
    assert.equal(catalog.find('huge:swapped')?.title, 'two');
    assert.ok(delay.max / 1e6 < 500, `the loop stood still for ${delay.max / 1e6} ms`);
    await catalog.dispose();
  });

  it('ends the reading of a listing that a later one replaces', async () => {
    const catalog = await open(fresh());
    catalog.setServers(['a']);
    const old = catalog.accept('a', listing(Array.from({ length: 3_000 }, (_, i) => tool(`old${i}`, { description: 'x'.repeat(500) }))));
    await catalog.accept('a', listing([tool('new')]));
    await old;
    assert.deepStrictEqual(names(catalog, 'a'), ['new']);
    await catalog.dispose();
  });

  it('handles three hundred servers and ten thousand tools', { timeout: 60_000 }, async () => {
    const dir = fresh();
    const servers = Array.from({ length: 300 }, (_, i) => `server ${i}`);
    const tools = Array.from({ length: 34 }, (_, i) => tool(`do_something_${i}`, { description: 'What it does, in a sentence or two.'.repeat(8) }));
    const catalog = await open(dir);
    catalog.setServers(servers);
    for (const server of servers) await catalog.accept(server, listing(tools));
    const started = performance.now();
    for (const server of servers) await catalog.accept(server, listing(tools));
    assert.ok(performance.now() - started < 1_500, 'listing again what is known is cheap');
    await catalog.dispose();
    const reopened = performance.now();
    const again = await open(dir);
    again.setServers(servers);
    assert.ok(performance.now() - reopened < 6_000);
    assert.equal([...again.servers()].reduce((sum, { tools: one }) => sum + one.length, 0), 10_200);
    assert.equal(again.find('server 299:do_something_33')?.server, 'server 299');
    await again.dispose();
  });

  it('keeps what other open connections offer, under the newest reading of each name', async () => {
    const catalog = await open(fresh());
    catalog.setServers(['a']);
    const [one, two] = [{ closed: false }, { closed: false }];
    await catalog.accept('a', listing([tool('both'), tool('mine')], {}, one));
    await catalog.accept('a', listing([tool('both', { title: 'new' }), tool('yours')], {}, two));
    assert.deepStrictEqual(names(catalog, 'a'), ['both', 'yours', 'mine']);
    assert.equal(catalog.find('a:both')?.title, 'new');
    const digest = (name: string): Digest => catalog.find(`a:${name}`)?.digest ?? assert.fail(name);
    const offered = (source: Listing['source']): boolean[] => ['both', 'mine', 'yours'].map((name) => catalog.isOffered(source, digest(name)));
    assert.deepStrictEqual([offered(one), offered(two), offered({ closed: false })], [[false, true, false], [true, false, true], [false, false, false]]);
    one.closed = true;
    assert.deepStrictEqual(names(catalog, 'a'), ['both', 'yours', 'mine'], 'the end of a connection is no listing');
    await catalog.accept('a', listing([tool('yours')], {}, two));
    assert.deepStrictEqual(names(catalog, 'a'), ['yours']);
    const held = { closed: false };
    await catalog.accept('a', listing([tool('x')], {}, two));
    await catalog.accept('a', listing([tool('x'), tool('x', { title: 'other' })], {}, held));
    assert.deepStrictEqual(names(catalog, 'a'), [], 'what the newest holds back does not come in by an older one');
    await catalog.dispose();
  });

  it('holds prompts, resources and templates too, and remembers them', async () => {
    const dir = fresh();
    const first = await open(dir);
    first.setServers(['a']);
    const content = {
      prompts: ['{"name":"p","arguments":[{"name":"x"}]}', '{"name":"bad","arguments":[{}]}', '{"title":"no name"}'],
      resources: ['{"uri":"r://1"}', '{"uri":"r://1","name":"again"}', '{"uri":7}'],
      templates: ['{"uriTemplate":"r://{id}","name":"t"}', '{"uriTemplate":"r://{id}","name":"u"}'],
    };
    await first.accept('a', { ...listing([tool('x')], { capabilities: '{"resources":{}}' }), ...content });
    const seen = first.server('a');
    assert.deepStrictEqual(seen?.prompts.map(({ name, exposedName, digest }) => [name, exposedName, digest]), [['p', 'a_p', digestOf(content.prompts[0] ?? '')]]);
    assert.deepStrictEqual([seen.resources.map(({ name }) => name), seen.templates, seen.capabilities, seen.slug], [['r://1'], [], '{"resources":{}}', 'a']);
    assert.deepStrictEqual(seen.held.map(({ kind, index }) => `${kind ?? ''} ${index}`), ['prompt 1', 'prompt 2', 'template 0', 'template 1', 'resource 2']);
    await first.dispose();
    const again = await open(dir);
    again.setServers(['a']);
    assert.deepStrictEqual(again.server('a'), seen);
    await again.dispose();
  });

  it('is the same after any sequence of listings, whatever came before', { timeout: 60_000 }, async () => {
    const server = fc.constantFrom('a', 'b c', 'b-c');
    const anyTools = fc.uniqueArray(fc.constantFrom('x', 'y', 'x y', 'x.y', 'x_y', '__proto__'), { maxLength: 4 });
    const step = fc.oneof(fc.record({ server, tools: anyTools, title: fc.constantFrom('one', 'two') }), fc.record({ servers: fc.uniqueArray(server, { maxLength: 3 }) }));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const catalog = await open(fresh());
        // All three from the start, so that slugs do not depend on the sequence.
        catalog.setServers(['a', 'b c', 'b-c']);
        const last = new Map<string, string[]>();
        let set = ['a', 'b c', 'b-c'];
        for (const one of steps) {
          if ('servers' in one) catalog.setServers((set = one.servers));
          else {
            const tools = one.tools.map((name) => tool(name, { title: one.title }));
            if (set.includes(one.server)) last.set(one.server, tools);
            await catalog.accept(one.server, listing(tools));
          }
        }
        const straight = await open(fresh());
        straight.setServers(['a', 'b c', 'b-c']);
        for (const [name, tools] of last) await straight.accept(name, listing(tools));
        straight.setServers(set);
        const view = (from: LiveCatalog): unknown =>
          [...from.servers()].map((one) => [one.server, one.tools.map((t) => [t.exposedName, t.raw, from.find(t.id) === t, from.find(t.exposedName) === t]).sort()]);
        assert.deepStrictEqual(view(catalog), view(straight));
        await catalog.dispose();
        await straight.dispose();
      }),
      { numRuns: 100 },
    );
  });
});
