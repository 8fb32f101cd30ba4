// What a call to a quiet server costs while others of the same gateway are slow, flood, or read nothing.
import { LegacyAgent } from '../../test/fixtures/relay/agents.ts';
import { stdioPeer } from '../../test/fixtures/relay/rig.ts';
import { startGateway } from '../lib/gateway.ts';
import { ms, quantile } from '../lib/statistics.ts';
import { HttpCaller } from './http-caller.ts';

const CALLS = 300;
const WARM_UP = 300;
const WAITING = 64;

/** @param url of the quiet server; its tool is `echo` */
export async function fairness(url: string): Promise<Record<string, string>[]> {
  const gateway = await startGateway({ calm: { url }, slow: stdioPeer(), loud: stdioPeer() }, ['--approve-all', '--mode', 'direct']);
  const caller = new HttpCaller(gateway.url, gateway.token);
  try {
    await caller.initialize();
    const times = async (count: number): Promise<number[]> => {
      const taken: number[] = [];
      for (let i = 0; i < count; i++) {
        const started = performance.now();
        await caller.request('tools/call', { name: 'calm_echo', arguments: { text: 'hello' } });
        taken.push(performance.now() - started);
      }
      return taken;
    };
    await times(WARM_UP);
    const row = async (meanwhile: string): Promise<Record<string, string>> => {
      const taken = await times(CALLS);
      return { meanwhile, p50: ms(quantile(taken, 0.5)), p99: ms(quantile(taken, 0.99)) };
    };
    const rows = [await row('nobody else')];
    for (const [meanwhile, disturb] of DISTURBANCES) {
      const other = new LegacyAgent(gateway);
      await other.open();
      await disturb(other);
      rows.push(await row(meanwhile));
      // Ends what it called as well.
      await other.close();
    }
    return rows;
  } finally {
    caller.close();
    await gateway.stop();
  }
}

/** Each resolves once the disturbance is there; it lasts until the agent is closed. */
const DISTURBANCES: readonly (readonly [string, (agent: LegacyAgent) => Promise<unknown>])[] = [
  [
    `${WAITING - 1} calls wait for a server that does not answer`,
    async (agent) => {
      for (let key = 0; key < WAITING - 1; key++) agent.request('tools/call', { name: 'slow_hold', arguments: { key } }).catch(() => undefined);
      await agent.call('slow_echo');
    },
  ],
  ['an agent reads nothing of what floods it', (agent) => agent.stall('tools/call', { name: 'loud_flood', arguments: {} })],
  [
    'a server floods an agent that reads all of it',
    async (agent) => {
      agent.request('tools/call', { name: 'loud_flood', arguments: {} }).catch(() => undefined);
      await agent.hears(({ method }) => method === 'notifications/message');
    },
  ],
];
