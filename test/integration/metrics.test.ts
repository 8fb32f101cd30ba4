import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { behaving, FIXTURE_ENTRY, inPlace, toolNamed } from '../fixtures/cli.ts';
import { Serve } from '../fixtures/cli-serve.ts';
import { eventually, makePlace, TestAgent, type Place } from '../fixtures/serve.ts';

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
