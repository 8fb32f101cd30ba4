import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { behaving, FIXTURE_ENTRY, inPlace, run, toolNamed } from '../fixtures/cli.ts';
import { Serve } from '../fixtures/cli-serve.ts';
import { makePlace, TestAgent, type Place, type Run } from '../fixtures/serve.ts';

interface Item {
  readonly server: string;
  readonly kind: string;
  readonly name: string;
  readonly status: string;
}

const HOSTILE = toolNamed('hostile', 'Adds.\n\u001B[2J\u202E \u{E0041}hidden');
const FIRST = { tools: [toolNamed('one'), toolNamed('two'), HOSTILE] };
/** `two` changed, `three` is new. */
const SECOND = { tools: [toolNamed('one'), toolNamed('two', 'Now it does more.'), HOSTILE, toolNamed('three')] };

describe('vestibule quarantine', { timeout: 120_000 }, () => {
  let place: Place;
  let env = behaving(FIRST);

  before(async () => {
    place = await makePlace();
    await place.servers({ servers: { srv: FIXTURE_ENTRY, other: { command: 'nothing' } } });
  });
  after(() => place.dispose());

  const vestibule = (...args: string[]): Promise<Run> => run(inPlace(place, args), env);
  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await vestibule(...args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const standing = async (...args: string[]): Promise<string[]> => {
    const items = JSON.parse(await ok('quarantine', 'list', '--server', 'srv', '--json', ...args)) as Item[];
    return items.map(({ kind, name, status }) => [kind, name, status].filter((part) => part !== '').join(' '));
  };

  it('a server that was never approved is a launch to decide on, and nothing else', async () => {
    assert.deepEqual(await standing(), ['launch pending']);
    assert.match(await ok('quarantine', 'show', '--server', 'other'), /^launch {2}pending {2}sha256-\S+\n {2}nothing\n$/);
  });

  it('upstream approve starts the server and approves the launch and every tool it has now', async () => {
    assert.match(await ok('upstream', 'approve', '--name', 'srv'), /^Approved the launch of "srv": .*\nApproved 3 tools; it has 3\.\nApproved instructions of srv\.\n$/);
    assert.deepEqual(await standing(), []);
    assert.deepEqual(await standing('--all'), ['launch approved', 'instructions approved', 'tool one approved', 'tool two approved', 'tool hostile approved']);
    assert.match(await ok('upstream', 'list'), /srv +workspace +approved +3 approved/);
  });

  it('what changes or is new waits, and shows what changed', async () => {
    env = behaving(SECOND);
    const serve = new Serve(inPlace(place, ['serve']), env);
    const agent = new TestAgent({ token: '', ...(await serve.ready()) });
    await agent.initialize();
    // Starts the server, which then lists other tools than those that were approved.
    await agent.call('call_tool', { tool: 'srv:one', arguments: {} });
    serve.program.kill();
    await serve.ended;
    assert.deepEqual(await standing(), ['tool two changed', 'tool three pending']);
    const shown = await ok('quarantine', 'show', '--server', 'srv');
    assert.ok(shown.includes('srv:two  changed  sha256-') && shown.includes('srv:three  pending  sha256-'), shown);
    assert.ok(shown.includes('\n      "name": "two",\n  -   "description": "Does two.",\n  +   "description": "Now it does more.",\n'), shown);
  });

  it('approving again leaves alone what was blocked', async () => {
    await ok('quarantine', 'block', '--server', 'srv', '--tool', 'one');
    assert.match(await ok('upstream', 'approve', '--name', 'srv'), /Approved 2 tools; it has 4\./);
    assert.deepEqual(await standing(), ['tool one blocked']);
    env = behaving(FIRST);
    await ok('upstream', 'approve', '--name', 'srv');
  });

  it('definitions are shown whole, as received, with nothing invisible', async () => {
    const stdout = await ok('quarantine', 'show', '--server', 'srv', '--tool', 'hostile');
    for (const hidden of ['\u001B', '\u202E', '\u{E0041}']) assert.ok(!stdout.includes(hidden));
    assert.ok(stdout.includes('srv:hostile  approved  sha256-'));
    assert.ok(stdout.includes('"description": "Adds.\\n\\u001b[2J\\u{202E} \\u{E0041}hidden"'), stdout);
    const json = JSON.parse(await ok('quarantine', 'show', '--server', 'srv', '--tool', 'hostile', '--json')) as { definitions: { definition: string }[] };
    assert.equal(json.definitions[0]?.definition, HOSTILE);
  });

  it('approves and blocks single tools, and everything that waits', async () => {
    assert.equal(await ok('quarantine', 'approve', '--server', 'srv', '--tool', 'one'), 'Approved srv:one\n');
    assert.deepEqual(await standing(), []);
    assert.equal(await ok('quarantine', 'block', '--server', 'srv', '--tool', 'one'), 'Blocked srv:one\n');
    assert.equal(await ok('quarantine', 'approve', '--server', 'srv'), 'Nothing waits for a decision.\n');
    assert.deepEqual(await standing(), ['tool one blocked']);
    const all = await vestibule('quarantine', 'approve', '--all');
    assert.equal(all.stdout, 'Nothing waits for a decision.\n');
    assert.match(all.stderr, /The launch of "other" awaits approval/);
  });

  it('says that there is no such tool', async () => {
    for (const command of ['show', 'approve', 'block']) {
      const { code, stderr } = await vestibule('quarantine', command, '--server', 'srv', '--tool', 'nope');
      assert.equal(code, 1);
      assert.match(stderr, /was not seen to have a tool "nope"/);
    }
  });

  it('a launch that cannot start keeps its approval, and says why', async () => {
    env = behaving({ dies: 'cannot find my \u001B[1mlibrary' });
    const { code, stdout, stderr } = await vestibule('upstream', 'approve', '--name', 'srv');
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /cannot find my \\u\{001B\}\[1mlibrary/);
  });

  it('every decision is in the journal, which is unbroken', async () => {
    assert.match(await ok('calls', 'verify'), /^\d+ lines, unbroken\.\n$/);
    const { lines } = JSON.parse(await ok('calls', 'verify', '--json')) as { lines: number };
    const calls = JSON.parse(await ok('calls', '--json')) as unknown[];
    // 4 launches; the instructions; 3 + 2 tools approved with them and none when they changed back, 1 by name; 2 blocked.
    assert.equal(lines - calls.length, 4 + 1 + 3 + 2 + 1 + 2);
  });
});
