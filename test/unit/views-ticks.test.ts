import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { permitted } from '../../src/proxy/quarantine/gate.ts';
import { LastErrors } from '../../src/views/last-errors.ts';
import { flowLines } from '../../src/views/present/flow.ts';
import { offlineMessage } from '../../src/views/present/offline.ts';
import { upstreamRows } from '../../src/views/present/upstreams.ts';
import { applyTicks, type Tick } from '../../src/views/ticks.ts';
import { ScriptedDialogs, snapshot, tool, upstream } from './views-fixtures.ts';

let folder: string;
let file: string;
let dialogs: ScriptedDialogs;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vestibule-ticks-'));
  file = join(folder, 'servers.json');
  dialogs = new ScriptedDialogs();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Tools = { readonly allow?: readonly string[]; readonly deny?: readonly string[] };

/** What the file says about the tools of `files` after boxes changed. */
async function after(before: Tools | undefined, ...boxes: readonly (readonly [tool: string, on: boolean])[]): Promise<Tools | undefined> {
  await writeFile(file, `{\n  // mine\n  "servers": { "files": ${JSON.stringify({ command: 'x', ...(before !== undefined && { tools: before }) })} }\n}\n`);
  const config = { file, tools: { allow: before?.allow, deny: before?.deny ?? [], alias: {}, overrides: {} } };
  const ticks = boxes.map(([name, on]): Tick => ({ target: { server: 'files', definition: { kind: 'tool', name, digest: 'sha256-x' } }, on }));
  await applyTicks(ticks, snapshot([upstream({ config })]), dialogs);
  const text = await readFile(file, 'utf8');
  assert.match(text, /\/\/ mine/);
  const tools = (JSON.parse(text.replace('// mine', '')) as { servers: { files: { tools?: Tools } } }).servers.files.tools;
  for (const [name, on] of boxes) {
    const rules = { allow: tools?.allow, deny: tools?.deny ?? [], alias: {}, overrides: {} };
    if (dialogs.failed.length === 0) assert.equal(permitted(rules, name), on, name);
  }
  return tools;
}

describe('boxes of the Upstreams view', () => {
  it('keep a tool from agents by its name, and offer it again', async () => {
    assert.deepEqual(await after(undefined, ['a', false]), { deny: ['a'] });
    assert.deepEqual(await after({ deny: ['b'] }, ['a', false], ['c', false]), { deny: ['b', 'a', 'c'] });
    assert.deepEqual(await after({ allow: ['*'] }, ['a', false]), { allow: ['*'], deny: ['a'] });
    assert.deepEqual(await after({ deny: ['a', 'b'] }, ['a', true]), { deny: ['b'] });
    assert.deepEqual(await after({ deny: ['a'] }, ['a', false]), { deny: ['a'] });
  });

  it('name a tool in a list of allowed ones that leaves it out', async () => {
    assert.deepEqual(await after({ allow: ['b'] }, ['a', true]), { allow: ['b', 'a'] });
    assert.deepEqual(await after({ allow: ['b'], deny: ['a'] }, ['a', true]), { allow: ['b', 'a'], deny: [] });
  });

  it('write a name that holds what globs are made of', async () => {
    assert.deepEqual(await after(undefined, ['a[1]*', false]), { deny: ['a?1??'] });
    assert.deepEqual(await after({ deny: ['a?1??'] }, ['a[1]*', true]), { deny: [] });
  });

  it('say so where a glob keeps the tool out, and leave the glob', async () => {
    assert.deepEqual(await after({ deny: ['a*'] }, ['ab', true]), { deny: ['a*'] });
    assert.match(dialogs.failed[0]?.message ?? '', /“files” keeps ab/);
  });

  it('switch a server off and on', async () => {
    const tick = async (on: boolean): Promise<unknown> => {
      await applyTicks([{ target: { server: 'files' }, on }], snapshot([upstream({ config: { file } })]), dialogs);
      return (JSON.parse(await readFile(file, 'utf8')) as { servers: { files: { enabled?: boolean } } }).servers.files.enabled;
    };
    await writeFile(file, '{ "servers": { "files": { "command": "x" } } }');
    assert.equal(await tick(false), false);
    assert.equal(await tick(true), undefined);
  });

  it('stand at servers and at approved tools, and show what agents get', () => {
    const tools = [tool('a', { status: 'approved' }), tool('b', { status: 'approved' }), tool('c')];
    const [row] = upstreamRows({ snapshot: snapshot([upstream({ tools, config: { tools: { allow: undefined, deny: ['b'], alias: {}, overrides: {} } } })]), trusted: true });
    assert.equal(row?.check?.on, true);
    assert.deepEqual(row.children().map(({ check, description }) => [check?.on, description]), [[true, 'approved · writes'], [false, 'off · approved · writes'], [undefined, 'new · writes']]);
  });
});

