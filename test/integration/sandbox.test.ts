import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CALLS_AT_ONCE, MAX_ARGUMENTS, MAX_CALLS, MAX_LOGGED, MAX_LOG_LINES, MAX_RETURNED } from '../../src/proxy/sandbox/limits.ts';
import { WorkerSandbox } from '../../src/proxy/sandbox/sandbox.ts';
import type { CallAnswer, CodeEnd, CodeOutcome, CodeRequest } from '../../src/proxy/sandbox/types.ts';

const broken: string[] = [];
const sandbox = new WorkerSandbox((problem) => broken.push(problem));

/** Long enough for a slow machine, where the end is not the time limit itself. */
const AMPLE_MS = 120_000;

function text(value: string): CallAnswer {
  return { ok: true, result: JSON.stringify({ content: [{ type: 'text', text: value }] }) };
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve: (value) => resolve(value) };
}

/** Says what it was called with. */
const echo: CodeRequest['call'] = (tool, args) => Promise.resolve(text(`${tool} ${args ?? 'none'}`));

function run(code: string, options: Partial<CodeRequest> = {}): Promise<CodeOutcome> {
  return sandbox.run({ code, timeoutMs: AMPLE_MS, signal: new AbortController().signal, call: echo, ...options });
}

async function returned(code: string, options: Partial<CodeRequest> = {}): Promise<string | undefined> {
  const { end } = await run(code, options);
  assert.equal(end.kind, 'returned', JSON.stringify(end));
  return end.text;
}

async function json(code: string, options: Partial<CodeRequest> = {}): Promise<unknown> {
  return JSON.parse((await returned(code, options)) ?? 'null');
}

async function thrown(code: string, options: Partial<CodeRequest> = {}): Promise<string> {
  const { end } = await run(code, options);
  assert.equal(end.kind, 'threw', JSON.stringify(end));
  return end.message;
}

describe('code in the sandbox', () => {
  it('returns values as text: strings as they are, all else as JSON', async () => {
    assert.deepEqual(
      await json('return [1, "a", null, {b: undefined, c: 12345678901234567890n}, new Map([["k", 1]]), new Set([2]), new Error("e")]'),
      [1, 'a', null, { c: '12345678901234567890' }, [['k', 1]], [2], 'Error: e'],
    );
    assert.equal(await returned('return "line\\n\\u{1f600}|"'), 'line\n\u{1f600}|');
    assert.equal(await returned('1 + 1'), undefined);
    assert.equal(await returned('return await Promise.resolve(5) // a comment at the end'), '5');
  });

  it('takes TypeScript by erasing its types, and keeps its lines', async () => {
    assert.equal(await returned('interface A { n: number }\nconst a: A = { n: 1 } as A;\nreturn a.n satisfies number'), '1');
    assert.equal(await thrown('interface A {\n n: number }\nconst a = null as unknown as A;\nreturn a.n'), "TypeError: cannot read property 'n' of null\nat line 4");
  });

  it('names the line of what fails', async () => {
    assert.equal(await thrown('\n\nlet x = ;'), "SyntaxError: unexpected token in expression: ';'\nat line 3");
    assert.match(await thrown('const f = () => {\n  throw new TypeError("why")\n};\nf()'), /^TypeError: why\nat line 2\nat line 4$/);
    assert.equal(await thrown('throw {a: 1}'), 'thrown: {"a":1}');
    assert.equal(await thrown('throw null'), 'thrown: null, or out of memory');
  });

  it('logs, within bounds', async () => {
    const { logs } = await run('console.log("a", 1, {b: [2]}, undefined); console.error(new Error("c"))');
    assert.deepEqual(logs, ['a 1 {"b":[2]} undefined', 'Error: c']);
    const many = await run('for (let i = 0; i < 10000; i++) console.log(i); return 1');
    assert.equal(many.logs.length, MAX_LOG_LINES + 1);
    assert.match(many.logs.at(-1) ?? '', /not kept/);
    const wide = await run('for (let i = 0; i < 100; i++) console.log("x".repeat(1000)); console.log("y".repeat(1e6)); return 1');
    assert.ok(wide.logs.join('\n').length <= MAX_LOGGED + 100);
  });
});

