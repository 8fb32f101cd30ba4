import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { CallEntry, CallRecord } from '../../src/proxy/journal/types.ts';
import { createMenu } from '../../src/proxy/menu/menu.ts';
import type { MenuCaller, MenuDeps, MenuTool } from '../../src/proxy/menu/types.ts';
import { inOrder, STAGE_ORDER, type StageName } from '../../src/proxy/pipeline/order.ts';
import { createPipeline } from '../../src/proxy/pipeline/pipeline.ts';
import { refusal } from '../../src/proxy/pipeline/refusal.ts';
import { createRecord } from '../../src/proxy/pipeline/stages/record.ts';
import type { Stage } from '../../src/proxy/pipeline/types.ts';
import { WorkerSandbox } from '../../src/proxy/sandbox/sandbox.ts';
import { callFixture, PRINCIPAL_FIXTURE } from '../fixtures/calls.ts';
import { makePlace, serve, TestAgent, vestibule, type Place, type Serving } from '../fixtures/serve.ts';

const LIMIT = 2_000;

/** The tool over a real pipeline whose stages count, and whose dispatch answers by the name of the tool. */
class Bench {
  /** Stages run, by name. */
  readonly trace: StageName[] = [];
  readonly journal: CallEntry[] = [];
  readonly progress: string[] = [];
  readonly tool: MenuTool;
  enabled = true;
  #calls = 0;

  constructor() {
    const pipeline = createPipeline(this.#stages(), (error) => {
      throw error;
    });
    const deps: Partial<MenuDeps> = {
      results: { shape: (result) => Promise.resolve({ result, truncated: false, key: undefined, wholeBytes: 0 }), read: () => Promise.resolve({ ok: false, problem: '' }), whole: () => Promise.resolve(undefined) },
      responseLimit: () => LIMIT,
      codeExecution: () => this.enabled,
      sandbox: new WorkerSandbox((problem) => assert.fail(problem)),
      call: ({ caller, ...call }) => pipeline.run(callFixture(call.requested, { ...call, ...caller, id: `child-${++this.#calls}` })),
    };
    const tool = createMenu(deps as MenuDeps).find(({ name }) => name === 'code_execution');
    assert.ok(tool);
    this.tool = tool;
  }

  #stages(): readonly Stage[] {
    const stage = (name: StageName): Stage => ({
      name,
      phase: 'in',
      run: (call, next) => {
        this.trace.push(name);
        if (call.requested === `refuse:${name}`) return Promise.resolve(refusal('not_permitted', 'Your access does not cover this.', { retryable: false, action: 'Ask.' }));
        if (name !== 'dispatch') return next();
        if (call.requested === 's:protocol') return Promise.resolve({ kind: 'protocol_error', code: undefined, truncated: false, reply: { error: '{"code":-32602,"message":"bad params"}' } });
        if (call.requested === 's:error') return Promise.resolve({ kind: 'tool_error', code: undefined, truncated: false, reply: { result: '{"content":[{"type":"text","text":"no such file"}],"isError":true}' } });
        if (call.requested === 's:ask') return Promise.resolve({ kind: 'ok', code: undefined, truncated: false, reply: { result: '{"resultType":"input_required"}' } });
        const answer = { content: [{ type: 'text', text: call.argumentsText ?? 'none' }] };
        return Promise.resolve({ kind: 'ok', code: undefined, truncated: false, reply: { result: JSON.stringify(answer) } });
      },
    });
    const inspect: Stage = { name: 'inspect', phase: 'out', run: (_call, outcome) => (this.trace.push('inspect'), Promise.resolve(outcome)) };
    const record = createRecord({ append: (entry: CallEntry) => void this.journal.push(entry) });
    return inOrder(Object.fromEntries(STAGE_ORDER.map((name) => [name, name === 'inspect' ? inspect : name === 'record' ? record : stage(name)])) as unknown as Parameters<typeof inOrder>[0]);
  }

  async run(args: unknown, caller: Partial<MenuCaller> = {}): Promise<{ texts: string[]; isError: boolean; code: unknown }> {
    const { session } = callFixture('');
    const whole: MenuCaller = { principal: PRINCIPAL_FIXTURE, session, meta: undefined, signal: new AbortController().signal, onProgress: (params) => this.progress.push(params), onNotification: undefined, callId: 'parent-1', ...caller };
    const reply = await this.tool.run(JSON.stringify(args), whole);
    assert.ok('result' in reply);
    const result = JSON.parse(reply.result) as { content: { text: string }[]; isError?: boolean; _meta?: Record<string, Record<string, unknown>> };
    return { texts: result.content.map(({ text }) => text), isError: result.isError === true, code: result._meta?.['vestibule/error']?.['code'] };
  }
}