describe('what else a server’s row tells', () => {
  const failed = (code: 'name-not-resolved' | 'exited-early'): Parameters<typeof upstream>[0] => ({ state: { kind: 'failed', retryAt: undefined, error: { reason: 'x', code, message: 'it broke', action: 'mend it', evidence: [] } } });
  const remote = { config: { transport: { type: 'http', url: 'https://example.com/mcp', headers: {} } } } as const;

  it('is what it failed with last, after it recovered too', () => {
    const errors = new LastErrors(() => 1000);
    errors.follow(snapshot([upstream(failed('exited-early'))]));
    errors.follow(snapshot([upstream()]));
    assert.deepEqual([...errors.all], [['files', { message: 'it broke', at: 1000 }]]);
    const [row] = upstreamRows({ snapshot: snapshot([upstream()]), trusted: true, lastErrors: errors.all });
    assert.match(row?.tooltip() ?? '', /Last error, at .*: it broke/);
    errors.follow(snapshot([]));
    assert.equal(errors.all.size, 0);
  });

  it('is its account, its prompts, templates, resources and instructions', () => {
    const content = (kind: 'prompt' | 'template' | 'resources', name: string) => ({ kind, name, title: undefined, description: '', digest: 'sha256-x', status: 'approved', raw: '{}', approvedRaw: undefined }) as const;
    const server = upstream({ ...remote, account: 'me@example.com', instructions: { text: 'x', digest: 'sha256-y', status: 'pending' }, definitions: [content('prompt', 'greet'), content('template', 'file:///{x}'), content('resources', '')] });
    const [row] = upstreamRows({ snapshot: snapshot([server]), trusted: true });
    assert.match(row?.description ?? '', / · me@example\.com$/);
    assert.deepEqual(row?.children().map(({ label, children }) => [label, ...children().map((child) => child.label)]), [['Instructions'], ['Prompts', 'greet'], ['Resource templates', 'file:///{x}'], ['Resources']]);
  });

  it('is how its calls flow, where a rule says so', () => {
    assert.deepEqual(flowLines(upstream()), []);
    const flow = {
      circuit: 'open',
      breaker: { calls: 10, failed: 6, retryAfterSeconds: 11.2 },
      lane: { active: 2, queued: 1, concurrent: 2, queue: 100 },
      rates: [{ what: 'calls of this server', perMinute: 5, left: 2 }],
      cache: { entries: 3, hits: 4, misses: 5 },
      resources: { entries: 6, hits: 7, misses: 8 },
      refused: { counts: { circuit_open: 7 }, last: { code: 'circuit_open', at: 0 } },
    } as const;
    const lines = flowLines(upstream({ flow })).join('\n');
    assert.match(lines, /^Breaker open.* in 12 s\n6 of the last 10 calls failed\n2 of 2 calls under way, 1 of 100 waiting\n2 of 5 left this minute: calls of this server\n3 answers kept; 4 reads answered by one, 5 fetched\n6 resources kept; 7 reads answered by one, 8 fetched\nRefused since the start: circuit_open 7\nLatest refusal: circuit_open, at /);
    const routes = { failover: { to: ['b', 'c'], calls: 2 }, hedge: { calls: 5, won: 3, left: 1 }, group: [{ server: 'a', calls: 9, failed: 9, out: { why: 'in-a-row', secondsLeft: 12, times: 1 } }, { server: 'b', calls: 0, failed: 0 }], canary: { server: 'next', share: 0.05, calls: 1 }, mirror: { server: 'shadow', share: 1, same: 3, different: 1, failed: 0, skipped: 2 } } as const;
    assert.deepEqual(flowLines(upstream({ flow: routes })), [
      'a is taken out for 12 s: calls failed one after the other',
      '5 reads asked of a second server as well; 3 answered by it first',
      '2 calls taken by another server (b, c)',
      '1 call by the canary next, 5 % of sessions',
      'Copies of 100 % of reads to shadow: 3 answered alike, 1 otherwise, 0 not, 2 not made',
    ]);
    assert.deepEqual(flowLines(upstream({ flow: {}, underWay: 1 })), ['1 call under way']);
  });

  it('is that nothing on the network can be reached, only when nothing can', () => {
    const lost = upstream({ ...remote, ...failed('name-not-resolved'), name: 'a' });
    assert.match(offlineMessage(snapshot([lost, upstream()])) ?? '', /^Offline/);
    assert.equal(offlineMessage(snapshot([lost, upstream({ ...remote, name: 'b', state: { kind: 'ready', info: {} as never } })])), undefined);
    assert.equal(offlineMessage(snapshot([upstream({ ...remote, ...failed('exited-early') })])), undefined);
    assert.equal(offlineMessage(snapshot([upstream()])), undefined);
  });
});
