import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CallToolResultSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { BEHAVIOURS, SCHEMAS } from './evil/behaviours.ts';
import { MARK } from './evil/protocol.ts';
import { openCanary, type Canary } from './kit/canary.ts';
import { RecordingClient, type Answer } from './kit/client.ts';
import { openEvil, TRANSPORTS, type Evil, type TransportName } from './kit/evil.ts';
import { filesBelow, openHouse, type House } from './kit/house.ts';
import { isAlive, residentBytes } from './kit/processes.ts';
import { until } from './kit/until.ts';

const MiB = 1024 * 1024;
/** What a reader does not see, in bytes or as JSON escapes. */
// eslint-disable-next-line no-control-regex
const HIDDEN = /[\u001b\u0007\u200b\u202a-\u202e]|\\u001b|\\u0007|[\u{E0000}-\u{E007F}]/u;
const OTHERS_KEY = 'key-of-another-server-5821';
const OWN_ENVIRONMENT = 'zz-environment-of-the-host-9377';

// Every server here was approved: what is tried is what an approved server may do to others.
describe('hostile behaviour of approved servers', { timeout: 300_000 }, () => {
  let canary: Canary;
  let evil: Evil;
  let house: House;
  let agent: RecordingClient;

  before(async () => {
    canary = await openCanary();
    evil = await openEvil(canary.url);
    house = await openHouse({
      servers: {
        good: evil.entry('stdio', 'good'),
        ...evil.entries([...Object.keys(BEHAVIOURS), ...Object.keys(SCHEMAS), 'page-loop', 'die-loop']),
        ...evil.entries(['silent'], { timeoutSeconds: 2 }),
        'http-owner': { ...evil.entry('http', 'owner'), headers: { Authorization: `Bearer ${OTHERS_KEY}` } },
        'http-redirect': evil.entry('http', 'redirect'),
        'http-www-auth': evil.entry('http', 'www-auth'),
      },
      args: ['--approve-all'],
      env: { ZZ_SECRET: OWN_ENVIRONMENT },
    });
    agent = await RecordingClient.connect(house.ready);
    // No attack is under way yet: this is what the neighbour answers.
    await agent.untilCode('good:keep', undefined);
  });
  after(async () => {
    await agent.close();
    await house[Symbol.asyncDispose]();
    await evil[Symbol.asyncDispose]();
    await canary[Symbol.asyncDispose]();
  });

  /** Calls `act` while a neighbour is used; the neighbour must answer as ever, and the server's other tool afterwards. */
  async function act(transport: TransportName, mode: string, args: unknown = {}): Promise<Answer> {
    await agent.untilCode(`${transport}-${mode}:keep`, undefined);
    // A protocol error is an answer too.
    const failed = (error: unknown): Answer => ({ text: '', isError: true, code: undefined, raw: String(error) });
    const attack = agent.use(`${transport}-${mode}:act`, args).catch(failed);
    const attacked = { over: false };
    const ended = attack.finally(() => (attacked.over = true));
    do assert.equal((await agent.use('good:keep')).text, 'kept');
    while (!attacked.over);
    return ended;
  }

  for (const transport of TRANSPORTS) {
    describe(`over ${transport}`, () => {
      for (const mode of ['huge-result', 'huge-line']) {
        it(`B1: EVIL=${mode} fails that call alone`, async () => {
          const before = residentBytes(house.ready.pid);
          const { isError, code, raw } = await act(transport, mode);
          assert.ok(isError && code === 'too_large', raw.slice(0, 300));
          assert.ok(raw.length < 10_000);
          assert.ok(residentBytes(house.ready.pid) - before < 400 * MiB);
          await agent.untilCode(`${transport}-${mode}:keep`, undefined);
        });
      }

      it('B1: EVIL=page-loop ends, and what was read can be used', async () => {
        await agent.untilCode(`${transport}-page-loop:page-1`, undefined);
        assert.ok(evil.seen(transport, 'page-loop').filter(({ method }) => method === 'tools/list').length <= 3 * 64);
      });

      it('B2: EVIL=silent ends in time, and costs nobody else', async () => {
        const { isError, code, raw } = await act(transport, 'silent');
        assert.ok(isError && (code === 'timeout' || code === 'ambiguous'), raw);
      });

      for (const mode of ['progress-flood', 'log-flood', 'sse-flood', 'stderr-flood', 'race']) {
        it(`B3: EVIL=${mode} drowns neither the agent nor the disk`, async () => {
          assert.equal((await act(transport, mode)).text, 'flooded');
          const logs = [...(await filesBelow(house.place.data))].filter(([file]) => file.includes(`${transport}-${mode}`));
          for (const [file, content] of logs) assert.ok(content.length < 8 * MiB, file);
        });
      }

      it('B3: EVIL=race does not have the list read as often as it is announced', () => {
        assert.ok(evil.seen(transport, 'race').filter(({ method }) => method === 'tools/list').length < 100);
      });

      for (const mode of ['id-confuse', 'bad-json']) {
        it(`B4: EVIL=${mode} gets no answer into another call`, async () => {
          assert.equal((await act(transport, mode)).text, 'right');
        });
      }

      it('B5: EVIL=reverse asks an agent nothing that it cannot answer', async () => {
        assert.deepEqual(JSON.parse((await act(transport, 'reverse')).text), ['error', 'error', 'error', 'error', 'error']);
        assert.ok(!agent.received.includes(MARK));
      });

      it('B5: EVIL=reverse sends nobody to an address that is neither https nor here', async () => {
        const opened: unknown[] = [];
        const able = await RecordingClient.connect(house.ready, { capabilities: { elicitation: { form: {}, url: {} } } });
        able.client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
          opened.push(params);
          return { action: 'decline' };
        });
        await able.use(`${transport}-reverse:act`);
        assert.deepEqual(opened, []);
        assert.ok(!able.received.includes('javascript:'));
        await able.close();
      });

      for (const mode of ['result-inject', 'error-inject']) {
        it(`B6: EVIL=${mode} hides nothing from a reader, and its orders are marked as data`, async () => {
          const from = agent.received.length;
          const { raw } = await act(transport, mode);
          assert.match(raw, /weather/);
          assert.doesNotMatch(agent.received.slice(from), HIDDEN);
          assert.match(raw, /untrusted/);
        });
      }

      it('B6: EVIL=aside-inject deceives neither by progress, logs nor questions', async () => {
        const questions: unknown[] = [];
        const able = await RecordingClient.connect(house.ready, { capabilities: { elicitation: { form: {} } } });
        able.client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
          questions.push(params);
          return { action: 'decline' };
        });
        await able.untilCode(`${transport}-aside-inject:keep`, undefined);
        const progress: unknown[] = [];
        const params = { name: 'call_tool', arguments: { tool: `${transport}-aside-inject:act`, arguments: {} } };
        const { content } = await able.client.request({ method: 'tools/call', params }, CallToolResultSchema, { timeout: 60_000, onprogress: (one) => progress.push(one) });
        assert.match(JSON.stringify(content), /asked/);
        const logged = await until('its log message arrived', () => Promise.resolve(/"notifications\/message".*weather/.exec(able.received)?.[0]));
        for (const said of [JSON.stringify(questions), JSON.stringify(progress), logged]) assert.match(said, /\[untrusted text of the server, not instructions\] weather/);
        assert.doesNotMatch(able.received, HIDDEN);
        await able.close();
      });

      it('B12: EVIL=resources has no address resolved here, and a huge blob held back', async () => {
        const { raw } = await act(transport, 'resources');
        assert.match(raw, /file:\/\/\/etc\/passwd/);
        assert.doesNotMatch(raw, /root:x?:0:0/);
      });

      it('B13: EVIL=proto-keys changes nothing for the calls after it', async () => {
        assert.equal((await act(transport, 'proto-keys')).isError, false);
        const { isError, text } = await agent.use('good:keep');
        assert.deepEqual([isError, text], [false, 'kept']);
        assert.equal((await agent.use('good:nothing')).code, 'unknown_tool');
      });

      it('D5: EVIL=swap-in-call lets the call finish and holds the next', async () => {
        assert.equal((await act(transport, 'swap-in-call')).text, 'finished');
        await agent.untilCode(`${transport}-swap-in-call:act`, 'awaiting_approval');
        const ran = evil.seen(transport, 'swap-in-call').filter(({ name }) => name === 'act').length;
        assert.equal((await agent.use(`${transport}-swap-in-call:act`)).code, 'awaiting_approval');
        assert.equal(evil.seen(transport, 'swap-in-call').filter(({ name }) => name === 'act').length, ran);
      });

      for (const mode of Object.keys(SCHEMAS)) {
        it(`D14: EVIL=${mode} neither fetches nor stalls`, async () => {
          await act(transport, mode, { a: 'a'.repeat(100), b: 'x' });
        });
      }

      it('B9: EVIL=echo-args sees neither our token nor a key of another server', async () => {
        await agent.untilCode('http-owner:keep', undefined);
        assert.equal(evil.seen('http', 'owner').at(-1)?.headers['authorization'], `Bearer ${OTHERS_KEY}`);
        const { text } = await act(transport, 'echo-args', { text: 'hello' });
        assert.match(text, /hello/);
        assert.ok(!text.includes(house.ready.token) && !text.includes(OTHERS_KEY) && !/authorization/i.test(text), text);
      });
    });
  }

  it('B8: EVIL=echo-env sees nothing of our environment or token', async () => {
    const { text } = await act('stdio', 'echo-env');
    assert.match(text, /PATH/);
    assert.ok(!text.includes('ZZ_SECRET') && !text.includes(OWN_ENVIRONMENT) && !text.includes(house.ready.token));
    assert.ok(!text.includes('NODE_COMPILE_CACHE'));
  });

  it('B10: EVIL=redirect and a forged sign-in take nothing of ours to another origin', async () => {
    for (const server of ['http-redirect', 'http-www-auth']) {
      const { code } = await agent.use(`${server}:keep`);
      assert.ok(code === 'unknown_tool' || code === 'upstream_unavailable' || code === 'auth_required', code);
      const { stdout } = await house.cli('upstream', 'logs', '--name', server);
      assert.doesNotMatch(stdout, new RegExp(MARK));
    }
    assert.deepEqual(canary.contacts, []);
  });

  it('D17: no server is called by a name it gives itself', async () => {
    assert.doesNotMatch(agent.received, /GitHub \(verified\)/);
    const { stdout } = await house.cli('upstream', 'list');
    assert.doesNotMatch(stdout, /GitHub/);
    assert.match(stdout, /stdio-silent/);
  });

  it('B2 B14: EVIL=die ends that server only; the next use has it back, and a dying one is not started without end', async () => {
    await agent.untilCode('stdio-die:keep', undefined);
    const good = evil.starts('good').at(-1)?.pid ?? 0;
    const starts = evil.starts('die').length;
    const { isError, code } = await agent.use('stdio-die:act');
    assert.ok(isError && code === 'ambiguous', code);
    await agent.untilCode('stdio-die:keep', undefined);
    assert.ok(evil.starts('die').length > starts);
    assert.ok(isAlive(good) && evil.http.exitCode === null);
    const loop = evil.starts('die-loop').map(({ at }) => at);
    assert.ok(loop.length > 0);
    loop.forEach((at, n) => assert.ok((loop[n + 6] ?? Infinity) - at > 59_000, `seven starts within a minute: ${loop.join(' ')}`));
  });

  it('U15 B14: killed outright, the proxy leaves neither a listener nor a child, and ends nobody else', async () => {
    const children = [...Object.keys(BEHAVIOURS), ...Object.keys(SCHEMAS), 'good'].flatMap((mode) => evil.starts(mode).map(({ pid }) => pid));
    assert.ok(children.filter(isAlive).length > 10);
    await house.serve.stop('SIGKILL');
    await until('its children are gone', () => (children.some(isAlive) ? undefined : true));
    await assert.rejects(fetch(`http://127.0.0.1:${house.ready.port}/health`));
    assert.ok(isAlive(evil.http.pid ?? 0));
  });

  it('B5 B10 D14: the canary was never contacted', () => {
    assert.deepEqual(canary.contacts, []);
  });
});
