import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { behaving, FIXTURE_ENTRY, inPlace, run, toolNamed, userServers } from '../fixtures/cli.ts';
import { Serve, type Ready } from '../fixtures/cli-serve.ts';
import { eventually } from '../fixtures/eventually.ts';
import { makePlace, TestAgent, type Place } from '../fixtures/serve.ts';

interface Refusal {
  readonly code: string;
  readonly retryable: boolean;
  readonly action: string;
}

type Answer = { readonly action: 'accept'; readonly content?: Record<string, string> } | { readonly action: 'decline' | 'cancel' };

const named = (name: string, annotations: object): string => JSON.stringify({ name, inputSchema: { type: 'object' }, annotations });
const TOOLS = [named('read', { readOnlyHint: true }), named('write', { readOnlyHint: false, destructiveHint: false }), named('destroy', { destructiveHint: true }), toolNamed('plain'), toolNamed('hang')];

/** An agent whose person answers questions as the test says. */
class AskedAgent {
  readonly questions: string[] = [];
  readonly client: Client;
  /** The answers to come, first one first; without any left the answer is to decline. */
  readonly answers: Answer[] = [];
  /** Called with every question before it is answered. */
  onQuestion: () => Promise<void> = () => Promise.resolve();

  constructor(mode: 'legacy' | 'auto') {
    this.client = new Client({ name: 'asked', version: '1.0' }, { versionNegotiation: { mode }, capabilities: { elicitation: { form: {} } } });
    this.client.setRequestHandler('elicitation/create', async ({ params }) => {
      this.questions.push(params.message);
      await this.onQuestion();
      return this.answers.shift() ?? { action: 'decline' };
    });
  }

  async connect({ url, token = '' }: Ready): Promise<void> {
    await this.client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { authorization: `Bearer ${token}` } } }));
  }

  /** Calls a tool through `call_tool`: what it was refused with, or undefined. */
  async call(tool: string, args: Record<string, unknown> = {}, signal?: AbortSignal): Promise<Refusal | undefined> {
    const { _meta } = await this.client.callTool({ name: 'call_tool', arguments: { tool: `srv:${tool}`, arguments: args } }, signal && { signal });
    return _meta?.['vestibule/error'] as Refusal | undefined;
  }
}

