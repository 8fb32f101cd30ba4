import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../fixtures/eventually.ts';
import { makePlace, serve, TestAgent, vestibule, type Place, type Serving } from '../fixtures/serve.ts';
import type { StdioManners } from '../fixtures/upstreams/stdio-server.ts';

const RAW = new URL('../fixtures/upstreams/stdio-server.ts', import.meta.url).pathname;
const tool = (name: unknown): string => JSON.stringify({ name, inputSchema: { type: 'object' } });

function raw(manners: StdioManners): unknown {
  return { command: process.execPath, args: [RAW, JSON.stringify(manners)] };
}

/** One good server among bad ones: whatever they do, the good one serves and each bad one is named with its fix. */
const SERVERS = {
  good: raw({ tools: [tool('echo')] }),
  missing: { command: 'no-such-command-anywhere', args: [] },
  dies: raw({ dies: 'cannot find module left-pad' }),
  noisy: raw({ noise: ['Server listening on stdio!', '{"not":"json-rpc"}'], tools: [tool('echo')] }),
  malformed: raw({ tools: ['{"name":42}', '"nonsense"', '{"name":"twice","name":"again","inputSchema":{"type":"object"}}', tool('echo')] }),
  oddNames: raw({ tools: [tool('get weather'), tool('get.weather'), tool('☂️'), tool('n'.repeat(300)), tool('echo')] }),
  unknownVariable: { command: process.execPath, args: ['${workspacefolder}/x.js'] },
  unknownKey: { command: process.execPath, args: [RAW, '{}'], timeoutSecond: 5 },
  wrongType: { command: 7 },
  noTransport: {},
};

describe('serve, with bad servers beside a good one', () => {
  let place: Place;
  let serving: Serving;
  let agent: TestAgent;

  before(async () => {
    place = await makePlace();
    await place.servers({ servers: SERVERS });
    serving = await serve(place, '--approve-all', '--mode', 'direct');
    agent = new TestAgent(serving);
    await agent.initialize();
  });

  after(async () => {
    assert.equal(await serving.stop(), 0);
    await place.dispose();
  });

  async function toolNames(): Promise<string[]> {
    return ((await agent.request('tools/list', {}))['tools'] as { name: string }[]).map(({ name }) => name);
  }

  it('serves the good part of everything', async () => {
    const names = await toolNames();
    for (const name of ['good_echo', 'noisy_echo', 'malformed_echo', 'oddNames_echo']) assert.ok(names.includes(name), name);
    assert.match((await agent.call('good_echo', {})).text, /tools\/call/);
    assert.match((await agent.call('noisy_echo', {})).text, /tools\/call/);
  });

  it('gives odd names a form every client takes, each its own', async () => {
    const odd = (await toolNames()).filter((name) => name.startsWith('oddNames_'));
    assert.equal(odd.length, 5);
    assert.equal(new Set(odd).size, 5);
    for (const name of odd) assert.match(name, /^[a-zA-Z0-9_-]{1,46}$/);
  });

  it('names what is wrong with each bad server, and what to do', async () => {
    const run = await vestibule(place, 'upstream', 'list', '--json');
    const report = run.stdout + run.stderr + serving.stderr();
    for (const wanted of ['unknownVariable', 'workspacefolder', 'timeoutSecond', 'timeoutSeconds', 'wrongType', 'noTransport', 'vestibule.json']) {
      assert.ok(report.includes(wanted), `${wanted} is named`);
    }
    const missing = await vestibule(place, 'upstream', 'logs', '--name', 'missing');
    assert.match(missing.stdout, /no-such-command-anywhere/);
    const dies = await eventually(async () => {
      const logs = await vestibule(place, 'upstream', 'logs', '--name', 'dies');
      return logs.stdout.includes('left-pad') ? logs.stdout : undefined;
    });
    assert.match(dies, /exited|ended|code 7/);
  });

  it('refuses a call to a server that cannot start, without quoting it', async () => {
    const { result, text } = await agent.call('call_tool', { tool: 'dies:echo' });
    assert.equal(result['isError'], true);
    assert.doesNotMatch(text, /left-pad/);
  });

  it('keeps serving when the servers file breaks, says where, and follows when it is mended', async () => {
    await place.servers('{\n  "servers": {\n    "good": { "command": "node", }\n    oops\n}');
    await eventually(() => Promise.resolve(/vestibule\.json:\d+:\d+/.test(serving.stderr()) ? true : undefined));
    assert.ok((await toolNames()).includes('good_echo'));
    await place.servers({ servers: { good: SERVERS.good } });
    await eventually(async () => ((await toolNames()).some((name) => name.startsWith('noisy')) ? undefined : true));
    assert.ok((await toolNames()).includes('good_echo'));
  });
});
