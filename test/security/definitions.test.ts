import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openCanary, type Canary } from './kit/canary.ts';
import { RecordingClient } from './kit/client.ts';
import { openEvil, TRANSPORTS, type Evil } from './kit/evil.ts';
import { openHouse, type House } from './kit/house.ts';
import { LIST_MODES, type ListMode } from './evil/definitions.ts';
import { MARK } from './evil/protocol.ts';

const PASSES = [1, 2, 3] as const;
const MODES = Object.entries(LIST_MODES);
/** These are asked by each agent on a connection of its own; the others, to start fewer processes, on one for all. */
const OWN_CONNECTIONS = ['clean', 'rugpull', 'flap', 'page-lies'];
const SHARED = Object.keys(LIST_MODES).filter((mode) => !OWN_CONNECTIONS.includes(mode));

// What pass 0 lists was approved; from then on the servers say what they like, and a person decides nothing (I1, I3).
describe('hostile definitions', { timeout: 240_000 }, () => {
  let canary: Canary;
  let evil: Evil;
  let house: House;
  let agent: RecordingClient;

  before(async () => {
    canary = await openCanary();
    evil = await openEvil(canary.url);
    house = await openHouse({ servers: { ...evil.entries(OWN_CONNECTIONS), ...evil.entries(SHARED, { shared: true }) }, args: ['--approve-all', '--mode', 'direct'] });
    agent = await RecordingClient.connect(house.ready);
  });
  after(async () => {
    await agent.close();
    await house[Symbol.asyncDispose]();
    await evil[Symbol.asyncDispose]();
    await canary[Symbol.asyncDispose]();
  });

  /** What is served answers; what is held is refused by us, and nowhere to be seen. */
  async function stands(server: string, mode: ListMode, pass: number): Promise<void> {
    for (const name of mode.served?.(pass) ?? []) await agent.untilCode(`${server}:${name}`, undefined);
    for (const name of mode.held(pass)) {
      const { code, isError, raw } = await agent.use(`${server}:${name}`);
      assert.ok(isError && code !== undefined && ['awaiting_approval', 'unknown_tool', 'upstream_unavailable'].includes(code), `${server}:${JSON.stringify(name)} at pass ${pass}: ${raw.slice(0, 300)}`);
      // What was asked for may be repeated; nothing of the definition is.
      assert.ok(!raw.includes(MARK));
    }
    assert.equal((await agent.use(`${server}:keep`)).text, 'kept', 'its honest tool still works');
  }

  describe('whatever they are', { concurrency: 32 }, () => {
    for (const transport of TRANSPORTS) {
      for (const [name, mode] of MODES) {
        it(`${mode.row}: EVIL=${name} over ${transport} shows and runs nothing that nobody approved, pass after pass`, async () => {
          const server = `${transport}-${name}`;
          // A busy machine may list it later than the first answers are waited for; it is approved when it lists.
          await agent.untilCode(`${server}:keep`, undefined);
          await stands(server, mode, 0);
          for (const pass of PASSES) {
            assert.equal((await agent.use(`${server}:keep`, { pass })).text, 'kept');
            await agent.untilCode(`${server}:fresh-${pass}`, 'awaiting_approval');
            await stands(server, mode, pass);
          }
          const shown = await agent.everythingShown(MARK, mode.held(PASSES.length).map((held) => `${server}:${held}`));
          assert.ok(!shown.includes(MARK), shown.slice(Math.max(0, shown.indexOf(MARK) - 300), shown.indexOf(MARK) + 50));
          const ran = evil.seen(transport, name).filter(({ method, name: called }) => method === 'tools/call' && called !== undefined && called !== 'keep' && !(mode.served?.(0) ?? []).includes(called));
          assert.deepEqual(ran, [], 'a call reached what nobody approved');
        });
      }
    }
  });

  it('D3: a restart approves nothing of what was held before it', async () => {
    await agent.close();
    await house.restart('--mode', 'direct');
    agent = await RecordingClient.connect(house.ready);
    await Promise.all(TRANSPORTS.flatMap((transport) => MODES.map(([name, mode]) => stands(`${transport}-${name}`, mode, PASSES.length))));
  });

  it('D1 U7: not one byte of what was held has reached the agent, on any stream', () => {
    assert.ok(agent.received.length > 1_000);
    assert.ok(!agent.received.includes(MARK));
  });

  it('B11: nothing that a definition names was fetched', () => {
    assert.deepEqual(canary.contacts, []);
  });
});
