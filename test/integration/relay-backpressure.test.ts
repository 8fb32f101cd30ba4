/* An agent that does not read slows down the server that speaks to it, and nobody else (issue: backpressure end to end). */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { LegacyAgent, ModernAgent, valueOf, type Heard } from '../fixtures/relay/agents.ts';
import { startHttpPeer } from '../fixtures/relay/http-peer.ts';
import { stdioPeer } from '../fixtures/relay/rig.ts';
import { makePlace, serve } from '../fixtures/serve.ts';
import { residentBytes } from '../security/kit/processes.ts';

/** More than every buffer of the system on the way takes, and less than one call's stream may hold. */
const COUNT = 8_000;
const BYTES = 4 * 1024;
const POURED = COUNT * BYTES;
const LOGS = { 'io.modelcontextprotocol/logLevel': 'info' };

interface House extends AsyncDisposable {
  /** Memory of the gateway. */
  resident(): number;
  legacy(): Promise<LegacyAgent>;
  modern(): ModernAgent;
  /** What `pour` is called with. */
  readonly pour: { readonly name: string; readonly arguments: object };
  /** Messages the server has got rid of. */
  sent(): Promise<number>;
  /** Resolves, with their number, once it gets rid of no more of them. */
  stalled(): Promise<number>;
}

/** A gateway in a process of its own, between a server that pours and agents. */
async function startHouse(transport: 'stdio' | 'http', more: object = {}): Promise<House> {
  const [http, place, folder] = [await startHttpPeer(), await makePlace(), await mkdtemp(join(tmpdir(), 'vestibule-poured-'))];
  const file = join(folder, 'sent');
  await place.servers({ servers: { loud: { ...(transport === 'http' ? { url: http.url } : stdioPeer()), ...more }, calm: stdioPeer() } });
  const program = await serve(place, '--mode', 'direct', '--approve-all');
  const agents: (LegacyAgent | ModernAgent)[] = [];
  const opened = async (): Promise<LegacyAgent> => {
    const agent = new LegacyAgent(program);
    agents.push(agent);
    await agent.open();
    await agent.request('tools/list');
    return agent;
  };
  // What is approved at the start is there for whoever comes after the first.
  await (await opened()).close();
  const sent = async (): Promise<number> => Number(await readFile(file, 'utf8').catch(() => '0'));
  return {
    resident: () => residentBytes(program.process.pid ?? 0),
    legacy: opened,
    modern: () => {
      const agent = new ModernAgent(program);
      agents.push(agent);
      return agent;
    },
    pour: { name: 'loud_pour', arguments: { count: COUNT, bytes: BYTES, file } },
    sent,
    async stalled() {
      for (let before = await sent(); ; ) {
        await delay(1_000);
        const now = await sent();
        if (now > 0 && now === before) return now;
        before = now;
      }
    },
    async [Symbol.asyncDispose]() {
      for (const agent of agents) await (agent instanceof LegacyAgent ? agent.close() : agent.forsake());
      await program.stop();
      await http[Symbol.asyncDispose]();
      await place.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const numbersOf = (heard: readonly Heard[]): number[] =>
  heard.filter(({ method }) => method === 'notifications/message').map(({ params }) => (params?.['data'] as { n: number }).n);
const ALL = Array.from({ length: COUNT }, (_, i) => i + 1);

describe('an agent that does not read', { timeout: 300_000 }, () => {
  for (const transport of ['stdio', 'http'] as const) {
    for (const era of ['legacy', 'modern'] as const) {
      it(`slows its server down, delays nobody else, and misses nothing once it reads (${transport}, ${era} agent)`, async () => {
        await using house = await startHouse(transport);
        const [agent, other] = [era === 'legacy' ? await house.legacy() : house.modern(), await house.legacy()];
        for (const name of ['loud_echo', 'calm_echo']) for (const one of [agent, other]) await one.call(name);
        const before = house.resident();
        const id = await agent.stall('tools/call', { ...house.pour, _meta: LOGS });
        const sent = await house.stalled();
        assert.ok(sent < COUNT, 'its writes do not go through any more');
        assert.ok(house.resident() - before < POURED, `${house.resident() - before} bytes more than before`);
        for (let i = 0; i < 3; i++) for (const name of ['loud_echo', 'calm_echo']) await other.call(name);
        await agent.call('calm_echo');
        assert.equal(await house.sent(), sent, 'and all the while it waited');
        assert.equal(valueOf(await agent.readOn(id)), 'poured');
        assert.deepEqual(numbersOf(agent.heard), ALL);
      });
    }
  }

  it('has other answers of that server wait with it, which come once it reads', async () => {
    await using house = await startHouse('stdio');
    const agent = await house.legacy();
    // While two calls are under way, nobody can tell which one messages over stdio belong to: the rest comes by this.
    await agent.listen();
    const id = await agent.stall('tools/call', house.pour);
    assert.ok((await house.stalled()) < COUNT);
    const echoed = agent.call('loud_echo', { n: 1 });
    await agent.readOn(id);
    assert.deepEqual(((await echoed) as { arguments: unknown }).arguments, { n: 1 });
    await agent.hears(({ params }) => (params?.['data'] as { n?: number } | undefined)?.n === COUNT);
    assert.deepEqual(numbersOf(agent.heard).sort((a, b) => a - b), ALL);
  });

  it('never slows down a connection that others use too', async () => {
    await using house = await startHouse('stdio', { shared: true });
    const [agent, other] = [await house.legacy(), await house.legacy()];
    await agent.stall('tools/call', house.pour);
    while ((await house.sent()) < COUNT) await other.call('loud_echo');
  });
});
