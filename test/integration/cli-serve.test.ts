import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { behaving, FIXTURE_ENTRY, inPlace, run, start, toolNamed, userServers } from '../fixtures/cli.ts';
import { Serve, type LogLine } from '../fixtures/cli-serve.ts';
import { eventually } from '../fixtures/eventually.ts';
import { makePlace, TestAgent, type Place, type Run } from '../fixtures/serve.ts';

let place: Place;
let serves: Serve[];
beforeEach(async () => {
  place = await makePlace();
  serves = [];
});
afterEach(async () => {
  for (const one of serves) {
    if (one.program.exitCode === null && one.program.signalCode === null) await one.stop('SIGKILL');
  }
  await place.dispose();
});

const MANNERS = behaving({ tools: [toolNamed('pid'), toolNamed('hang'), toolNamed('lists')] });

function serve(...args: string[]): Serve {
  const one = new Serve(inPlace(place, ['serve', ...args]), MANNERS);
  serves.push(one);
  return one;
}

const vestibule = (...args: string[]): Promise<Run> => run(inPlace(place, args), MANNERS);

describe('vestibule serve', { timeout: 120_000 }, () => {
  it('prints one line when it is ready, and ends with 0 at SIGTERM and SIGINT', { skip: process.platform === 'win32' }, async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const one = serve();
      const { event, url, port, token, version, pid } = await one.ready();
      assert.deepEqual({ event, url, pid }, { event: 'ready', url: `http://127.0.0.1:${port}/mcp`, pid: one.program.pid });
      assert.match(token ?? '', /^[\w-]{43}$/);
      assert.match(version, /^\d+\.\d+\.\d+/);
      assert.equal((await fetch(url, { method: 'POST' })).status, 401);
      const started = performance.now();
      assert.equal(await one.stop(signal), 0);
      assert.ok(performance.now() - started < 5_000);
      assert.equal(one.stdout.length, 1);
      assert.ok(!JSON.stringify(one.log).includes(token ?? 'no token'), 'the token is in no log line');
    }
  });

  it('finishes what is in flight, ends its servers, and ends at once at a second signal', { skip: process.platform === 'win32' }, async () => {
    await place.servers({ servers: { srv: FIXTURE_ENTRY } });
    const one = serve('--approve-all');
    const agent = new TestAgent({ token: '', ...(await one.ready()) });
    await agent.initialize();
    const server = Number((await agent.call('call_tool', { tool: 'srv:pid', arguments: {} })).text);
    assert.ok(server > 0);
    assert.equal(await one.stop(), 0);
    assert.throws(() => process.kill(server, 0), { code: 'ESRCH' });

    const two = serve('--approve-all');
    const other = new TestAgent({ token: '', ...(await two.ready()) });
    await other.initialize();
    // Never answered; keeps the end waiting.
    const call = other.call('call_tool', { tool: 'srv:hang', arguments: {} }).catch(() => undefined);
    await two.logged(/Ready/);
    two.program.kill('SIGTERM');
    await two.logged(/^ending$/);
    const started = performance.now();
    two.program.kill('SIGTERM');
    assert.equal(await two.ended, 143);
    assert.ok(performance.now() - started < 1_000);
    await call;
  });

  it('warns of what weakens it', async () => {
    const one = serve('--no-auth', '--no-prefix', '--approve-all');
    const ready = await one.ready();
    assert.equal(ready.token, undefined);
    for (const option of ['--no-auth', '--no-prefix', '--approve-all']) assert.equal((await one.logged(new RegExp(`^${option}: `))).level, 'warn');
    const answer = await new TestAgent({ url: ready.url, token: '' }).initialize();
    assert.ok('serverInfo' in answer);
  });

  it('ends with 3 for a file that cannot be used, naming place and fix', async () => {
    const named = join(place.workspace, 'named.json');
    const cases: readonly (readonly [string, RegExp])[] = [
      ['{ "servers": {\n  "a": { "command": "x" }\n  "b": {} } }', /:3:3: A comma is missing before this\./],
      ['{ "servers": [] }', /:1:14: "servers" must be an object/],
      ['[]', /:1:1: A servers file must be an object/],
      ['{ "mcpServers": { "a": { "command": "x" } } }', /:1:3: "mcpServers" is the key of Claude/],
      ['{ "servers": { "a": { "command": 5 } } }', /:1:34: "command" must be a text/],
    ];
    for (const [text, expected] of cases) {
      await writeFile(named, text);
      const { code, stdout, stderr } = await vestibule('serve', '--config', named);
      assert.deepEqual([code, stdout], [3, ''], stderr);
      const line = JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as LogLine;
      assert.match(line.message, expected);
      assert.ok(line.message.startsWith(named) && line.code === 'bad-config' && line.fix !== '');
    }
    await place.servers('{ "servers": { "a": { "command": } } }');
    const { code, stderr } = await vestibule('serve');
    assert.equal(code, 3);
    assert.match((JSON.parse(stderr) as LogLine).message, /vestibule\.json:1:34: A value is missing here/);
    const missing = await vestibule('serve', '--config', join(place.workspace, 'nope.json'));
    assert.equal(missing.code, 3);
    assert.match(missing.stderr, /nope\.json:1:1: There is no such file/);
  });

  it('serves the good part of a file, and logs the rest with place and fix', async () => {
    await place.servers({ servers: { good: { command: 'x' }, bad: { command: 5 } } });
    const one = serve();
    await one.ready();
    const problem = await one.logged(/vestibule\.json:7:18: "command" must be a text/);
    assert.deepEqual([problem.level, problem.server], ['error', 'bad']);
    // The user's own file is broken while it serves: told within a second, and nothing ends.
    await userServers(place, '{ "servers": ');
    assert.match((await one.logged(/servers\.json:1:14: /)).message, /A value is missing here/);
  });

  it('keeps the last good rules while a file is bad, says where and how to mend it, and that it is mended', async () => {
    const file = (rules: object, rest = ''): string => `{ "servers": { "srv": ${JSON.stringify({ ...FIXTURE_ENTRY, ...rules })} }${rest} }`;
    await userServers(place, file({ tools: { allow: ['pid'] } }));
    const one = serve('--approve-all', '--mode', 'direct');
    const agent = new TestAgent({ token: '', ...(await one.ready()) });
    await agent.initialize();
    const works = async (tool: string): Promise<boolean> => (await agent.call('call_tool', { tool: `srv:${tool}`, arguments: {} })).result['isError'] !== true;
    assert.deepEqual([await works('pid'), await works('lists')], [true, false]);
    const bad: readonly (readonly [string, RegExp])[] = [
      // Nothing of the file can be read: everything it said stays.
      [`${file({ tools: { deny: ['pid'] } })}}`, /servers\.json:1:\d+: /],
      ['{ "servers": ', /servers\.json:1:14: A value is missing here/],
    ];
    for (const [text, where] of bad) {
      const before = one.log.length;
      const since = (): readonly LogLine[] => one.log.slice(before);
      await userServers(place, text);
      await one.until(() => since().some(({ level, message }) => level === 'error' && where.test(message)));
      const said = since().find(({ message }) => where.test(message)) ?? assert.fail();
      assert.ok(said.code === 'bad-config' && (said.fix ?? '') !== '', JSON.stringify(said));
      assert.deepEqual([await works('pid'), await works('lists')], [true, false], 'the last good rules');
      await userServers(place, file({ tools: { allow: ['pid'] } }));
      await one.until(() => since().some(({ level, message }) => level === 'info' && message === `Mended: ${said.message}`));
    }
    // A rule that cannot be read, at its place; the next good file counts at once.
    const before = one.log.length;
    await userServers(place, file({ timeoutSeconds: 'soon' }));
    await one.until(() => one.log.slice(before).some(({ code, message, server }) => code === 'bad-config' && server === 'srv' && /servers\.json:1:\d+: "timeoutSeconds" must be a number/.test(message)));
    await userServers(place, file({ tools: { deny: ['pid'] } }));
    await one.until(() => one.log.slice(before).some(({ message }) => /^Mended: .*timeoutSeconds/.test(message)));
    assert.equal(await works('pid'), false);
  });

  it('ends with 4 when the port it must have is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const { code, stdout, stderr } = await vestibule('serve', '--port', String(port));
    taken.close();
    assert.deepEqual([code, stdout], [4, '']);
    assert.equal((JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as LogLine).code, 'cannot-bind');
  });

  it('ends with 5 while another one serves the data folder, and when it cannot be used', async () => {
    await serve().ready();
    const second = await vestibule('serve');
    assert.deepEqual([second.code, second.stdout], [5, '']);
    assert.match(second.stderr, /in use by the process with pid \d+/);
    const file = join(place.workspace, 'file');
    await writeFile(file, '');
    const unusable = await run(['serve', '--data', file, '--workspace', place.workspace]);
    assert.deepEqual([unusable.code, unusable.stdout], [5, '']);
    assert.equal((JSON.parse(unusable.stderr) as LogLine).code, 'data-folder-unreadable');
  });

  it('takes over from one that was killed', async () => {
    const one = serve();
    await one.ready();
    await one.stop('SIGKILL');
    await serve().ready();
  });

  it('follows commands of other processes: add, restart, disable, remove, and their decisions', async () => {
    const one = serve();
    const { url, token = '' } = await one.ready();
    const agent = new TestAgent({ url, token });
    await agent.initialize();
    const added = await vestibule('upstream', 'add', '--name', 'srv', '--', FIXTURE_ENTRY.command, ...FIXTURE_ENTRY.args);
    assert.equal(added.code, 0, added.stderr);
    // Adding approved the launch, so it is connected and listed at once; its tools wait.
    await one.logged(/Ready/);
    const refused = await agent.call('call_tool', { tool: 'srv:pid', arguments: {} });
    assert.equal(refused.result['isError'], true);
    assert.equal((await vestibule('upstream', 'approve', '--name', 'srv')).code, 0);
    const pid = await eventually(async () => {
      const { result, text } = await agent.call('call_tool', { tool: 'srv:pid', arguments: {} });
      return result['isError'] === true ? undefined : text;
    });
    const restarted = await vestibule('upstream', 'restart', '--name', 'srv');
    assert.deepEqual([restarted.code, restarted.stdout], [0, '"srv" is being restarted.\n']);
    await eventually(async () => {
      const { result, text } = await agent.call('call_tool', { tool: 'srv:pid', arguments: {} });
      return result['isError'] !== true && text !== pid ? true : undefined;
    });
    assert.match((await vestibule('upstream', 'logs', '--name', 'srv')).stdout, /lifecycle +Ready/);
    assert.equal((await vestibule('quarantine', 'block', '--server', 'srv', '--tool', 'pid')).code, 0);
    await eventually(async () => ((await agent.call('call_tool', { tool: 'srv:pid', arguments: {} })).result['isError'] === true ? true : undefined));
    assert.equal((await vestibule('upstream', 'remove', '--name', 'srv')).code, 0);
    if (process.platform !== 'win32') assert.equal(await one.stop(), 0);
    const lines = (await readFile(join(place.data, 'journal', 'calls-000000000000001.jsonl'), 'utf8')).trim().split('\n');
    const decisions = lines.map((line) => JSON.parse(line) as { kind?: string; by: string; action: string; subject: string }).filter(({ kind }) => kind === 'decision');
    assert.deepEqual(
      decisions.map(({ by, action, subject }) => `${by} ${action} ${subject}`.trim()),
      ['cli approve-launch', 'cli approve-launch', 'cli approve', 'cli approve pid', 'cli approve hang', 'cli approve lists', 'cli block pid', 'cli revoke-launch'],
    );
    assert.equal((await vestibule('calls', 'verify')).code, 0);
  });

  it('an upstream never sees the variables that hold secrets for others', async () => {
    const entry = { command: FIXTURE_ENTRY.command, args: [...FIXTURE_ENTRY.args, '${secret:api-key}'], env: { GIVEN: '${input:token}', FALLBACK: '${input:region}' } };
    await place.servers({ inputs: [{ id: 'token', type: 'promptString' }, { id: 'region', type: 'pickString', options: ['eu', 'us'], default: 'eu' }], servers: { srv: entry } });
    const one = new Serve(inPlace(place, ['serve', '--approve-all']), {
      ...behaving({ tools: [toolNamed('env')] }), VESTIBULE_INPUT_TOKEN: 'from-input', VESTIBULE_SECRET_API_KEY: 'from-secret', VESTIBULE_SECRET_OTHER: 'for-another',
    });
    serves.push(one);
    const agent = new TestAgent({ token: '', ...(await one.ready()) });
    await agent.initialize();
    const { text } = await agent.call('call_tool', { tool: 'srv:env', arguments: {} });
    const seen = JSON.parse(text) as Record<string, string>;
    assert.deepEqual([seen['GIVEN'], seen['FALLBACK']], ['from-input', 'eu'], 'nobody can be asked, so the default counts');
    assert.deepEqual(Object.keys(seen).filter((name) => name.startsWith('VESTIBULE_')), ['VESTIBULE_LAUNCH'], 'by which alone what it leaves behind is known');
    assert.doesNotMatch(text, /for-another|from-secret/);
  });
});

