import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../editor/harness/browser.ts';
import { openCanary, type Canary } from './kit/canary.ts';
import { RecordingClient } from './kit/client.ts';
import { openEvil, type Evil } from './kit/evil.ts';
import { openHouse, type House } from './kit/house.ts';
import { attack, hostilePage, openForeignPage, type ForeignPage } from './kit/page.ts';

const CALL = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'call_tool', arguments: { tool: 'http-echo-args:act', arguments: {} } } });
const INITIALIZE = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'page', version: '1' } } });
const CONTENT = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

describe('a web page against the endpoint', { timeout: 240_000 }, () => {
  let canary: Canary;
  let evil: Evil;
  let house: House;
  let browser: Browser;
  let foreign: ForeignPage;

  before(async () => {
    canary = await openCanary();
    evil = await openEvil(canary.url);
    house = await openHouse({ servers: { 'http-echo-args': evil.entry('http', 'echo-args') }, args: ['--approve-all'] });
    browser = await launchBrowser();
    foreign = await openForeignPage(browser);
  });
  after(async () => {
    await foreign[Symbol.asyncDispose]();
    await browser.close();
    await house[Symbol.asyncDispose]();
    await evil[Symbol.asyncDispose]();
    await canary[Symbol.asyncDispose]();
  });

  const calls = (): number => evil.seen('http', 'echo-args').filter(({ method }) => method === 'tools/call').length;
  const successes = (): readonly string[] => foreign.answers.filter((answer) => / 2\d\d$/.test(answer));
  const withToken = (): Record<string, string> => ({ ...CONTENT, authorization: `Bearer ${house.ready.token}` });
  const tryFetch = (init: Readonly<Record<string, unknown>>): Promise<string> => attack(foreign.page, 'fetch', { url: house.ready.url, method: 'POST', ...init });

  it('an agent gets the same call through, so an attack that got through would be seen', async () => {
    const agent = await RecordingClient.connect(house.ready);
    assert.equal((await agent.use('http-echo-args:act')).isError, false);
    assert.equal(calls(), 1);
    await agent.close();
  });

  it('N2: a request of another origin is refused before it is sent, even by a page that knows the token', async () => {
    for (const body of [INITIALIZE, CALL]) for (const headers of [CONTENT, withToken()]) assert.equal(await tryFetch({ headers, body }), 'refused');
    assert.equal(await tryFetch({ method: 'DELETE', headers: withToken() }), 'refused');
    assert.equal(await tryFetch({ method: 'GET' }), 'refused');
    assert.deepEqual([calls(), successes()], [1, []]);
  });

  it('N3: a POST that needs no preflight gets no answer and runs nothing', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain; charset=application/json']) {
      for (const body of [INITIALIZE, CALL]) {
        assert.equal(await tryFetch({ headers: { 'content-type': type }, body }), 'refused');
        assert.equal(await tryFetch({ mode: 'no-cors', headers: { 'content-type': type }, body }), 'opaque');
      }
    }
    await Promise.all([
      foreign.page.waitForResponse((response) => response.request().resourceType() === 'ping'),
      attack(foreign.page, 'beacon', { url: house.ready.url, body: CALL }),
    ]);
    assert.deepEqual([calls(), successes()], [1, []]);
  });

  it('N4: pictures, scripts, styles, frames and forms get nothing out of the endpoint', async () => {
    const base = `http://127.0.0.1:${house.ready.port}`;
    for (const url of [`${base}/mcp`, `${base}/mcp?token=${house.ready.token}`, `${base}/.well-known/oauth-protected-resource`, `${base}/`, `${base}/metrics`]) {
      assert.deepEqual(await attack(foreign.page, 'subresources', url), ['refused', 'refused', 'refused']);
      assert.equal(await attack(foreign.page, 'frame', url), 'unreadable');
    }
    assert.deepEqual(await attack(foreign.page, 'subresources', `${base}/health`), ['refused', 'refused', 'refused']);
    await Promise.all([
      foreign.page.waitForResponse((response) => response.url() === house.ready.url && response.request().method() === 'POST'),
      attack(foreign.page, 'form', { url: house.ready.url, body: CALL }),
    ]);
    assert.equal(calls(), 1);
    assert.deepEqual(successes().filter((answer) => !answer.includes('/health')), []);
  });

  it('N2 N11: neither an event stream nor a web socket opens from a page', async () => {
    const host = `127.0.0.1:${house.ready.port}`;
    for (const path of ['/mcp', `/mcp?token=${house.ready.token}`]) assert.equal(await attack(foreign.page, 'events', `http://${host}${path}`), 'refused');
    for (const path of ['/mcp', '/', '/sse']) {
      assert.equal(await attack(foreign.page, 'socket', { url: `ws://${host}${path}`, protocols: ['mcp', 'bearer'] }), 'refused');
    }
  });

  it('N2: a page without an origin of its own is refused like any other', async () => {
    for (const headers of [withToken(), { 'content-type': 'text/plain' }]) {
      assert.equal(await attack(foreign.page, 'sandboxed', { url: house.ready.url, method: 'POST', headers, body: CALL }), 'refused');
    }
    assert.equal(calls(), 1);
  });

  it('N1: a page that rebinds its own name to this machine is refused, token or not', async () => {
    // The name resolves to 127.0.0.1: for the browser the endpoint is the page's own origin, and no CORS rule applies.
    const rebound = await launchBrowser(['--host-resolver-rules=MAP rebind.example 127.0.0.1']);
    try {
      const page = await hostilePage(rebound);
      const origin = `http://rebind.example:${house.ready.port}`;
      // Even the refusal is a document of that origin, in which the attacker's script would run on.
      assert.equal((await page.goto(`${origin}/`))?.status(), 403);
      const statuses = await attack<number[]>(page, 'statuses', [
        ...[CONTENT, withToken()].flatMap((headers) => [
          { path: '/mcp', method: 'POST', headers, body: INITIALIZE },
          { path: '/mcp', method: 'POST', headers, body: CALL },
          { path: '/mcp', headers },
          { path: '/health', headers },
        ]),
        { path: '/mcp', method: 'POST', headers: { 'content-type': 'text/plain' }, body: CALL },
      ]);
      assert.deepEqual([...new Set(statuses)], [403]);
      assert.equal(calls(), 1);
    } finally {
      await rebound.close();
    }
  });
});
