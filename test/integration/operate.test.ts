/* What an operator can see and do over HTTP, through a real `vestibule serve`. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { behaving, FIXTURE_ENTRY, inPlace, run, toolNamed, userServers } from '../fixtures/cli.ts';
import { Serve, type Ready } from '../fixtures/cli-serve.ts';
import { makePlace, TestAgent, type Place } from '../fixtures/serve.ts';

const TOKEN = 'an-operator-token-of-forty-characters-00';

describe('operating over HTTP', { timeout: 180_000 }, () => {
  let place: Place;
  let serving: Serve;
  let ready: Ready;
  let base: URL;
  let agent: TestAgent;

  interface Asked {
    readonly status: number;
    readonly body: Readonly<Record<string, unknown>>;
  }
  /** One request, whatever its headers are. */
  const ask = (method: string, path: string, { body, headers = {}, token = TOKEN }: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>>; readonly token?: string } = {}): Promise<Asked> =>
    new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port: base.port, method, path, headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers } }, (response) => {
        text(response).then((said) => resolve({ status: response.statusCode ?? 0, body: JSON.parse(said === '' ? '{}' : said) as Asked['body'] }), reject);
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
    });
  const post = (path: string, body: unknown = {}): Promise<Asked> => ask('POST', path, { body });
  const codeOf = async (tool = 'pid'): Promise<string> => {
    const { result } = await agent.call('call_tool', { tool: `srv:${tool}`, arguments: {} });
    return (result['_meta'] as Record<string, { code: string }> | undefined)?.['vestibule/error']?.code ?? 'ok';
  };

  before(async () => {
    place = await makePlace();
    await userServers(place, { servers: { srv: { ...FIXTURE_ENTRY, env: { KEY: 'a-value-of-the-environment' } } } });
    assert.equal((await run(inPlace(place, ['agent', 'add', '--name', 'bot']))).code, 0);
    serving = new Serve(inPlace(place, ['serve', '--approve-all', '--mode', 'direct', '--operate', '0']), { ...behaving({ tools: [toolNamed('pid')] }), VESTIBULE_OPERATOR_TOKEN: TOKEN });
    ready = await serving.ready();
    base = new URL(/http\S+/.exec((await serving.logged(/^Operators are answered at/)).message)?.[0] ?? '');
    agent = new TestAgent({ token: '', ...ready });
    await agent.initialize();
    assert.equal(await codeOf(), 'ok');
  });
  after(async () => {
    assert.equal(await serving.stop(), 0);
    assert.ok(!JSON.stringify(serving.log).includes(TOKEN));
    await place.dispose();
  });

  it('answers only with its own token, and nobody from a browser or by another name', async () => {
    for (const token of ['', 'x', ready.token ?? '', `${TOKEN}x`, TOKEN.slice(1)]) assert.equal((await ask('GET', '/status', { token })).status, 401);
    assert.equal((await ask('GET', '/status', { headers: { origin: 'http://127.0.0.1' } })).status, 403);
    assert.equal((await ask('GET', '/status', { headers: { origin: 'null' } })).status, 403);
    assert.equal((await ask('GET', '/status', { headers: { host: `evil.example:${base.port}` } })).status, 403);
    assert.equal((await ask('POST', '/pause', { body: '{}', headers: { 'content-type': 'text/plain' } })).status, 415);
    assert.equal((await ask('POST', '/pause', { body: `{"x":"${'x'.repeat(20_000)}"}` })).status, 413);
    // The two endpoints know nothing of each other's tokens and paths.
    assert.equal((await fetch(ready.url.replace('/mcp', '/status'), { headers: { authorization: `Bearer ${TOKEN}` } })).status, 401);
    for (const path of ['/mcp', '/metrics', '/', '/approve', '/agents', '/status?x']) for (const method of ['GET', 'POST']) assert.equal((await ask(method, path, method === 'POST' ? { body: {} } : {})).status, 404, `${method} ${path}`);
  });

  it('shows how things stand, and no secret, definition or launch', async () => {
    const { status, body } = await ask('GET', '/status');
    assert.equal(status, 200);
    const [srv] = body['upstreams'] as Record<string, unknown>[];
    assert.deepEqual([srv?.['name'], srv?.['enabled'], srv?.['state'], srv?.['launchApproved'], srv?.['tools']], ['srv', true, { kind: 'ready' }, true, { approved: 1, waiting: 0, blocked: 0 }]);
    assert.deepEqual((body['agents'] as { name: string }[]).map(({ name }) => name), ['bot']);
    assert.ok((body['sessions'] as unknown[]).length > 0);
    for (const secret of [TOKEN, ready.token ?? '', 'a-value-of-the-environment', process.execPath, 'Does pid']) assert.ok(!JSON.stringify(body).includes(secret), secret);
  });

  it('pauses, at once and for everybody; only a person resumes', async () => {
    for (const [body, args] of [[{ server: 'srv', cancel: true }, ['--server', 'srv']], [{}, []]] as const) {
      assert.equal((await post('/pause', body)).status, 200);
      assert.equal(await codeOf(), 'paused');
      assert.equal((await post('/resume', body)).status, 404);
      assert.equal((await run(inPlace(place, ['resume', ...args]))).code, 0);
      assert.equal(await codeOf(), 'ok');
    }
  });

  it('restarts a server and has files read again; says what cannot be done', async () => {
    const pid = async (): Promise<string> => (await agent.call('call_tool', { tool: 'srv:pid', arguments: {} })).text;
    const before = await pid();
    assert.equal((await post('/restart', { server: 'srv' })).status, 200);
    assert.notEqual(await pid(), before);
    await userServers(place, { servers: { srv: { ...FIXTURE_ENTRY, env: { KEY: 'a-value-of-the-environment' }, tools: { deny: ['pid'] } } } });
    assert.equal((await post('/reload')).status, 200);
    assert.equal(await codeOf(), 'not_permitted');
    for (const [path, body, status] of [['/restart', {}, 400], ['/restart', { server: 'none' }, 404], ['/pause', { server: 7 }, 404], ['/pause', { cancel: 'yes' }, 400], ['/reload', { x: 1 }, 400], ['/pause', '[]', 400], ['/pause', '{', 400]] as const) {
      assert.equal((await post(path, body)).status, status, `${path} ${JSON.stringify(body)}`);
    }
  });

  it('is off unless asked for, and never without a token', async () => {
    const { code, stderr } = await run(inPlace(place, ['serve', '--operate', '0']), { VESTIBULE_OPERATOR_TOKEN: 'short' });
    assert.equal(code, 2);
    assert.match(stderr, /VESTIBULE_OPERATOR_TOKEN/);
  });
});