describe('calls from the sandbox', () => {
  it('give data, text and the raw result', async () => {
    const results = new Map<string, string>([
      ['structured', '{"content":[{"type":"text","text":"ignored"}],"structuredContent":{"id":9007199254740993}}'],
      ['json', '{"content":[{"type":"text","text":"{\\"id\\": 9007199254740993}"}]}'],
      ['plain', '{"content":[{"type":"text","text":"one"},{"type":"image","data":"","mimeType":"image/png"},{"type":"text","text":"two"}]}'],
      ['none', '{"content":[]}'],
    ]);
    const call: CodeRequest['call'] = (tool) => Promise.resolve({ ok: true, result: results.get(tool) ?? '{}' });
    assert.deepEqual(await json('const r = await call_tool("structured"); return [r.ok, typeof r.data.id, r.text, r.raw]', { call }), [true, 'number', 'ignored', results.get('structured')]);
    assert.equal(await json('return (await call_tool("json")).data.id', { call }), 9007199254740992, 'numbers are JavaScript numbers once they are read');
    assert.equal(await returned('return await call_tool("json")', { call }), '{"id": 9007199254740993}', 'what is not looked into passes as it is');
    assert.equal(await returned('return await call_tool("plain")', { call }), 'one\ntwo');
    assert.equal(await returned('return await call_tool("none")', { call }), results.get('none'));
    assert.deepEqual(await json('return {list: await call_tools([{tool: "plain"}])}', { call }), { list: ['one\ntwo'] });
  });

  it('hand arguments on as JSON, and text as it stands', async () => {
    assert.equal(await returned('return await call_tool("s:t", {b: [1.5, "x"], a: undefined})'), 's:t {"b":[1.5,"x"]}');
    assert.equal(await returned('return await call_tool("s:t", \'{"id":9007199254740993}\')'), 's:t {"id":9007199254740993}');
    assert.equal(await returned('return await call_tool("s:t")'), 's:t none');
    assert.match(await thrown('\nawait call_tool({})'), /^TypeError: call_tool takes the id/);
    assert.match(await thrown('await call_tool("s:t", {n: 1n})'), /TypeError: .*bigint/i);
  });

  it('throw what a call is refused with, by code and line', async () => {
    const call: CodeRequest['call'] = (tool) => Promise.resolve({ ok: false, code: tool, message: 'Ask the person.', retryable: false });
    for (const code of ['awaiting_approval', 'not_permitted', 'blocked', 'tool_error']) {
      assert.equal(await thrown(`\n// two\nawait call_tool("${code}", {})`, { call }), `ToolError (${code}): Ask the person.\nat line 3`);
    }
    assert.deepEqual(
      await json('try { await call_tool("not_permitted") } catch (e) { return [e.code, e.message, e.retryable, e.tool, e instanceof ToolError, e instanceof Error] }', { call }),
      ['not_permitted', 'Ask the person.', false, 'not_permitted', true, true],
    );
    assert.deepEqual(await json('return (await call_tools([{tool: "blocked"}, {}])).map((r) => [r.ok, r.error.code ?? r.error.name])', { call }), [
      [false, 'blocked'],
      [false, 'TypeError'],
    ]);
  });

  it('go eight at a time and a hundred in all, each once and in order', async () => {
    let underWay = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const seen: string[] = [];
    const call: CodeRequest['call'] = async (tool) => {
      seen.push(tool);
      most = Math.max(most, ++underWay);
      // The first eight wait for each other: were fewer allowed at once, this would never end.
      if (seen.length < CALLS_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
      else for (const go of waiting.splice(0)) go();
      underWay--;
      return text(tool);
    };
    const counts = await json(
      `const all = await call_tools(Array.from({length: ${MAX_CALLS + 50}}, (_, i) => ({tool: "t" + i})));
       return [all.filter((r) => r.ok).length, all.filter((r) => r.error?.code === "rate_limited").length, all[5].text]`,
      { call },
    );
    assert.deepEqual(counts, [MAX_CALLS, 50, 't5']);
    assert.equal(most, CALLS_AT_ONCE);
    assert.deepEqual(seen, Array.from({ length: MAX_CALLS }, (_, i) => `t${i}`));
  });

  it('are finished even when the code did not wait for them', async () => {
    const done: string[] = [];
    const call: CodeRequest['call'] = async (tool) => {
      await new Promise((resolve) => setImmediate(resolve));
      done.push(tool);
      return text('');
    };
    const { end, calls } = await run('for (let i = 0; i < 20; i++) call_tool("t" + i); return "early"', { call });
    assert.deepEqual(end, { kind: 'returned', text: 'early' });
    assert.equal(done.length, 20);
    assert.equal(calls, 20);
  });

  it('carry no huge strings out, and huge results in only while there is room', async () => {
    const { end, calls } = await run(`try { await call_tool("s:t", "x".repeat(${MAX_ARGUMENTS + 1})) } catch (e) { return e.code }`);
    assert.deepEqual([end, calls], [{ kind: 'returned', text: 'too_large' }, 0]);
    assert.equal(await returned('try { await call_tool("x".repeat(1e6)) } catch (e) { return e.code }'), 'unknown_tool');
    const big = 'y'.repeat(3_000_000);
    const call: CodeRequest['call'] = () => Promise.resolve(text(big));
    assert.equal(await returned('return String((await call_tool("s:t")).text.length)', { call }), '3000000');
    const kept = await run('const all = []; for (;;) all.push((await call_tool("s:t")).text + all.length)', { call });
    assert.equal(kept.end.kind, 'threw');
    assert.ok(kept.calls < 30);
  });

  it('survive an answer that never was JSON, and a host that fails', async () => {
    assert.match(await thrown('(await call_tool("s:t")).data', { call: () => Promise.resolve({ ok: true, result: 'nonsense' }) }), /^SyntaxError/);
    assert.match(await thrown('await call_tool("s:t")', { call: () => Promise.reject(new Error('host')) }), /^ToolError \(internal\)/);
  });
});

describe('code that wants out', () => {
  const HOST_NAMES = ['process', 'require', 'module', 'exports', 'Buffer', 'global', 'fetch', 'setTimeout', 'setInterval', 'queueMicrotask', 'WebAssembly', 'Worker', 'std', 'os', 'scriptArgs', 'print', 'XMLHttpRequest', 'navigator', 'Deno', 'Bun', 'postMessage', 'parentPort', 'workerData'];

  it('finds nothing of the host', async () => {
    assert.deepEqual(await json(`return ${JSON.stringify(HOST_NAMES)}.filter((name) => name in globalThis)`), []);
    assert.deepEqual(await json('return Object.getOwnPropertyNames(globalThis).filter((name) => /^[a-z_]+$/.test(name) && typeof globalThis[name] !== "undefined").sort()'), [
      'call_tool', 'call_tools', 'console', 'escape', 'eval', 'unescape',
    ]);
  });

  it('gets its own world from every constructor and prototype', async () => {
    const roads = [
      'Function("return this")()',
      'call_tool.constructor("return this")()',
      'console.log.constructor("return this")()',
      '(async () => {}).constructor("return globalThis")()',
      'Reflect.getPrototypeOf(async function* () {}).constructor("return globalThis")().next().then((r) => r.value)',
      '(0, eval)("this")',
      'new Proxy(Function, {}).prototype.constructor("return this")()',
      'call_tool("s:t").constructor.constructor("return this")()',
      'ToolError.prototype.__proto__.constructor.constructor("return this")()',
      '(await call_tool("s:t")).constructor.constructor("return this")()',
    ];
    for (const road of roads) {
      assert.deepEqual(await json(`const it = await (${road}); return [it === globalThis, typeof it.process, typeof it.require, typeof it.WebAssembly]`), [true, 'undefined', 'undefined', 'undefined'], road);
    }
  });

  it('imports nothing', async () => {
    for (const name of ['fs', 'node:fs', 'std', 'os', './x.js', 'data:text/javascript,1', 'file:///etc/passwd']) {
      assert.match(await thrown(`await import(${JSON.stringify(name)})`), /Error/, name);
    }
    assert.match(await thrown('import fs from "fs"; return fs'), /^SyntaxError/);
    assert.match(await thrown('return require("fs")'), /^ReferenceError: 'require' is not defined/);
  });

  it('closes the function it stands in and is still nowhere', async () => {
    assert.equal(await returned('return 1 }); globalThis.got = typeof process; (async () => { return got + "!"'), 'undefined!');
  });

  it('pollutes its own prototypes only', async () => {
    const call: CodeRequest['call'] = () => Promise.resolve({ ok: true, result: '{"content":[],"structuredContent":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}}}}' });
    assert.deepEqual(await json('const r = await call_tool("s:t"); Object.assign({}, r.data); return [({}).polluted ?? "clean", Object.keys(r.data)]', { call }), ['clean', ['__proto__', 'constructor']]);
    const outcome = await run('Object.prototype.kind = "returned"; Object.prototype.polluted = 1; Array.prototype.then = () => 1; JSON.stringify = () => "lie"; return {__proto__: {polluted: 2}, a: 1}');
    assert.deepEqual(outcome.end, { kind: 'returned', text: '{"a":1}' });
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });

  it('breaks the helpers for itself only', async () => {
    const sabotage = 'Promise.prototype.then = null; Array.prototype.map = null; String.prototype.slice = null; globalThis.Error = null; delete globalThis.console;';
    const { end } = await run(`${sabotage} const r = await call_tool("s:t", {}); return r.raw.length > 0 ? "on" : "off"`);
    assert.notEqual(end.kind, 'failed');
    assert.equal(await returned('return typeof console.log + typeof Array.prototype.map'), 'functionfunction', 'the next run has a world of its own');
  });

  it('sees nothing of the process in its errors', async () => {
    const messages = [await thrown('null.x'), await thrown('return new Error().stack.x.y'), (await returned('return new Error().stack')) ?? '', (await returned('try { await call_tool() } catch (e) { return e.stack }')) ?? ''];
    for (const message of messages) assert.doesNotMatch(message, /node:|node_modules|file:|\.ts|\/src\//);
  });
});

describe('code that takes too much', () => {
  const BRIEF_MS = 4_000;

  async function ends(code: string, wanted: readonly CodeEnd['kind'][], options: Partial<CodeRequest> = {}): Promise<CodeOutcome> {
    const started = performance.now();
    const outcome = await run(code, { timeoutMs: BRIEF_MS, ...options });
    assert.ok(wanted.includes(outcome.end.kind), `${code}: ${JSON.stringify(outcome.end)}`);
    assert.ok(performance.now() - started < BRIEF_MS + 20_000, 'in time, on a slow machine');
    return outcome;
  }

  it('time: loops, floods of promises, expressions and native work that cannot be interrupted', async () => {
    const endless = [
      'for (;;);',
      'try { for (;;); } catch { return "caught" } finally { for (;;); }',
      'const f = () => { Promise.resolve().then(f); }; f(); await new Promise(() => {})',
      'const f = async () => { for (;;) await null }; await f()',
      '/(a+)+b/.test("a".repeat(60))',
      'const e = new Error("x"); Object.defineProperty(e, "message", {get() { for (;;); }}); throw e',
      'return {toJSON() { for (;;); }}',
      'return {get then() { for (;;); }}',
    ];
    const runs = endless.values();
    // As many at once as the sandbox allows.
    await Promise.all(Array.from({ length: 4 }, async () => { for (const code of runs) await ends(code, ['timeout']); }));
    // No interrupt reaches this one in time: the thread is killed.
    await ends('return new Array(1e9).join("").length', ['timeout', 'threw']);
  });

  it('keeps what was logged before the time was up', async () => {
    const { logs } = await ends('console.log("before"); for (;;);', ['timeout']);
    assert.deepEqual(logs, ['before']);
  });

  it('a promise nobody settles is an error at once, not at the time limit', async () => {
    assert.match(await thrown('await new Promise(() => {})'), /nothing can settle/);
  });

  it('stack: recursion in code, in data and in syntax', async () => {
    const deep = [
      'const f = () => f() + 1; return f()',
      'return JSON.parse("[".repeat(1e6))',
      'let o = {}; for (let i = 0; i < 1e5; i++) o = {o}; return o',
      'let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a.flat(Infinity)',
      'return eval("(".repeat(1e5))',
      'return new RegExp("(".repeat(1e5))',
    ];
    for (const code of deep) assert.match(await thrown(code), /stack overflow|out of memory|SyntaxError/, code);
  });

  it('memory: buffers, strings, objects, and what it holds when it ends', async () => {
    assert.equal(await returned('const all = []; try { for (;;) all.push(new Uint8Array(1e6)) } catch { return all.length < 64 ? "held" : "not held" }'), 'held');
    const bombs = [
      'const all = []; for (;;) all.push(new Uint8Array(1e6))',
      'let s = "x"; for (;;) s += s',
      'const all = []; for (;;) all.push("x".repeat(1e6) + all.length)',
      'return "x".repeat(1e9)',
      'return Array.from({length: 1e9})',
      'const f = () => Promise.resolve().then(f); await f()',
      'globalThis.all = []; for (let n = 1e6; n > 16;) { try { for (;;) all.push("x".repeat(n) + all.length) } catch { n >>= 1 } } throw new Error("y".repeat(1000))',
    ];
    for (const code of bombs) await ends(code, ['threw', 'timeout'], { timeoutMs: 30_000 });
    // With no memory left, an answer still comes to something.
    const full = 'globalThis.all = []; for (let n = 1e6; n > 16;) { try { for (;;) all.push("x".repeat(n) + all.length) } catch { n >>= 1 } } await p';
    await ends(`const p = call_tool("s:t"); await 1; ${full}`, ['threw', 'returned', 'timeout'], { timeoutMs: 30_000 });
  });

  it('output: a value too long to carry', async () => {
    assert.match(await thrown(`return "x".repeat(${MAX_RETURNED + 1})`), /^RangeError: the returned value is longer than/);
    assert.equal((await returned(`return "x".repeat(${MAX_RETURNED})`))?.length, MAX_RETURNED);
  });

  it('the process stays responsive meanwhile', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    await ends('for (;;);', ['timeout']);
    clearInterval(timer);
    assert.ok(turns > 20, `${turns} turns`);
  });

  it('no run beyond the fourth at the same time', async () => {
    const gate = deferred<CallAnswer>();
    const running = Array.from({ length: 4 }, () => run('await call_tool("s:t"); return 1', { call: () => gate.promise }));
    assert.equal((await run('return 1')).end.kind, 'busy');
    gate.resolve(text(''));
    assert.deepEqual((await Promise.all(running)).map(({ end }) => end.kind), ['returned', 'returned', 'returned', 'returned']);
    assert.equal(await returned('return 1'), '1');
  });
});

describe('code that is ended', () => {
  /** A call that only ends when it is called off. */
  function pending(): { call: CodeRequest['call']; reached: Promise<undefined>; calledOff: () => number } {
    const reached = deferred<undefined>();
    let calledOff = 0;
    return {
      reached: reached.promise,
      calledOff: () => calledOff,
      call: (_tool, _args, signal) => {
        reached.resolve(undefined);
        return new Promise((resolve) =>
          signal.addEventListener('abort', () => {
            calledOff++;
            resolve({ ok: false, code: 'ambiguous', message: 'cancelled', retryable: false });
          }),
        );
      },
    };
  }

  it('by the agent, in the middle of a call', async () => {
    const { call, reached, calledOff } = pending();
    const agent = new AbortController();
    const running = run('await call_tool("s:t"); return "on"', { call, signal: agent.signal });
    await reached;
    agent.abort();
    const { end, calls } = await running;
    assert.deepEqual([end.kind, calls, calledOff()], ['cancelled', 1, 1]);
  });

  it('by the agent, in the middle of a loop, and before it began', async () => {
    const agent = new AbortController();
    const inLoop = deferred<undefined>();
    const running = run('call_tool("s:t"); for (;;);', { signal: agent.signal, call: () => (inLoop.resolve(undefined), Promise.resolve(text(''))) });
    await inLoop.promise;
    agent.abort();
    assert.equal((await running).end.kind, 'cancelled');
    assert.equal((await run('return 1', { signal: agent.signal })).end.kind, 'cancelled');
  });

  it('by its time limit, in the middle of calls', async () => {
    const { call, calledOff } = pending();
    const { end, calls } = await run('await call_tools(Array.from({length: 20}, () => ({tool: "s:t"})))', { call, timeoutMs: 5_000 });
    assert.deepEqual([end.kind, calls, calledOff()], ['timeout', CALLS_AT_ONCE, CALLS_AT_ONCE], 'those that waited were never made');
  });

  it('by what it throws: calls that wait are dropped, those under way are finished', async () => {
    const seen: string[] = [];
    const call: CodeRequest['call'] = (tool) => {
      seen.push(tool);
      return Promise.resolve(text(tool));
    };
    const { end } = await run('for (let i = 0; i < 50; i++) call_tool("t" + i); throw new Error("stop")', { call });
    assert.equal(end.kind, 'threw');
    assert.equal(seen.length, CALLS_AT_ONCE);
  });

  it('by the end of the gateway', async () => {
    const own = new WorkerSandbox(() => undefined);
    const { call, reached } = pending();
    const running = own.run({ code: 'await call_tool("s:t")', timeoutMs: AMPLE_MS, signal: new AbortController().signal, call });
    await reached;
    own.dispose();
    assert.equal((await running).end.kind, 'cancelled');
  });
});

describe('any program', () => {
  it('that makes calls makes each exactly once, with its own arguments', async () => {
    const program = fc.array(fc.record({ together: fc.boolean(), calls: fc.array(fc.json({ maxDepth: 3 }), { minLength: 1, maxLength: 12 }) }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const code = steps
          .map(({ together, calls }) =>
            together
              ? `await call_tools([${calls.map((args) => `{tool: "s:t", arguments: ${JSON.stringify(args)}}`).join(', ')}]);`
              : calls.map((args) => `await call_tool("s:t", ${JSON.stringify(args)});`).join('\n'),
          )
          .join('\n');
        const seen: (string | undefined)[] = [];
        const { end } = await run(code, {
          call: (_tool, args) => {
            seen.push(args);
            return Promise.resolve(text(''));
          },
        });
        assert.equal(end.kind, 'returned', JSON.stringify(end));
        assert.deepEqual(seen, steps.flatMap(({ calls }) => calls));
      }),
      { numRuns: 8 },
    );
  });

  it('ends without breaking the sandbox', async () => {
    const pieces = fc.constantFrom('call_tool("s:t", x)', 'throw x', 'return x', 'x = [x, x]', 'x = {x}', 'await x', 'await call_tools([{tool: "t"}, x])', 'console.log(x)', 'x = () => x', 'x.y', '}', '{', '`${x}`', 'Object.prototype.z = x', 'yield x', 'x = new Proxy({}, x ?? {})', 'x = Symbol()');
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 8 }), async (lines) => {
        const { end } = await run(`let x = {};\n${lines.join(';\n')}`, { timeoutMs: 20_000 });
        assert.ok(end.kind === 'returned' || end.kind === 'threw', JSON.stringify([lines, end]));
      }),
      { numRuns: 12 },
    );
    assert.deepEqual(broken, []);
  });
});