describe('code_execution', () => {
  it('is offered only while a person has it switched on', () => {
    const bench = new Bench();
    assert.equal(bench.tool.offered(), true);
    bench.enabled = false;
    assert.equal(bench.tool.offered(), false);
  });

  it('sends every call of any program through the whole pipeline exactly once, as a child of its own call', async () => {
    const targets = fc.constantFrom('s:t', 's:error', 's:protocol', ...STAGE_ORDER.filter((name) => !['inspect', 'record'].includes(name)).map((name) => `refuse:${name}`));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ tool: targets, n: fc.integer() }), { minLength: 1, maxLength: 20 }), fc.boolean(), async (calls, together) => {
        const bench = new Bench();
        const list = JSON.stringify(calls.map(({ tool, n }) => ({ tool, arguments: { n } })));
        const { isError } = await bench.run({ code: together ? `return await call_tools(${list})` : `for (const {tool, arguments: args} of ${list}) try { await call_tool(tool, args) } catch {}` });
        assert.equal(isError, false);
        const key = (entry: { tool: string; arguments: string | undefined }): string => `${entry.tool} ${entry.arguments ?? ''}`;
        assert.deepEqual(bench.journal.map(key).sort(), calls.map(({ tool, n }) => key({ tool, arguments: JSON.stringify({ n }) })).sort());
        for (const entry of bench.journal) assert.deepEqual([entry.route, entry.parent, entry.agent], ['code', 'parent-1', PRINCIPAL_FIXTURE.id]);
        for (const [i, name] of STAGE_ORDER.entries()) {
          if (name === 'record') continue;
          const reach = calls.filter(({ tool }) => !tool.startsWith('refuse:') || STAGE_ORDER.indexOf(tool.slice(7) as StageName) >= i || name === 'inspect');
          assert.equal(bench.trace.filter((ran) => ran === name).length, reach.length, name);
        }
      }),
      { numRuns: 6 },
    );
  });

  it('gives refusals and errors to the code with their codes', async () => {
    const { texts } = await new Bench().run({
      code: `const codes = [];
        for (const tool of ['refuse:gate', 's:error', 's:protocol', 's:ask']) try { await call_tool(tool, {}) } catch (e) { codes.push([e.code, e.message]) }
        try { await call_tool('s:t', 'not json') } catch (e) { codes.push([e.code]) }
        try { await call_tool('s:t', '['.repeat(100) + ']'.repeat(100)) } catch (e) { codes.push([e.code]) }
        return codes`,
    });
    assert.deepEqual(JSON.parse(texts[0] ?? ''), [
      ['not_permitted', 'Your access does not cover this. Ask.'],
      ['tool_error', 'no such file'],
      ['protocol_error', 'bad params'],
      ['input_required', 'This tool asks for more input first, which code cannot give: call it with call_tool.'],
      ['invalid_arguments'],
      ['invalid_arguments'],
    ]);
  });

  it('answers with what was returned and, apart from it, what was logged', async () => {
    const bench = new Bench();
    assert.deepEqual(await bench.run({ code: 'console.log("seen"); return await call_tool("s:t", \'{"id":9007199254740993}\')' }), {
      texts: ['{"id":9007199254740993}', 'console:\nseen'],
      isError: false,
      code: undefined,
    });
    assert.deepEqual(bench.progress, ['{"progress":1,"message":"1 calls answered"}']);
    assert.match((await bench.run({ code: '1' })).texts[0] ?? '', /^Nothing was returned/);
    const long = await bench.run({ code: 'console.log("x".repeat(10000)); return 1' });
    assert.equal(long.texts[1]?.length, LIMIT / 4);
  });

  it('says what failed, where, and what may have taken effect', async () => {
    const bench = new Bench();
    const failed = await bench.run({ code: 'await call_tool("s:t", {});\nconsole.log("x");\nnull.y' });
    assert.deepEqual(failed, { texts: ["The code failed: TypeError: cannot read property 'y' of null\nat line 3\nIt had made 1 call, which may have taken effect.\nconsole:\nx"], isError: true, code: undefined });
    const late = await bench.run({ code: 'for (;;);', timeout_seconds: 1 });
    assert.match(late.texts[0] ?? '', /^The code was not done after 1 seconds and was ended\./);
    assert.equal(late.code, 'timeout');
    const agent = new AbortController();
    agent.abort();
    assert.equal((await bench.run({ code: 'return 1' }, { signal: agent.signal })).code, 'ambiguous');
    for (const args of [{}, { code: '' }, { code: 1 }, { code: 'x', timeout_seconds: 0 }, { code: 'x', timeout_seconds: 301 }, { code: 'x', more: 1 }, { code: 'x'.repeat(300_000) }]) {
      assert.equal((await bench.run(args)).code, 'invalid_arguments');
    }
  });
});

