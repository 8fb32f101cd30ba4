import assert from 'node:assert/strict';
import { lstat, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openAgentStore } from '../../src/proxy/agents/agent-store.ts';
import type { AgentStore } from '../../src/proxy/agents/types.ts';
import { CONNECTABLE_IDS } from '../../src/proxy/connect/connections-format.ts';
import { Connector } from '../../src/proxy/connect/connector.ts';
import { speaksHttp } from '../../src/proxy/connect/entries.ts';
import type { ConnectableId, ConnectPlan, ConnectRequest, Way } from '../../src/proxy/connect/types.ts';
import { VestibuleError } from '../../src/proxy/errors.ts';

const HTTP: Way = { kind: 'http', url: 'http://127.0.0.1:4711/mcp' };
const BRIDGE: Way = { kind: 'bridge', launcher: { command: '/bin/node', args: ['/opt/bridge.cjs'] } };

interface Rig extends AsyncDisposable {
  readonly home: string;
  readonly data: string;
  readonly agents: AgentStore;
  readonly connector: Connector;
}

/** A home folder and a data folder of their own. */
async function makeRig(): Promise<Rig> {
  const root = await mkdtemp(join(tmpdir(), 'vestibule-connect-'));
  const home = join(root, 'home');
  const data = join(root, 'data');
  await mkdir(home);
  const failed = (problem: VestibuleError): never => {
    throw problem;
  };
  const agents = await openAgentStore(data, { onProblem: failed });
  const connector = new Connector({ dataDir: data, machine: { platform: 'linux', env: {}, home }, agents, onProblem: failed });
  return {
    home,
    data,
    agents,
    connector,
    async [Symbol.asyncDispose]() {
      agents.dispose();
      await rm(root, { recursive: true, force: true });
    },
  };
}

function request(client: ConnectableId, way: Way, name: string = client): ConnectRequest {
  return { client, agent: { name, grant: { tier: 'read' } }, way };
}

const isStale = (error: unknown): boolean => VestibuleError.is(error, 'stale-decision');

