// A day's worth of sessions in a few minutes: what the shipped program still holds after each "hour" of sessions that
// come and go, calls, storms of list changes, lost sessions, servers that end, are killed, or stop because nobody uses
// them and wake again. Writes docs/images/soak.svg.
// Usage: node bench/soak/main.ts [HOURS]
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../../scripts/lib/exec.mjs';
import { LegacyAgent, ModernAgent } from '../../test/fixtures/relay/agents.ts';
import { startHttpPeer } from '../../test/fixtures/relay/http-peer.ts';
import { stdioPeer } from '../../test/fixtures/relay/rig.ts';
import { gone } from '../../test/security/kit/processes.ts';
import { startGateway } from '../lib/gateway.ts';
import { report } from '../lib/report.ts';
import { graph } from './graph.ts';
import { freePort, Probe, type Sample } from './probe.ts';

const hours = Number(process.argv[2] ?? 24);
const SESSIONS_AN_HOUR = 100;
const AT_ONCE = 8;
const MEBI = 1024 * 1024;
const storm = { messages: Array.from({ length: 50 }, () => ({ method: 'notifications/tools/list_changed' })) };

let calls = 0;

/** One session of an agent, from its beginning to its end. */
async function session(endpoint: { readonly url: string; readonly token: string }, number: number): Promise<void> {
  const agent = new LegacyAgent(endpoint, { capabilities: { roots: {}, sampling: {} } });
  agent.answering = () => ({ roots: [] });
  const call = (name: string, args: object = {}): Promise<unknown> => {
    calls++;
    return agent.request('tools/call', { name, arguments: args, _meta: { progressToken: number } });
  };
  await agent.open();
  if (number % 2 === 0) await agent.listen();
  await agent.request('tools/list');
  await agent.request('logging/setLevel', { level: 'error' });
  for (const server of ['one', 'two']) {
    await call(`${server}_echo`, { text: 'x'.repeat(1_000) });
    await call(`${server}_progress`, { steps: 3 });
    await call(`${server}_ask`, { method: 'roots/list' });
    await agent.request('resources/subscribe', { uri: 'one://watched' });
  }
  if (number % 10 === 0) await call('pipe_echo');
  if (number % 10 === 5) await call('one_notifyAside', storm);
  if (number % 50 === 20) await call('pipe_exit');
  // Not everybody says good-bye: those are ended when there is no room for more.
  if (number % 20 !== 7) await agent.close();
}

async function hour(endpoint: { readonly url: string; readonly token: string }, first: number): Promise<void> {
  const numbers = Array.from({ length: SESSIONS_AN_HOUR }, (_, i) => first + i);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = numbers.shift(); next !== undefined; next = numbers.shift()) await session(endpoint, next);
    }),
  );
  const modern = new ModernAgent(endpoint);
  for (let i = 0; i < 20; i++, calls++) await modern.request('tools/call', { name: 'one_echo', arguments: { i } });
}

/**
 * The agent that stays all day, with its stream open: one of its servers stops every hour because nobody uses it, another
 * is killed now and then (one that ends more than six times a minute is kept down), and both are there when they are
 * called again.
 */
async function staysAnHour(agent: LegacyAgent, number: number): Promise<void> {
  const pidOf = async (server: string): Promise<number> => {
    calls++;
    return Number(await agent.call(`${server}_pid`));
  };
  const pipe = await pidOf('pipe');
  if (number % 3 === 0) {
    process.kill(pipe, 'SIGKILL');
    kills++;
  }
  await gone(await pidOf('nap'));
  const listed = JSON.stringify((await agent.request('tools/list')).result);
  staying.listed ??= listed;
  if (listed !== staying.listed) throw new Error('the list is another one');
  wakes++;
}

const staying: { listed?: string } = {};
let wakes = 0;
let kills = 0;
const port = await freePort();
await using one = await startHttpPeer({ name: 'one', resources: [{ uri: 'one://watched', name: 'watched' }] });
await using two = await startHttpPeer({ name: 'two' });
const gateway = await startGateway({ one: { url: one.url }, two: { url: two.url }, pipe: stdioPeer(), nap: { ...stdioPeer(), idleStopMinutes: 0.01 } }, ['--approve-all', '--mode', 'direct'], {}, [`--inspect=127.0.0.1:${port}`]);
try {
  using probe = await Probe.open(port);
  const samples: Sample[] = [];
  const stays = new LegacyAgent(gateway, { clientInfo: { name: 'stays', version: '1' } });
  await stays.open();
  await stays.listen();
  for (let passed = 0; passed < hours; passed++) {
    await hour(gateway, passed * SESSIONS_AN_HOUR);
    await staysAnHour(stays, passed);
    // The servers restart: every session of theirs is gone.
    one.forget();
    two.forget();
    samples.push(await probe.sample());
    console.error(`hour ${passed + 1}: ${JSON.stringify(samples.at(-1))}`);
  }
  const rows = samples.map(({ heap, rss, handles, descriptors }, i) => ({ hour: i + 1, sessions: (i + 1) * SESSIONS_AN_HOUR, 'heap MiB': (heap / MEBI).toFixed(1), 'RSS MiB': Math.round(rss / MEBI), handles, descriptors }));
  await report('soak', rows);
  const svg = graph(`${hours * SESSIONS_AN_HOUR} sessions, ${calls} calls, ${wakes} idle stops, ${kills} kills`, `one point after each ${SESSIONS_AN_HOUR} sessions, after a garbage collection (npm run bench -- soak)`, [
    { name: 'heap in use', colour: '#1f77b4', unit: 'MiB', values: samples.map(({ heap }) => heap / MEBI) },
    { name: 'resident memory', colour: '#9467bd', unit: 'MiB', values: samples.map(({ rss }) => rss / MEBI) },
    { name: 'handles', colour: '#2ca02c', unit: '', values: samples.map(({ handles }) => handles) },
    { name: 'file descriptors', colour: '#d62728', unit: '', values: samples.map(({ descriptors }) => descriptors) },
  ]);
  await writeFile(path.join(root, 'docs', 'images', 'soak.svg'), svg);
} finally {
  await gateway.stop();
}
