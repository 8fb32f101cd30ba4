import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { behaving, FIXTURE_ENTRY, inPlace, toolNamed } from '../fixtures/cli.ts';
import { Serve } from '../fixtures/cli-serve.ts';
import { startRelayRig, stdioPeer } from '../fixtures/relay/rig.ts';
import { eventually } from '../fixtures/eventually.ts';
import { makePlace, TestAgent, type Place } from '../fixtures/serve.ts';

const LOADED = fileURLToPath(new URL('../fixtures/loaded-libraries.ts', import.meta.url));

describe('metrics', { timeout: 120_000 }, () => {
  const hostile = 'evil"}\n# HELP forged 1\nforged{x="';
  let place: Place;
  let serve: Serve;
  let agent: TestAgent;
  let url: URL;
  let token: string;

  const configured = (metrics: boolean): Promise<void> => place.servers({ servers: { srv: FIXTURE_ENTRY }, gateway: { metrics } });
  const scrape = (init: { readonly method?: string; readonly body?: string; readonly headers?: Readonly<Record<string, string>> } = {}): Promise<Response> =>
    fetch(url, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } });
  const line = async (start: string): Promise<string | undefined> => (await (await scrape()).text()).split('\n').find((one) => one.startsWith(start));

  before(async () => {
    place = await makePlace();
    await configured(true);
    serve = new Serve(inPlace(place, ['serve', '--approve-all']), behaving({ tools: [toolNamed('pid')] }));
    const ready = await serve.ready();
    url = new URL('/metrics', ready.url);
    token = ready.token ?? assert.fail('serve told no token');
    agent = new TestAgent({ ...ready, token });
    await agent.initialize();
  });
  after(async () => {
    await serve.stop();
    await place.dispose();
  });

  it('count calls by server, tool, agent and outcome, with their time and size', async () => {
    await eventually(async () => ((await agent.call('call_tool', { tool: 'srv:pid', arguments: {} })).result['isError'] === true ? undefined : true));
    const counted = await eventually(() => line('vestibule_calls_total{server="srv",tool="pid"'));
    assert.match(counted, /outcome="ok"\} [1-9]\d*$/);
    assert.match((await line('vestibule_call_duration_seconds_count{server="srv"}')) ?? '', / [1-9]\d*$/);
    assert.match((await line('vestibule_call_bytes_total{server="srv",direction="out"}')) ?? '', / [1-9]\d*$/);
  });

  it('tell the present state', async () => {
    assert.equal(await line('vestibule_upstreams{'), 'vestibule_upstreams{state="ready"} 1');
    assert.equal(await line('vestibule_tools{'), 'vestibule_tools{status="approved"} 1');
    assert.match((await line('vestibule_sessions{')) ?? '', /era="legacy"\} 1$/);
  });

  it('cannot be forged by a name', async () => {
    await agent.call('call_tool', { tool: `srv:${hostile}`, arguments: {} });
    await eventually(() => line('vestibule_calls_total{server="",tool="call_tool"').then((found) => found ?? line('vestibule_calls_total{')));
    assert.equal(await line('forged'), undefined);
    assert.equal(await line('# HELP forged'), undefined);
  });

  it('are for the owner and for reading', async () => {
    const { status, headers } = await scrape();
    assert.deepEqual([status, headers.get('content-type'), headers.get('cache-control')], [200, 'text/plain; version=0.0.4; charset=utf-8', 'no-store']);
    assert.equal((await scrape({ method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })).status, 404);
    assert.equal((await fetch(url, { headers: { origin: 'https://evil.example' } })).status, 403);
  });

  it('are not there when switched off, from the next look on', async () => {
    await configured(false);
    await eventually(async () => ((await scrape()).status === 404 ? true : undefined));
    await configured(true);
    await eventually(async () => ((await scrape()).status === 200 ? true : undefined));
    assert.equal(await line('vestibule_calls_total{'), undefined, 'counted from zero');
  });
});

describe('metrics of how calls flow', { timeout: 120_000 }, () => {
  it('tell of queue, cache, retries, circuit, refusals and what waits for approval', async () => {
    const peer = stdioPeer({ tools: [{ name: 'look', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } }] });
    const ops = {
      ...peer,
      limits: { concurrent: 2 },
      cache: { seconds: 600, tools: ['said'] },
      retry: { attempts: 1, backoffMs: 1 },
      breaker: { calls: 3, failures: 0.5, openSeconds: 3_600 },
      tools: { overrides: { said: { tier: 'read' }, exit: { tier: 'read' } } },
    };
    await using rig = await startRelayRig({ ops, plain: peer }, {}, { gateway: { metrics: true } });
    const scrape = async (): Promise<readonly string[]> => (await (await fetch(new URL('/metrics', rig.url), { headers: { authorization: `Bearer ${rig.token}` } })).text()).split('\n');
    const agent = rig.legacy({ capabilities: { roots: {} } });
    await agent.open();
    const call = (name: string, args: object = {}): ReturnType<typeof agent.request> => agent.request('tools/call', { name, arguments: args });
    await call('ops_said');
    await call('ops_said');
    let answer: (roots: object) => void = () => undefined;
    agent.answering = () => new Promise<object>((resolve) => (answer = resolve));
    const asking = call('ops_ask', { method: 'roots/list' });
    await agent.hears(({ method }) => method === 'roots/list');
    assert.ok((await scrape()).includes('vestibule_calls_running{server="ops"} 1'));
    answer({ roots: [] });
    await asking;
    await call('ops_exit');
    await call('ops_look');
    // Counted once the journal has it.
    await eventually(async () => (await scrape()).some((line) => line.startsWith('vestibule_refusals_total')) || undefined);
    await rig.configure({ servers: { ops, plain: peer, new: peer }, gateway: { metrics: true } });
    await rig.until((gateway) => gateway.snapshot().upstreams.some(({ launch }) => !launch.approved));
    const lines = await scrape();
    for (const line of [
      'vestibule_calls_running{server="ops"} 0',
      'vestibule_calls_queued{server="ops"} 0',
      'vestibule_cache_hits_total{server="ops"} 1',
      'vestibule_cache_misses_total{server="ops"} 1',
      'vestibule_retries_total{server="ops"} 1',
      'vestibule_circuit{server="ops",state="open"} 1',
      'vestibule_circuit{server="ops",state="closed"} 0',
      'vestibule_refusals_total{server="ops",code="circuit_open"} 1',
      'vestibule_awaiting_approval{kind="launch"} 1',
      'vestibule_records_lost 0',
    ]) assert.ok(lines.includes(line), `${line}\n${lines.join('\n')}`);
    assert.ok(!lines.some((line) => line.startsWith('vestibule_circuit{server="plain"')), 'only where a rule stands');
  });
});

describe('metrics and traces that are off', { timeout: 120_000 }, () => {
  it('do not even load what keeps them', async () => {
    const place = await makePlace();
    await mkdir(place.data, { recursive: true });
    const loadedWith = async (gateway: object, options: object = {}): Promise<unknown> => {
      await writeFile(join(place.data, 'servers.json'), JSON.stringify({ servers: {}, gateway }));
      return JSON.parse((await promisify(execFile)(process.execPath, [LOADED, place.data, JSON.stringify(options)])).stdout);
    };
    assert.deepEqual(await loadedWith({}), []);
    assert.deepEqual(await loadedWith({ metrics: true }), ['prom-client']);
    assert.deepEqual(await loadedWith({}, { tracesEndpoint: 'http://127.0.0.1:9' }), ['@opentelemetry/sdk-trace']);
    await place.dispose();
  });
});