describe('vestibule serve --consent', { timeout: 180_000 }, () => {
  const env = behaving({ tools: TOOLS });
  let place: Place;
  let serve: Serve | undefined;
  let ready: Ready;

  const start = async (...args: string[]): Promise<void> => {
    serve = new Serve(inPlace(place, ['serve', '--approve-all', ...args]), env);
    ready = await serve.ready();
  };
  const vestibule = (...args: string[]) => run(inPlace(place, args), env);
  /** An agent that cannot be asked. */
  const plainAgent = async (): Promise<(tool: string, menu?: string) => Promise<Refusal | undefined>> => {
    const agent = new TestAgent({ token: '', ...ready });
    await agent.initialize();
    return async (tool, menu = 'call_tool') => {
      const { result } = await agent.call(menu, menu.startsWith('call_tool') ? { tool: `srv:${tool}`, arguments: {} } : {});
      return (result['_meta'] as Record<string, Refusal> | undefined)?.['vestibule/error'];
    };
  };
  const journal = async (): Promise<string[]> => {
    const lines = (await readFile(join(place.data, 'journal', 'calls-000000000000001.jsonl'), 'utf8')).trim().split('\n');
    const records = lines.map((line) => JSON.parse(line) as { kind?: string; by: string; action?: string; subject: string });
    return records.filter(({ action }) => action?.startsWith('consent') === true).map(({ by, action = '', subject }) => `${action} ${subject} by ${by}`);
  };

  before(async () => {
    place = await makePlace();
  });
  afterEach(async () => {
    await serve?.stop();
    await place.dispose();
    place = await makePlace();
  });
  after(() => place.dispose());

  it('client asks nobody', async () => {
    await place.servers({ servers: { srv: FIXTURE_ENTRY } });
    await start('--consent', 'client');
    const call = await plainAgent();
    assert.equal(await call('destroy'), undefined);
  });

  it('deny-destructive refuses what is destructive or does not say, by every route', async () => {
    await place.servers({ servers: { srv: FIXTURE_ENTRY }, gateway: { mode: 'direct' } });
    await start('--consent', 'deny-destructive');
    const call = await plainAgent();
    assert.equal(await call('read', 'call_tool_read'), undefined);
    assert.equal(await call('read'), undefined);
    assert.equal(await call('write'), undefined);
    for (const [tool, menu] of [['destroy'], ['plain'], ['', 'srv_destroy'], ['', 'srv_plain']] as const) {
      const { code, retryable, action } = (await call(tool, menu)) ?? assert.fail(`${tool}${menu ?? ''} went through`);
      assert.deepEqual([code, retryable], ['consent_declined', false]);
      assert.match(action, /deny-destructive/);
    }
  });

  it('ask declines where the agent cannot be asked', async () => {
    await place.servers({ servers: { srv: FIXTURE_ENTRY } });
    await start('--consent', 'ask');
    const call = await plainAgent();
    assert.equal(await call('read'), undefined);
    const { code, retryable, action } = (await call('plain')) ?? assert.fail('it went through');
    assert.deepEqual([code, retryable], ['consent_declined', false]);
    assert.match(action, /--consent client/);
  });

  for (const mode of ['legacy', 'auto'] as const) {
    it(`ask asks the person at the agent (${mode === 'auto' ? 'modern' : mode} era)`, async () => {
      await userServers(place, { servers: { srv: FIXTURE_ENTRY }, gateway: { codeExecution: true } });
      await start('--consent', 'ask');
      const agent = new AskedAgent(mode);
      await agent.connect(ready);
      assert.equal(await agent.call('read'), undefined);
      assert.deepEqual(agent.questions, []);

      agent.answers.push({ action: 'accept', content: { answer: 'once' } });
      assert.equal(await agent.call('destroy', { path: '/tmp/x' }), undefined);
      assert.match(agent.questions.join('\n'), /tool destroy of the server srv\?\nRisk, .*destroy.*\nArguments:\n {2}path: "\/tmp\/x"$/);
      const declined = await agent.call('destroy', { path: '/tmp/y' });
      assert.deepEqual([declined?.code, declined?.retryable], ['consent_declined', false], '"once" is used up');
      assert.match(agent.questions.join('\n'), /Different from the last call that was allowed:\n {2}~ path: "\/tmp\/x" → "\/tmp\/y"$/);

      agent.answers.push({ action: 'accept', content: { answer: 'arguments' } });
      assert.equal(await agent.call('destroy', { a: 1, b: 2 }), undefined);
      assert.equal(await agent.call('destroy', { b: 2, a: 1 }), undefined);
      assert.equal(agent.questions.length, 3);
      agent.answers.push({ action: 'accept', content: { answer: 'session' } }, { action: 'accept', content: { answer: 'never' } }, { action: 'accept', content: { answer: 'yes!' } }, { action: 'accept' });
      assert.equal(await agent.call('write'), undefined);
      assert.equal(await agent.call('write', { other: true }), undefined);
      assert.equal((await agent.call('plain'))?.code, 'consent_declined');
      assert.equal((await agent.call('plain', { again: true }))?.code, 'consent_declined');
      assert.equal(agent.questions.length, 5, '"never" is not asked about again');
      assert.equal((await agent.call('destroy'))?.code, 'consent_declined', 'an answer that was not on offer is no');
      assert.equal(await agent.call('destroy'), undefined, 'accepting without a choice allows this call');

      // Two calls of code, one after the other: each is asked about.
      agent.answers.push({ action: 'accept', content: { answer: 'once' } }, { action: 'decline' });
      const code = "const first = await call_tool('srv:destroy', { n: 1 }); try { await call_tool('srv:destroy', { n: 2 }); return 'both'; } catch (error) { return error.code; }";
      const { content } = await agent.client.callTool({ name: 'code_execution', arguments: { code } });
      assert.deepEqual(content, [{ type: 'text', text: 'consent_declined' }]);
      assert.equal(agent.questions.length, 9);
      await agent.client.close();

      // Another session starts anew; what was decided for always holds, also after a restart.
      await serve?.stop();
      await start('--consent', 'ask');
      const later = new AskedAgent(mode);
      await later.connect(ready);
      assert.equal(await later.call('destroy', { a: 1, b: 2 }), undefined);
      assert.equal((await later.call('write'))?.code, 'consent_declined');
      assert.equal((await later.call('plain'))?.code, 'consent_declined');
      assert.equal(later.questions.length, 1);

      const listed = JSON.parse((await vestibule('consent', 'list', '--json')).stdout) as { kind: string; tool: string }[];
      assert.deepEqual(listed.map(({ kind, tool }) => `${kind} ${tool}`), ['arguments destroy', 'never plain']);
      assert.equal((await vestibule('consent', 'revoke', '--server', 'srv', '--tool', 'plain')).code, 0);
      later.answers.push(...Array.from({ length: 200 }, (): Answer => ({ action: 'accept', content: { answer: 'once' } })));
      await eventually(async () => ((await later.call('plain')) === undefined ? true : undefined));
      await later.client.close();
      await serve?.stop();
      const decisions = await journal();
      assert.deepEqual(decisions.slice(0, 5), [
        'consent-once destroy by person at local',
        'consent-decline destroy by person at local',
        'consent-arguments destroy by person at local',
        'consent-session write by person at local',
        'consent-never plain by person at local',
      ]);
      assert.ok(decisions.includes('consent-revoke plain by cli'));
    });

    it(`ask runs nothing of a call that is cancelled while it is asked about (${mode})`, async () => {
      await place.servers({ servers: { srv: FIXTURE_ENTRY } });
      await start('--consent', 'ask');
      const agent = new AskedAgent(mode);
      await agent.connect(ready);
      const abort = new AbortController();
      agent.onQuestion = () => Promise.resolve(abort.abort());
      agent.answers.push({ action: 'accept', content: { answer: 'tool' } });
      await assert.rejects(agent.call('destroy', {}, abort.signal));
      agent.onQuestion = () => Promise.resolve();
      assert.equal((await agent.call('destroy'))?.code, 'consent_declined');
      assert.equal(agent.questions.length, 2, 'the late answer allowed nothing');
      await agent.client.close();
    });
  }

  it('lists what is allowed for a session, and takes it back from another terminal at once', async () => {
    await place.servers({ servers: { srv: FIXTURE_ENTRY } });
    await start('--consent', 'ask');
    const agent = new AskedAgent('legacy');
    await agent.connect(ready);
    agent.answers.push({ action: 'accept', content: { answer: 'session' } });
    assert.equal(await agent.call('write'), undefined);
    assert.equal(await agent.call('write'), undefined);
    assert.equal(agent.questions.length, 1);
    const listed = await eventually(async () => {
      const { stdout } = await vestibule('consent', 'list');
      return stdout.includes('allowed for one session') ? stdout : undefined;
    });
    assert.match(listed, /srv +write +allowed for one session +local/);
    assert.equal((await vestibule('consent', 'revoke', '--server', 'srv', '--tool', 'write')).code, 0);
    await eventually(async () => ((await agent.call('write'))?.code === 'consent_declined' ? (true as const) : undefined));
    await agent.client.close();
    // A gateway that ends leaves no session behind.
    const again = new AskedAgent('legacy');
    await again.connect(ready);
    again.answers.push({ action: 'accept', content: { answer: 'session' } });
    assert.equal(await again.call('write'), undefined);
    await again.client.close();
    await serve?.stop();
    assert.equal((await vestibule('consent', 'list', '--json')).stdout.trim(), '[]');
  });

  it('gives two calls that race for one consent only one', async () => {
    await place.servers({ servers: { srv: FIXTURE_ENTRY } });
    await start('--consent', 'ask');
    const agent = new AskedAgent('legacy');
    await agent.connect(ready);
    agent.answers.push({ action: 'accept', content: { answer: 'once' } });
    const outcomes = await Promise.all([1, 2, 3].map(() => agent.call('destroy', { same: true })));
    assert.deepEqual(outcomes.map((refusal) => refusal?.code).sort(), ['consent_declined', 'consent_declined', undefined]);
    assert.equal(agent.questions.length, 3);
    await agent.client.close();
  });
});

