import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openCanary, type Canary } from './kit/canary.ts';
import { RecordingClient } from './kit/client.ts';
import { openEvil, type Evil } from './kit/evil.ts';
import { MARK } from './evil/protocol.ts';
import { filesBelow, openHouse, type House } from './kit/house.ts';
import { until } from './kit/until.ts';

// Somebody, or something, writes into the files that hold what a person decided. The agent cannot be asked, so that a
// call that nothing but an approval stands behind ends as declined.
describe('files of decisions', { timeout: 480_000 }, () => {
  let canary: Canary;
  let evil: Evil;
  let house: House;
  let agent: RecordingClient;

  before(async () => {
    canary = await openCanary();
    evil = await openEvil(canary.url);
    house = await openHouse({ servers: { good: evil.entry('stdio', 'good'), late: evil.entry('http', 'clean'), other: evil.entry('http', 'rugpull') }, args: ['--approve-all', '--consent', 'ask'] });
    agent = await RecordingClient.connect(house.ready);
    await agent.untilCode('good:act', 'consent_declined');
  });
  after(async () => {
    await agent.close();
    await house[Symbol.asyncDispose]();
    await evil[Symbol.asyncDispose]();
    await canary[Symbol.asyncDispose]();
  });

  const file = (name: string): string => join(house.place.data, name);
  const read = (name: string): Promise<string> => readFile(file(name), 'utf8');
  /** What was listed last is on disk soon, not at once. */
  const quarantine = (...args: readonly string[]): Promise<true> => until(`quarantine ${args.join(' ')} works`, async () => ((await house.cli('quarantine', ...args)).code === 0 ? (true as const) : undefined));
  /** Starts anew over the same files, which nobody reads meanwhile. */
  async function startOver(meanwhile: () => Promise<void>): Promise<void> {
    await agent.close();
    await house.serve.stop();
    await meanwhile();
    await house.restart('--consent', 'ask');
    agent = await RecordingClient.connect(house.ready);
  }
  const calls = (): number => evil.seen('stdio', 'good').filter(({ method, name }) => method === 'tools/call' && name === 'act').length;

  it('W5: an older copy of the approvals that is put back under a running gateway gives nothing back', async () => {
    const older = await read('approvals.json');
    await quarantine('block', '--server', 'good', '--tool', 'act');
    await agent.untilCode('good:act', 'blocked');
    await writeFile(file('approvals.json'), older);
    await house.serve.logged(/older copy/);
    assert.equal((await agent.use('good:act')).code, 'blocked');
    await startOver(() => Promise.resolve());
    await agent.untilCode('good:act', 'blocked');
  });

  it('W5: an older copy that is put back while nothing runs leaves everything waiting, and says so', async () => {
    await quarantine('approve', '--server', 'good', '--tool', 'act');
    const older = await read('approvals.json');
    await quarantine('block', '--server', 'good', '--tool', 'act');
    await startOver(() => writeFile(file('approvals.json'), older));
    await house.serve.logged(/approvals\.json.*older copy.*set aside/s);
    // Not even its launch is approved any more.
    for (const tool of ['act', 'keep']) assert.equal((await agent.use(`good:${tool}`)).isError, true);
    const { stdout } = await house.cli('quarantine', 'list', '--server', 'good', '--json');
    assert.match(stdout, /"kind": ?"launch"/);
    assert.equal((await house.cli('upstream', 'approve', '--name', 'good')).code, 0);
    await agent.untilCode('good:act', 'consent_declined');
  });

  it('W5: an edited file, one of an older version and one without its key approve nothing', async () => {
    await quarantine('block', '--server', 'good', '--tool', 'act');
    const good = await read('approvals.json');
    const { state } = JSON.parse(good) as { state: { servers: Record<string, { definitions: Record<string, { approved: unknown[]; blocked: unknown[] }> }> } };
    const act = state.servers['good']?.definitions['tool:act'] ?? assert.fail('it was decided about');
    const unblocked = structuredClone(act);
    act.approved = unblocked.blocked;
    act.blocked = [];
    const forged = [
      JSON.stringify({ ...(JSON.parse(good) as object), state }),
      JSON.stringify({ version: 1, state }),
      JSON.stringify({ version: 2, state }),
    ];
    for (const text of forged) {
      await startOver(() => writeFile(file('approvals.json'), text));
      assert.equal((await agent.use('good:act')).isError, true, text.slice(0, 60));
    }
    await startOver(async () => {
      await writeFile(file('approvals.json'), good);
      await rm(file('approvals.key'));
    });
    assert.equal((await agent.use('good:act')).isError, true);
    assert.equal(calls(), 0);
  });

  it('W5: a consent that somebody writes into its file allows no call', async () => {
    assert.equal((await house.cli('upstream', 'approve', '--name', 'good')).code, 0);
    await agent.untilCode('good:act', 'consent_declined');
    const { stdout } = await house.cli('quarantine', 'show', '--server', 'good', '--tool', 'act', '--json');
    const digest = /sha256-[A-Za-z0-9+/]{43}=/.exec(stdout)?.[0] ?? assert.fail(stdout);
    const consent = { kind: 'tool', server: 'good', tool: 'act', principal: 'local', digest, at: 1 };
    for (const version of [1, 2]) {
      await startOver(() => writeFile(file('consents.json'), JSON.stringify({ version, count: 1_000, mac: 'AAAA', state: { consents: [consent] } })));
      await house.serve.logged(/consents\.json/);
      assert.equal((await agent.use('good:act')).code, 'consent_declined');
    }
    assert.equal(calls(), 0);
  });

  it('U6 U7: agents look into the quarantine only of the server a person opened, as untrusted data, and decide nothing', async () => {
    for (const name of ['late', 'other']) assert.equal((await house.cli('upstream', 'approve', '--name', name)).code, 0);
    await evil.goOn('http', 'clean', 1);
    assert.equal((await house.cli('upstream', 'restart', '--name', 'late')).code, 0);
    await agent.untilCode('late:tempting', 'awaiting_approval');
    const listed = async (): Promise<boolean> => (await agent.client.listTools()).tools.some(({ name }) => name === 'quarantine_security');
    assert.equal(await listed(), false);
    assert.equal((await agent.call('quarantine_security', { operation: 'inspect', server: 'late' })).code, 'unknown_tool');
    assert.ok(!agent.received.includes(MARK), 'nothing of it was seen so far');
    await quarantine('inspection', '--server', 'late', '--agents', 'allow');
    await until('the tool is listed', async () => ((await listed()) ? true : undefined));
    const { text } = await agent.call('quarantine_security', { operation: 'list' });
    assert.match(text, /^late: \d+ awaiting approval$/);
    const inspected = await agent.call('quarantine_security', { operation: 'inspect', server: 'late' });
    assert.match(inspected.text, /^UNTRUSTED DATA\..*\n[^]*tool "tempting": awaiting approval[^]*\n\| [^]*END OF UNTRUSTED DATA\.$/);
    assert.ok(inspected.text.includes(MARK));
    for (const server of ['other', 'good', '__proto__']) assert.equal((await agent.call('quarantine_security', { operation: 'inspect', server })).code, 'not_permitted');
    for (const operation of ['approve', 'approve_all', 'approve_tool', 'unblock', 'set']) assert.equal((await agent.call('quarantine_security', { operation, server: 'late', tool: 'tempting' })).isError, true);
    assert.equal((await agent.use('late:tempting')).code, 'awaiting_approval');
    assert.match((await house.cli('calls', '--json')).stdout, /"quarantine_security"/);
    await quarantine('inspection', '--server', 'late', '--agents', 'refuse');
    await until('the tool is gone', async () => ((await listed()) ? undefined : true));
    assert.equal((await agent.call('quarantine_security', { operation: 'inspect', server: 'late' })).code, 'unknown_tool');
    for (const action of ['allow-inspection', 'end-inspection']) {
      await until(`${action} is in the journal`, async () => {
        const journal = [...(await filesBelow(join(house.place.data, 'journal'))).values()].join('');
        return journal.includes(`"by":"cli","action":"${action}","server":"late"`) ? true : undefined;
      });
    }
  });

  it('W4 U6: an approved lock file that grows approves nothing more, and a broken one nothing at all', async () => {
    const lockFile = join(house.place.workspace, '.vscode', 'vestibule.lock.json');
    await quarantine('share');
    const lock = await readFile(lockFile, 'utf8');
    await quarantine('lock', '--accept');
    await quarantine('block', '--server', 'good', '--tool', 'act');
    const { servers } = JSON.parse(lock) as { servers: { good: { fingerprint: string; tools: Record<string, string> } } };
    const grown = (tools: Record<string, string>): string => JSON.stringify({ lockfileVersion: 1, servers: { good: { ...servers.good, tools } } });
    const attacks = [
      grown({ ...servers.good.tools, more: servers.good.tools['act'] ?? '' }),
      `<<<<<<< HEAD\n${lock}=======\n${lock}>>>>>>> theirs\n`,
      lock.replace('"act"', '"act": "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",\n "act"'),
    ];
    for (const text of attacks) {
      await startOver(() => writeFile(lockFile, text));
      assert.equal((await agent.use('good:act')).isError, true, text.slice(0, 80));
    }
    // What the person blocked stays so under the very content that was accepted.
    await startOver(() => writeFile(lockFile, lock));
    await agent.untilCode('good:act', 'blocked');
    assert.equal(calls(), 0);
  });
});