describe('code_execution over the wire', () => {
  const EVERYTHING = createRequire(import.meta.url).resolve('@modelcontextprotocol/server-everything/dist/index.js');
  const servers = { everything: { command: process.execPath, args: [EVERYTHING, 'stdio'] } };
  let place: Place;
  let serving: Serving | undefined;

  before(async () => {
    place = await makePlace();
  });
  after(async () => {
    await serving?.stop();
    await place.dispose();
  });

  async function start(): Promise<{ agent: TestAgent; listed: boolean }> {
    serving = await serve(place, '--approve-all');
    const agent = new TestAgent(serving);
    await agent.initialize();
    const { tools } = (await agent.request('tools/list', {})) as { tools: { name: string }[] };
    return { agent, listed: tools.some(({ name }) => name === 'code_execution') };
  }

  it('a workspace cannot switch it on', async () => {
    await place.servers({ servers, gateway: { codeExecution: true } });
    const { agent, listed } = await start();
    assert.equal(listed, false);
    const { result } = await agent.call('code_execution', { code: 'return 1' });
    const meta = result['_meta'] as Record<string, Record<string, unknown>>;
    assert.equal(meta['vestibule/error']?.['code'], 'unknown_tool');
    assert.equal(await serving?.stop(), 0);
    serving = undefined;
  });

  it('the user can; its calls reach the real server and are journalled under it', async () => {
    await place.servers({});
    await mkdir(place.data, { recursive: true });
    await writeFile(join(place.data, 'servers.json'), JSON.stringify({ servers, gateway: { codeExecution: true, mode: 'retrieve' } }));
    const { agent, listed } = await start();
    assert.equal(listed, true);
    const { text } = await agent.call('code_execution', {
      code: 'const all = await call_tools([1, 2, 3].map((n) => ({tool: "everything:echo", arguments: {message: "m" + n}})));\nreturn all.map((r) => r.text).join(" ") + " " + (await call_tool("everything:nothing").catch((e) => e.code))',
    });
    assert.equal(text, 'Echo: m1 Echo: m2 Echo: m3 unknown_tool');
    const big = await agent.call('code_execution', { code: 'return Array.from({length: 3000}, (_, i) => "line " + i).join("\\n")' });
    const key = /"?key"?:? ?"?([A-Za-z0-9_-]{8,})/.exec(big.text)?.[1] ?? assert.fail(big.text.slice(-600));
    assert.equal((await agent.call('read_cache', { key, lines: '2900-2900' })).text.split('\n')[0], 'line 2899');
    assert.equal(await serving?.stop(), 0);
    serving = undefined;

    const listing = await vestibule(place, 'calls', '--json');
    const records = JSON.parse(listing.stdout) as CallRecord[];
    const parent = records.find(({ tool, arguments: args }) => tool === 'code_execution' && JSON.stringify(args).includes('call_tools'));
    const children = records.filter(({ route }) => route === 'code');
    assert.equal(parent?.route, 'menu');
    assert.deepEqual(children.map(({ tool, outcome }) => `${tool} ${outcome}`).sort(), ['echo ok', 'echo ok', 'echo ok', 'everything:nothing refused']);
    for (const child of children) assert.deepEqual([child.parent, child.session], [parent.id, parent.session]);
    assert.equal((await vestibule(place, 'calls', 'verify')).code, 0, 'the chain holds');
  });
});