describe('vestibule calls', { timeout: 120_000 }, () => {
  it('lists, filters, follows and verifies what was called', async () => {
    await place.servers({ servers: { srv: FIXTURE_ENTRY } });
    assert.equal((await vestibule('calls')).stdout, 'No calls are recorded.\n');
    const one = serve('--approve-all');
    const agent = new TestAgent({ token: '', ...(await one.ready()) });
    await agent.initialize();
    const follower = start(inPlace(place, ['calls', '--follow', '--json', '--outcome', 'ok']));
    const followed = createInterface({ input: follower.stdout });
    const first = once(followed, 'line');
    // What was there when following began is not repeated, so call until it is heard.
    let calls = 0;
    do {
      await agent.call('call_tool', { tool: 'srv:pid', arguments: {} });
      calls++;
    } while (!(await Promise.race([first.then(() => true), vestibule('calls', '--limit', '1').then(() => false)])));
    await agent.call('call_tool', { tool: 'srv:nope', arguments: {} });
    const [line] = (await first) as [string];
    assert.equal((JSON.parse(line) as { tool: string }).tool, 'pid');
    const followerEnded = once(follower, 'close');
    follower.kill('SIGTERM');
    if (process.platform !== 'win32') assert.deepEqual(await followerEnded, [0, null]);
    await one.stop();

    const json = async (...args: string[]): Promise<{ time: string; tool: string; outcome: string }[]> => JSON.parse((await vestibule('calls', '--json', ...args)).stdout) as { time: string; tool: string; outcome: string }[];
    const all = await json();
    assert.equal(all.length, calls + 1);
    assert.deepEqual([...all].sort((a, b) => a.time.localeCompare(b.time)), all, 'the latest last');
    assert.equal((await json('--outcome', 'refused')).length, 1);
    assert.equal((await json('--server', 'nope')).length, 0);
    assert.equal((await json('--since', '1h', '--limit', '1')).length, 1);
    assert.equal((await json('--since', '2999-01-01')).length, 0);
    assert.match((await vestibule('calls')).stdout, /^TIME +AGENT +TOOL +OUTCOME +MS +BYTES IN +BYTES OUT\n\S+Z +\S.* srv:pid +ok +\d+ /);

    assert.equal((await vestibule('calls', 'verify')).code, 0);
    const file = join(place.data, 'journal', 'calls-000000000000001.jsonl');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"outcome":"ok"', '"outcome":"no"'));
    const broken = await vestibule('calls', 'verify');
    assert.equal(broken.code, 1);
    assert.match(broken.stdout, /^calls-000000000000001\.jsonl:\d+: this line was changed after it was written\n$/);
  });
});
