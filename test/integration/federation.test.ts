/* Gateways that are each other's servers, as programs of their own: a loop is found, named and broken. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Serve, type LogLine } from '../fixtures/cli-serve.ts';
import { inPlace, run, STDIO_SERVER, toolNamed } from '../fixtures/cli.ts';
import { ModernAgent } from '../fixtures/relay/agents.ts';
import { eventually } from '../fixtures/eventually.ts';
import { makePlace, type Place, type Run } from '../fixtures/serve.ts';

/** A running gateway with a tool of its own. */
interface Member {
  readonly place: Place;
  readonly serve: Serve;
  readonly url: string;
}

async function member(name: string): Promise<Member> {
  const place = await makePlace();
  const cli = (...args: string[]): Promise<Run> => run(inPlace(place, args));
  const added = await cli('upstream', 'add', '--name', 'own', '--', process.execPath, STDIO_SERVER, JSON.stringify({ tools: [toolNamed(`own_${name}`)] }));
  assert.equal(added.code, 0, added.stderr);
  const serve = new Serve(inPlace(place, ['serve', '--no-auth', '--mode', 'direct', '--approve-all']), {});
  return { place, serve, url: (await serve.ready()).url };
}

/** Makes one gateway the server of another, as a person does. */
async function adds(who: Member, whom: Member, name: string): Promise<void> {
  const { code, stderr } = await run(inPlace(who.place, ['upstream', 'add', '--name', name, '--url', whom.url]));
  assert.equal(code, 0, stderr);
}

async function end(members: readonly Member[]): Promise<void> {
  for (const { serve, place } of members) {
    assert.equal(await serve.stop(), 0);
    await place.dispose();
  }
}

async function toolsOf({ url }: Member): Promise<readonly string[]> {
  const answer = await new ModernAgent({ url, token: '' }).request('tools/list');
  return (answer.result?.['tools'] as readonly { readonly name: string }[]).map(({ name }) => name);
}

const BACK = /leads back to this one/;
const said = (member: Member): boolean => member.serve.log.some(({ message }) => BACK.test(message));

describe('a gateway that is its own server', { timeout: 240_000 }, () => {
  const members: Member[] = [];
  before(async () => {
    for (const name of ['a', 'b', 'c']) members.push(await member(name));
  });
  after(() => end(members));
  const [a, b, c] = [(): Member => members[0] as Member, (): Member => members[1] as Member, (): Member => members[2] as Member];

  it('directly: says so, lists nothing of itself, and serves the rest', async () => {
    await adds(a(), a(), 'self');
    const line = await a().serve.logged(/this gateway itself/);
    assert.equal(line.server, 'self');
    const listed = await run(inPlace(a().place, ['upstream', 'list', '--json']));
    assert.equal(listed.code, 0);
    assert.ok((await toolsOf(a())).includes('own_own_a'));
    assert.ok(!(await toolsOf(a())).some((name) => name.startsWith('self_')));
    assert.equal((await run(inPlace(a().place, ['upstream', 'remove', '--name', 'self']))).code, 0);
  });

  it('by a ring of three: one of them finds it, although the ring closes elsewhere', async () => {
    await adds(a(), b(), 'next');
    await a().serve.logged(/^Ready: vestibule/);
    await adds(b(), c(), 'next');
    await b().serve.logged(/^Ready: vestibule/);
    assert.ok(!members.some(said), 'a chain is no ring');
    await adds(c(), a(), 'next');
    await eventually(() => Promise.resolve(members.some(said) ? true : undefined));
    // Each goes on serving what is its own.
    for (const [i, name] of ['a', 'b', 'c'].entries()) assert.ok((await toolsOf(members[i] as Member)).includes(`own_own_${name}`));
  });

  it('is served again once the ring is open', async () => {
    for (const one of members) await run(inPlace(one.place, ['upstream', 'remove', '--name', 'next']));
    await adds(b(), a(), 'other');
    const isReady = (): boolean => b().serve.log.some(({ message, server }) => server === 'other' && message.startsWith('Ready: vestibule'));
    // The first gateway may still have its entry when it is asked: what leaves a file leaves within a second.
    await eventually(async () => {
      if (!isReady()) await run(inPlace(b().place, ['upstream', 'restart', '--name', 'other']));
      return isReady() ? true : undefined;
    });
  });

  it('by a ring of two: names the entry that leads back', async () => {
    const count = members.map(({ serve }) => serve.log.length);
    await adds(a(), b(), 'other');
    const since = (): LogLine[] => members.flatMap(({ serve }, i) => serve.log.slice(count[i]));
    const line = await eventually(() => Promise.resolve(since().find(({ message }) => BACK.test(message))));
    assert.equal(line.server, 'other');
  });
});
