import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { behaving, FIXTURE_ENTRY, inPlace, run, toolNamed } from '../fixtures/cli.ts';
import { Serve } from '../fixtures/cli-serve.ts';
import { eventually } from '../fixtures/eventually.ts';
import { makePlace, TestAgent, type Place, type Run } from '../fixtures/serve.ts';

interface Refusal {
  readonly code: string;
  readonly retryable: boolean;
  readonly action: string;
}

describe('vestibule pause', { timeout: 120_000 }, () => {
  const env = behaving({ tools: [toolNamed('pid'), toolNamed('hang')] });
  let place: Place;
  let serve: Serve;
  let agent: TestAgent;

  const vestibule = (...args: string[]): Promise<Run> => run(inPlace(place, args), env);
  const ok = async (...args: string[]): Promise<Run> => {
    const done = await vestibule(...args);
    assert.equal(done.code, 0, done.stderr);
    return done;
  };
  const start = async (...args: string[]): Promise<void> => {
    serve = new Serve(inPlace(place, ['serve', ...args]), env);
    agent = new TestAgent({ token: '', ...(await serve.ready()) });
    await agent.initialize();
  };
  const refusalOf = (result: Record<string, unknown>): Refusal | undefined => (result['_meta'] as Record<string, Refusal> | undefined)?.['vestibule/error'];
  const call = async (tool = 'pid'): Promise<Refusal | undefined> => refusalOf((await agent.call('call_tool', { tool: `srv:${tool}`, arguments: {} })).result);
  const paused = (): Promise<Refusal> => eventually(call);
  const served = (): Promise<true> => eventually(async () => ((await call()) === undefined ? true : undefined));

  before(async () => {
    place = await makePlace();
    await place.servers({ servers: { srv: FIXTURE_ENTRY } });
    await start('--approve-all');
    await served();
    // What serve has listed reaches the files, and so other commands, a moment later.
    await eventually(async () => ((await vestibule('quarantine', 'list', '--all', '--json')).stdout.includes('"hang"') ? true : undefined));
  });
  after(async () => {
    await serve.stop();
    await place.dispose();
  });

  it('of a tool refuses its next call with what to do, and leaves others and the search alone', async () => {
    assert.equal((await ok('pause', '--server', 'srv', '--tool', 'hang')).stdout, 'Paused srv:hang.\n');
    const { code, retryable, action } = (await call('hang')) ?? assert.fail('the very next call went through');
    assert.deepEqual([code, retryable], ['paused', true]);
    assert.match(action, /vestibule resume --server --tool/);
    assert.equal(await call('pid'), undefined);
    assert.match((await agent.call('retrieve_tools', { query: 'hang' })).text, /^srv:hang/m);
    const { tools } = (await agent.request('tools/list', {})) as { tools: { name: string }[] };
    assert.ok(tools.some(({ name }) => name === 'srv_hang' || name === 'retrieve_tools'));
  });

  it('of everything refuses every call, survives a restart, and ends with resume', async () => {
    await ok('pause');
    assert.match((await paused()).action, /“Vestibule: Resume All” .* `vestibule resume`/);
    await serve.stop();
    await start();
    assert.equal((await call())?.code, 'paused');
    const { stderr } = await ok('resume', '--server', 'srv');
    assert.match(stderr, /Everything is still paused: vestibule resume/);
    await ok('resume');
    await served();
  });

  it('cancels calls under way when told to', async () => {
    const hanging = agent.call('call_tool', { tool: 'srv:hang', arguments: {} });
    await served();
    await ok('pause', '--server', 'srv', '--cancel');
    const { text, result } = await hanging;
    assert.equal(refusalOf(result)?.code, 'paused');
    assert.match(text, /cancelled this call; it may have taken effect/);
    await ok('resume', '--server', 'srv');
    await served();
  });

  it('by a file that cannot be read says so in the log', async () => {
    await writeFile(join(place.data, 'paused.json'), '');
    await paused();
    assert.match((await serve.logged(/Everything is paused/)).message, /paused\.json:1:1: /);
    await ok('resume');
    await served();
  });

  it('refuses to pause what does not exist', async () => {
    for (const args of [['--server', 'srw'], ['--server', 'srv', '--tool', 'pit']]) assert.equal((await vestibule('pause', ...args)).code, 1);
    assert.equal((await vestibule('pause', '--tool', 'pid')).code, 2);
  });

  it('is journalled, as are the calls it refused', async () => {
    const { stdout } = await ok('calls', '--outcome', 'refused', '--json');
    assert.ok((JSON.parse(stdout) as { code: string }[]).some(({ code }) => code === 'paused'));
    await serve.stop();
    const lines = (await readFile(join(place.data, 'journal', 'calls-000000000000001.jsonl'), 'utf8')).trim().split('\n');
    const decisions = lines.map((line) => JSON.parse(line) as { kind?: string; by: string; action: string; server: string; subject: string }).filter(({ action }) => action === 'pause' || action === 'resume');
    assert.deepEqual(
      decisions.map(({ by, action, server, subject }) => `${by} ${action} ${server}:${subject}`),
      ['cli pause srv:hang', 'cli pause :', 'cli resume srv:', 'cli resume :', 'cli pause srv:', 'cli resume srv:', 'cli resume :'],
    );
    assert.equal((await vestibule('calls', 'verify')).code, 0);
  });
});