describe('connecting a client', () => {
  for (const client of CONNECTABLE_IDS) {
    it(`writes and takes back the entry of ${client}`, async () => {
      await using rig = await makeRig();
      const way = speaksHttp(client) ? HTTP : BRIDGE;
      const plan = await rig.connector.plan(request(client, way));
      assert.equal(plan.before, undefined);
      assert.doesNotMatch(plan.preview, /vst_/);
      assert.equal(existsSync(plan.path), false, 'a plan writes nothing');

      const connection = await rig.connector.apply(plan);
      const written = await readFile(plan.path, 'utf8');
      const token = /vst_[\w-]{43}/.exec(way.kind === 'http' ? written : await readFile(connection.mark, 'utf8'))?.[0] ?? assert.fail(written);
      assert.equal(written.replace(token, '<a token of its own, made when you apply this>'), plan.preview);
      assert.equal((await stat(plan.path)).mode & 0o777, 0o600);
      assert.deepEqual(rig.agents.all.map(({ name, grant }) => [name, grant.tier]), [[client, 'read']]);
      assert.doesNotMatch(await readFile(join(rig.data, 'connections.json'), 'utf8'), /vst_/);
      const candidate = (await rig.connector.candidates()).find((one) => one.client === client);
      assert.deepEqual([candidate?.found, candidate?.connection], [true, connection]);

      assert.equal((await rig.connector.undo(client)).outcome, 'restored');
      assert.equal(existsSync(plan.path), false);
      assert.deepEqual([rig.agents.all, await rig.connector.connections()], [[], []]);
      if (way.kind === 'bridge') assert.equal(existsSync(connection.mark), false);
      await assert.rejects(rig.connector.undo(client), (error: unknown) => VestibuleError.is(error, 'not-found'));
    });
  }

  it('keeps a token out of the file, and out of the arguments, when the bridge is used', async () => {
    await using rig = await makeRig();
    const connection = await rig.connector.apply(await rig.connector.plan(request('cursor', BRIDGE)));
    const written = await readFile(connection.path, 'utf8');
    assert.doesNotMatch(written, /vst_/);
    assert.deepEqual(JSON.parse(written), {
      mcpServers: { vestibule: { command: '/bin/node', args: ['/opt/bridge.cjs', '--data', rig.data, '--token-file', connection.mark] } },
    });
    assert.equal((await stat(connection.mark)).mode & 0o777, 0o600);
  });

  it('lists clients that are used here first', async () => {
    await using rig = await makeRig();
    await mkdir(join(rig.home, '.gemini'));
    assert.deepEqual((await rig.connector.candidates()).map(({ client, found }) => [client, found]).slice(0, 2), [['gemini', true], ['claude-code', false]]);
  });

  const MINE = '{\n  // mine\n  "mcpServers": { "other": { "command": "x" } },\n  "history": [1, 2]\n}\n';

  async function connected(rig: Rig, before: string): Promise<ConnectPlan> {
    const path = join(rig.home, '.claude.json');
    await writeFile(path, before, { mode: 0o644 });
    const plan = await rig.connector.plan(request('claude-code', HTTP));
    await rig.connector.apply(plan);
    return plan;
  }

  it('restores a file exactly, with its permissions, when nobody changed it since', async () => {
    await using rig = await makeRig();
    const { path } = await connected(rig, MINE);
    assert.match(await readFile(path, 'utf8'), /\/\/ mine/);
    assert.equal((await stat(path)).mode & 0o777, 0o600, 'a token is nobody else’s to read');
    assert.equal(await readFile(join(rig.data, 'connections', 'claude-code.before'), 'utf8'), MINE);
    assert.equal((await rig.connector.undo('claude-code')).outcome, 'restored');
    assert.equal(await readFile(path, 'utf8'), MINE);
    assert.equal((await stat(path)).mode & 0o777, 0o644);
    assert.equal(existsSync(join(rig.data, 'connections', 'claude-code.before')), false);
  });

  it('removes its own entry only, when the file has changed since', async () => {
    await using rig = await makeRig();
    const { path } = await connected(rig, MINE);
    // As the client itself does: it adds to the entry, and to the rest.
    const changed = (await readFile(path, 'utf8')).replace('"type": "http",', '"type": "http", "disabled": true,').replace('[1, 2]', '[1, 2, 3]');
    await writeFile(path, changed);
    assert.equal((await rig.connector.undo('claude-code')).outcome, 'removed');
    assert.equal(await readFile(path, 'utf8'), MINE.replace('[1, 2]', '[1, 2, 3]'));
  });

  it('leaves alone what somebody else wrote under its name, and a file that is gone', async () => {
    await using rig = await makeRig();
    const { path } = await connected(rig, MINE);
    const theirs = '{"mcpServers":{"vestibule":{"url":"https://example.com"}}}';
    await writeFile(path, theirs);
    await assert.rejects(rig.connector.plan(request('claude-code', HTTP)), /was not written by connecting from here/);
    assert.equal((await rig.connector.undo('claude-code')).outcome, 'gone');
    assert.equal(await readFile(path, 'utf8'), theirs);
    assert.deepEqual(rig.agents.all, []);
    await rm(path);
    await rig.connector.apply(await rig.connector.plan(request('claude-code', HTTP)));
    await rm(path);
    assert.equal((await rig.connector.undo('claude-code')).outcome, 'gone');
  });

  it('connects again with a new token, and still knows what was there first', async () => {
    await using rig = await makeRig();
    const { path } = await connected(rig, MINE);
    const first = await readFile(path, 'utf8');
    const plan = await rig.connector.plan(request('claude-code', BRIDGE, 'other-name'));
    assert.equal(plan.before, first);
    await rig.connector.apply(plan);
    assert.deepEqual(rig.agents.all.map(({ name }) => name), ['other-name']);
    await rig.connector.apply(await rig.connector.plan(request('claude-code', HTTP, 'other-name')));
    assert.deepEqual(rig.agents.all.map(({ name }) => name), ['other-name']);
    assert.equal((await rig.connector.undo('claude-code')).outcome, 'restored');
    assert.equal(await readFile(path, 'utf8'), MINE);
  });

  it('writes nothing when the file is another than the one that was shown', async () => {
    await using rig = await makeRig();
    const path = join(rig.home, '.claude.json');
    await writeFile(path, MINE);
    const plan = await rig.connector.plan(request('claude-code', HTTP));
    await writeFile(path, '{}');
    await assert.rejects(rig.connector.apply(plan), isStale);
    assert.equal(await readFile(path, 'utf8'), '{}');
    assert.deepEqual([rig.agents.all, await rig.connector.connections()], [[], []]);
  });

  it('writes nothing into a broken file, and says where it is broken', async () => {
    await using rig = await makeRig();
    const path = join(rig.home, '.claude.json');
    const broken = '{\n  "mcpServers": {\n';
    await writeFile(path, broken);
    await assert.rejects(rig.connector.plan(request('claude-code', HTTP)), (error: unknown) => VestibuleError.is(error, 'bad-config') && error.at?.file === path && error.at.line === 3);
    assert.equal(await readFile(path, 'utf8'), broken);
  });

  it('undoes nothing in a file that broke meanwhile, until it is corrected', async () => {
    await using rig = await makeRig();
    const { path } = await connected(rig, MINE);
    const good = await readFile(path, 'utf8');
    await writeFile(path, `${good}}`);
    await assert.rejects(rig.connector.undo('claude-code'), (error: unknown) => VestibuleError.is(error, 'bad-config'));
    assert.equal(rig.agents.all.length, 1);
    await writeFile(path, `${good}\n`);
    assert.equal((await rig.connector.undo('claude-code')).outcome, 'removed');
  });

  it('makes no token that no file holds', async () => {
    await using rig = await makeRig();
    const plan = await rig.connector.plan({ ...request('codex', HTTP), agent: { name: 'editor' } });
    await assert.rejects(rig.connector.apply(plan), (error: unknown) => VestibuleError.is(error, 'usage'));
    assert.equal(existsSync(plan.path), false);
    // A folder in the place of the folder's parent: the file cannot be written.
    const other = await rig.connector.plan(request('gemini', HTTP));
    await writeFile(join(rig.home, '.gemini'), '');
    await assert.rejects(rig.connector.apply(other));
    assert.deepEqual([rig.agents.all, await rig.connector.connections()], [[], []]);
  });

  it('keeps a linked file linked, and says that it is', async () => {
    await using rig = await makeRig();
    const real = join(rig.home, 'dotfiles.json');
    await writeFile(real, MINE);
    await symlink(real, join(rig.home, '.claude.json'));
    assert.equal((await rig.connector.candidates()).find(({ client }) => client === 'claude-code')?.linked, true);
    const { path } = await rig.connector.apply(await rig.connector.plan(request('claude-code', BRIDGE)));
    assert.ok((await lstat(path)).isSymbolicLink());
    assert.match(await readFile(real, 'utf8'), /vestibule/);
    await rig.connector.undo('claude-code');
    assert.ok((await lstat(path)).isSymbolicLink());
    assert.equal(await readFile(real, 'utf8'), MINE);
  });
});
