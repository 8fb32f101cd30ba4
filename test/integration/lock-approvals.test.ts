import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Serve } from '../fixtures/cli-serve.ts';
import { behaving, FIXTURE_ENTRY, inPlace, run, toolNamed } from '../fixtures/cli.ts';
import { eventually } from '../fixtures/eventually.ts';
import { makePlace, TestAgent, type Place, type Run } from '../fixtures/serve.ts';

describe('a lock file of approvals', { timeout: 240_000 }, () => {
  let author: Place;
  let mate: Place;
  let lock: string;
  const env = behaving({ tools: [toolNamed('one'), toolNamed('two'), toolNamed('three')] });
  const file = (place: Place): string => join(place.workspace, '.vscode', 'vestibule.lock.json');
  const vestibule = (place: Place, ...args: string[]): Promise<Run> => run(inPlace(place, ['quarantine', ...args]), env);

  /** What an agent of a `serve` over this place can call. */
  async function withAgent<T>(place: Place, options: readonly string[], body: (agent: TestAgent, serve: Serve) => Promise<T>): Promise<T> {
    const serve = new Serve(inPlace(place, ['serve', ...options]), env);
    const { url, token } = await serve.ready();
    const agent = new TestAgent({ url, token: token ?? '' });
    await agent.initialize();
    try {
      return await body(agent, serve);
    } finally {
      assert.equal(await serve.stop(), 0);
    }
  }

  const code = (result: Record<string, unknown>): string | undefined => (result['_meta'] as Record<string, { code?: string }> | undefined)?.['vestibule/error']?.code;
  /** Calls a tool until the answer is (or is not) a refusal by quarantine: listing a server takes its time. */
  const outcome = async (agent: TestAgent, tool: string): Promise<string> => code((await agent.call('call_tool', { tool: `srv:${tool}`, arguments: {} })).result) ?? 'called';
  const becomes = (agent: TestAgent, tool: string, expected: string): Promise<true> => eventually(async () => ((await outcome(agent, tool)) === expected ? (true as const) : undefined));

  before(async () => {
    author = await makePlace();
    mate = await makePlace();
    for (const place of [author, mate]) await place.servers({ servers: { srv: FIXTURE_ENTRY } });
    assert.equal((await run(inPlace(author, ['upstream', 'approve', '--name', 'srv']), env)).code, 0);
    await vestibule(author, 'block', '--server', 'srv', '--tool', 'three');
    assert.equal((await vestibule(author, 'share')).code, 0);
    lock = await readFile(file(author), 'utf8');
    await writeFile(file(mate), lock);
  });
  after(async () => {
    await author.dispose();
    await mate.dispose();
  });

  it('approves nothing before its content was accepted, and says so', async () => {
    await withAgent(mate, [], async (agent, serve) => {
      await serve.logged(/approves nothing until its content is accepted/);
      assert.notEqual(await outcome(agent, 'one'), 'called');
    });
  });

  it('shows what it would approve, and then approves exactly that', async () => {
    const shown = await vestibule(mate, 'lock');
    assert.match(shown.stdout, /"srv": 2 tools/);
    assert.ok(shown.stdout.includes(FIXTURE_ENTRY.args[0]), 'the whole command line');
    assert.match(shown.stdout, /not decided about/);
    assert.match((await vestibule(mate, 'lock', '--accept')).stdout, /This content is accepted\./);
    await withAgent(mate, [], async (agent) => {
      await becomes(agent, 'one', 'called');
      assert.equal(await outcome(agent, 'two'), 'called');
      assert.equal(await outcome(agent, 'three'), 'awaiting_approval');
    });
  });

  it('counts for nothing again once it says something else, until that was accepted; laying it out otherwise is not that', async () => {
    const parsed = JSON.parse(lock) as { servers: { srv: { tools: Record<string, string> } } };
    await withAgent(mate, [], async (agent, serve) => {
      await becomes(agent, 'one', 'called');
      await writeFile(file(mate), JSON.stringify(parsed));
      const { two, ...rest } = parsed.servers.srv.tools;
      await writeFile(file(mate), JSON.stringify({ ...parsed, servers: { srv: { ...parsed.servers.srv, tools: rest } } }));
      assert.ok(two);
      await serve.logged(/approves nothing until/);
      await becomes(agent, 'one', 'awaiting_approval');
      const shown = await vestibule(mate, 'lock', '--accept');
      assert.match(shown.stdout, /Changes since the content accepted last:\n(?:- .*\n)*- .*"two": /);
      await becomes(agent, 'one', 'called');
      assert.equal(await outcome(agent, 'two'), 'awaiting_approval');
      await writeFile(file(mate), `{\n<<<<<<< HEAD\n${lock}`);
      const { message } = await serve.logged(/merge conflict is left/);
      assert.match(message, /vestibule\.lock\.json:2:1: .*approves nothing until it is repaired/);
      await becomes(agent, 'one', 'awaiting_approval');
      // Content that was accepted once needs no second question.
      await writeFile(file(mate), lock);
      await becomes(agent, 'two', 'called');
    });
  });

  it('never speaks against a person: what was taken back stays so', async () => {
    await vestibule(mate, 'block', '--server', 'srv', '--tool', 'one');
    await withAgent(mate, [], async (agent) => {
      await becomes(agent, 'two', 'called');
      assert.equal(await outcome(agent, 'one'), 'blocked');
      assert.match((await vestibule(mate, 'undo')).stdout, /^Undone: block srv:one/);
      await becomes(agent, 'one', 'called');
    });
  });

  it('holds a tool that is another than it says as changed', async () => {
    const parsed = JSON.parse(lock) as { servers: { srv: { tools: Record<string, string> } } };
    parsed.servers.srv.tools['one'] = `sha256-${'A'.repeat(43)}=`;
    await writeFile(file(mate), JSON.stringify(parsed));
    assert.match((await vestibule(mate, 'lock', '--accept')).stdout, /one: changed/);
    assert.match((await vestibule(mate, 'list', '--server', 'srv')).stdout, /tool +one +changed/);
    await withAgent(mate, [], async (agent) => {
      await becomes(agent, 'two', 'called');
      assert.equal(await outcome(agent, 'one'), 'awaiting_approval');
    });
    await writeFile(file(mate), lock);
  });

  it('counts unseen with --lockfile accept, and not at all with --lockfile ignore', async () => {
    const fresh = await makePlace();
    try {
      await fresh.servers({ servers: { srv: FIXTURE_ENTRY } });
      await writeFile(file(fresh), lock);
      await withAgent(fresh, ['--lockfile', 'accept'], async (agent, serve) => {
        await serve.logged(/--lockfile accept/);
        await becomes(agent, 'one', 'called');
        assert.equal(await outcome(agent, 'three'), 'awaiting_approval');
      });
      await withAgent(fresh, ['--lockfile', 'ignore'], async (agent) => {
        assert.notEqual(await outcome(agent, 'one'), 'called');
      });
    } finally {
      await fresh.dispose();
    }
  });

  it('starts no launch but the one it names', async () => {
    const fresh = await makePlace();
    try {
      const marker = join(fresh.workspace, 'started');
      await fresh.servers({ servers: { srv: { command: process.execPath, args: ['-e', `require('fs').writeFileSync(${JSON.stringify(marker)}, '')`] } } });
      await writeFile(file(fresh), lock);
      assert.match((await vestibule(fresh, 'lock', '--accept')).stdout, /its launch is another than the lock names/);
      await withAgent(fresh, ['--lockfile', 'accept'], async (agent) => {
        assert.notEqual(await outcome(agent, 'one'), 'called');
      });
      await assert.rejects(readFile(marker));
    } finally {
      await fresh.dispose();
    }
  });
});