describe('an answer to a question in the stateless era', { timeout: 120_000 }, () => {
  it('is good once, and only for the same call of the same agent', async () => {
    const place = await makePlace();
    await place.servers({ servers: { srv: FIXTURE_ENTRY } });
    const serve = new Serve(inPlace(place, ['serve', '--approve-all', '--consent', 'ask']), behaving({ tools: TOOLS }));
    try {
      const { url, token = '' } = await serve.ready();
      let id = 0;
      const call = async (args: object, answers: object = {}, client = 'one'): Promise<Record<string, unknown>> => {
        const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} }, 'io.modelcontextprotocol/clientInfo': { name: client, version: '1' } };
        const params = { name: 'call_tool', arguments: { tool: 'srv:plain', arguments: args }, ...answers, _meta: meta };
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization: `Bearer ${token}`, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'call_tool' },
          body: JSON.stringify({ jsonrpc: '2.0', id: ++id, method: 'tools/call', params }),
        });
        const text = await response.text();
        const body = text.startsWith('{') ? text : (text.split('\n').filter((line) => line.startsWith('data: {')).at(-1) ?? '').slice(6);
        const { result, error } = JSON.parse(body) as { result?: Record<string, unknown>; error?: { code: number } };
        return result ?? { code: error?.code };
      };
      const first = await call({ n: 1 });
      const [key = ''] = Object.keys(first['inputRequests'] as object);
      const accepted = (state: unknown): object => ({ requestState: state, inputResponses: { [key]: { action: 'accept', content: { answer: 'once' } } } });
      const ended = (result: Record<string, unknown>): unknown => result['resultType'] ?? result['code'];

      assert.equal(ended(first), 'input_required');
      assert.equal(ended(await call({ n: 2 }, accepted(first['requestState']))), -32602, 'other arguments');
      assert.equal(ended(await call({ n: 1 }, accepted(first['requestState']), 'two')), -32602, 'another agent');
      const done = await call({ n: 1 }, accepted(first['requestState']));
      assert.deepEqual([ended(done), done['isError']], ['complete', undefined]);
      assert.equal(ended(await call({ n: 1 }, accepted(first['requestState']))), -32602, 'used up');
      assert.equal(ended(await call({ n: 1 }, accepted('vestibule-guessed'))), -32602);
    } finally {
      await serve.stop();
      await place.dispose();
    }
  });
});
