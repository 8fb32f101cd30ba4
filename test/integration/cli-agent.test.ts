import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { behaving, FIXTURE_ENTRY, inPlace, run, toolNamed, userServers } from '../fixtures/cli.ts';
import { Serve, type Ready } from '../fixtures/cli-serve.ts';
import { eventually } from '../fixtures/eventually.ts';
import { makePlace, TestAgent, type Place } from '../fixtures/serve.ts';

const TOOLS = [JSON.stringify({ name: 'look', description: 'Looks at things.', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } }), toolNamed('burn')];

interface Listed {
  readonly name: string;
  readonly token?: string;
  readonly tier: string;
  readonly expired?: boolean;
  readonly lastSeenAt?: string;
  readonly expiresAt?: string;
}

describe('vestibule agent', { timeout: 180_000 }, () => {
  const env = behaving({ tools: TOOLS });
  let place: Place;
  let serve: Serve;
  let ready: Ready;

  const vestibule = (...args: string[]) => run(inPlace(place, ['agent', ...args]), env);
  const json = async (...args: string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await vestibule(...args, '--json');
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };
  const agent = async (token: string): Promise<TestAgent> => {
    const made = new TestAgent({ url: ready.url, token });
    await made.initialize();
    return made;
  };

  before(async () => {
    place = await makePlace();
    await userServers(place, { servers: { srv: FIXTURE_ENTRY, other: FIXTURE_ENTRY }, profiles: { some: { servers: ['srv'] } } });
    serve = new Serve(inPlace(place, ['serve', '--approve-all']), env);
    ready = await serve.ready();
  });
  after(async () => {
    await serve.stop();
    await place.dispose();
  });

  it('gives, lists and revokes tokens that a running serve knows at once', async () => {
    assert.match((await vestibule('list')).stdout, /No agent has a token/);
    const added = (await json('add', '--name', 'bot', '--servers', 'srv', '--tools', 'look,burn', '--tier', 'read', '--expires', '30d')) as Listed;
    const { token = '' } = added;
    assert.equal(added.tier, 'read');
    assert.ok(Math.abs(Date.parse(added.expiresAt ?? '') - Date.now() - 30 * 86_400_000) < 600_000);
    const bot = await agent(token);
    const { text } = await bot.call('retrieve_tools', { query: 'look at or burn things', limit: 50 });
    assert.match(text, /srv:look/);
    assert.doesNotMatch(text, /other:|burn/);
    const { result } = await bot.call('call_tool', { tool: 'srv:burn', arguments: {} });
    assert.equal((result['_meta'] as Record<string, { code: string }>)['vestibule/error']?.code, 'not_permitted');
    assert.equal((await bot.call('call_tool_read', { tool: 'srv:look', arguments: {} })).result['isError'], undefined);

    const { stdout } = await vestibule('revoke', '--name', 'bot');
    assert.match(stdout, /Revoked bot/);
    await assert.rejects(bot.call('call_tool_read', { tool: 'srv:look', arguments: {} }), /bearer token is required/);
    assert.deepEqual(await json('list'), []);
    assert.equal((await vestibule('revoke', '--name', 'bot')).code, 1);

    // The record is written behind the calls.
    await eventually(async () => {
      const { stdout: text } = await run(inPlace(place, ['calls', '--agent', 'bot', '--json']), env);
      return /"agent": ?"bot"/.test(text) && /"tool": ?"burn"/.test(text) ? true : undefined;
    });
  });

  it('gives budgets, and refuses what is none', async () => {
    const added = (await json('add', '--name', 'thrifty', '--budget', '1000/day', '--token-budget', '500000/day')) as Listed & { budget: unknown };
    assert.deepEqual(added.budget, { calls: 1000, tokens: 500000, per: 'day' });
    for (const bad of [['--budget', '10'], ['--budget', '0/day'], ['--budget', '10/week'], ['--budget', '1/day', '--token-budget', '1/hour']]) assert.equal((await vestibule('add', '--name', 'x', ...bad)).code, 2, bad.join(' '));
    await vestibule('revoke', '--name', 'thrifty');
  });

  it('shows a token once, and keeps none', async () => {
    const { stdout } = await vestibule('add', '--name', 'once', '--profile', 'some');
    const token = /vst_[\w-]{43}/.exec(stdout)?.[0] ?? assert.fail(stdout);
    assert.match(stdout, /Servers: all\. Tools: all\. Tier: destructive\. Profile: some\.\nIt does not expire\./);
    for (const text of [await readFile(join(place.data, 'agents.json'), 'utf8'), (await vestibule('list')).stdout, (await vestibule('list', '--json')).stdout]) assert.ok(!text.includes(token));
    const once = await agent(token);
    assert.doesNotMatch((await once.call('retrieve_tools', { query: 'look', limit: 50 })).text, /other:/);
    const again = await vestibule('add', '--name', 'once');
    assert.deepEqual([again.code, again.stdout], [2, '']);
  });

  it('says what will not do', async () => {
    for (const [args, why] of [
      [['add'], /--name is missing/],
      [['add', '--name', 'local'], /stands for a caller of our own/],
      [['add', '--name', 'a', '--tier', 'admin'], /--tier cannot be "admin"/],
      [['add', '--name', 'a', '--expires', '30'], /--expires cannot be "30"/],
      [['add', '--name', 'a', '--expires', '999999w'], /--expires cannot be/],
      [['add', '--name', 'a', '--tools', 'x,,y'], /it is empty/],
      [['add', '--name', 'a', '--profile', 'nope'], /no profile "nope"/],
    ] as const) {
      const { code, stderr, stdout } = await vestibule(...args);
      assert.deepEqual([code, stdout], [2, ''], args.join(' '));
      assert.match(stderr, why);
    }
    const slip = await vestibule('add', '--name', 'slip', '--servers', 'srvv');
    assert.match(slip.stderr, /No server is called "srvv" now/);
    assert.equal(slip.code, 0);
  });

  it('keeps when each was last seen over a restart, and journals what was decided', async () => {
    const { token = '' } = (await json('add', '--name', 'seen')) as Listed;
    await agent(token);
    await serve.stop();
    const listed = (await json('list', '--name', 'seen')) as Listed[];
    assert.ok(Math.abs(Date.parse(listed[0]?.lastSeenAt ?? '') - Date.now()) < 600_000, JSON.stringify(listed));
    assert.match((await vestibule('list')).stdout, /^NAME +SERVERS/m);
    const lines = (await readFile(join(place.data, 'journal', 'calls-000000000000001.jsonl'), 'utf8')).trim().split('\n');
    const decisions = lines.map((line) => JSON.parse(line) as { action?: string; subject: string; by: string }).filter(({ action }) => action?.startsWith('agent-') === true);
    assert.deepEqual(decisions.slice(0, 2).map(({ action, subject, by }) => `${action ?? ''} ${subject} by ${by}`), ['agent-add bot by cli', 'agent-revoke bot by cli']);
    serve = new Serve(inPlace(place, ['serve']), env);
    ready = await serve.ready();
    await agent(token);
  });

  it('lets no agent in by a file that cannot be read, and says so; the owner is let in', async () => {
    const { token = '' } = (await json('add', '--name', 'hurt')) as Listed;
    const file = join(place.data, 'agents.json');
    const good = await readFile(file, 'utf8');
    await agent(token);
    await writeFile(file, good.slice(0, -20));
    await assert.rejects(agent(token), /bearer token is required/);
    await agent(ready.token ?? '');
    await serve.logged(/No agent with a token of its own is let in/);
    const listed = await vestibule('list');
    assert.equal(listed.code, 5);
    assert.equal((await vestibule('add', '--name', 'more')).code, 5);
    assert.equal(await readFile(file, 'utf8'), good.slice(0, -20), 'it is not overwritten');
    await writeFile(file, good);
    await agent(token);
  });
});
