import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergeFiles } from '../../src/proxy/config/merge.ts';
import type { WrittenGateway } from '../../src/proxy/config/parse-gateway.ts';
import { parseServersFile, type ServersFile } from '../../src/proxy/config/servers-file.ts';
import type { ConfigSnapshot, UpstreamConfig } from '../../src/proxy/config/types.ts';

function file(path: string, content: unknown, origin: UpstreamConfig['origin'] = 'user'): ServersFile {
  return parseServersFile(JSON.stringify(content, undefined, 2), path, origin);
}

function merge(files: readonly ServersFile[], workspace?: ServersFile, overrides: WrittenGateway = {}, workspaceTrusted = true): ConfigSnapshot {
  return mergeFiles(files, workspace, { overrides, workspaceTrusted });
}

function commandOf(snapshot: ConfigSnapshot, name: string): string | undefined {
  const transport = snapshot.upstreams.find((upstream) => upstream.name === name)?.transport;
  return transport?.type === 'stdio' ? transport.command : undefined;
}

describe('merging servers files', () => {
  const user = file('/u/servers.json', { servers: { both: { command: 'mine' }, mine: { command: 'x' } } });
  const workspace = file('/w/.vscode/vestibule.json', { servers: { both: { command: 'theirs' }, theirs: { command: 'y' } } }, 'workspace');

  it("a server in both files: the user's wins and the workspace's is reported with both places", () => {
    const snapshot = merge([user], workspace);
    assert.equal(commandOf(snapshot, 'both'), 'mine');
    assert.deepEqual(snapshot.upstreams.map(({ name, origin }) => `${name} ${origin}`), ['both user', 'mine user', 'theirs workspace']);
    assert.deepEqual(snapshot.problems, [
      {
        severity: 'warning',
        message: 'The server "both" is also declared in /u/servers.json:3:5, and that entry counts.',
        fix: 'Rename or remove one of the two.',
        at: { file: '/w/.vscode/vestibule.json', line: 3, column: 5 },
        server: 'both',
      },
    ]);
  });

  it("a file a person named wins over the user's own, the later over the earlier", () => {
    const first = file('/1.json', { servers: { both: { command: 'first' } } });
    const second = file('/2.json', { servers: { both: { command: 'second' } } });
    assert.equal(commandOf(merge([user, first, second], workspace), 'both'), 'second');
    assert.equal(merge([user, first, second], workspace).problems.length, 3);
  });

  it("a user's entry that cannot be used does not hand its name to the workspace's silently", () => {
    const broken = file('/u/servers.json', { servers: { both: { command: 5 } } });
    const snapshot = merge([broken], workspace);
    assert.deepEqual(snapshot.upstreams.map(({ name }) => name), ['theirs']);
    assert.match(snapshot.problems.at(-1)?.message ?? '', /also declared in \/u\/servers\.json, and that entry counts/);
  });

  it("inputs and profiles of all files, the person's own over the workspace's", () => {
    const own = file('/u', { inputs: [{ id: 'k', type: 'promptString', description: 'mine' }], profiles: { a: { servers: ['x'] }, b: { servers: ['mine'] }, broken: { servers: 1 } } });
    const theirs = file('/w', { inputs: [{ id: 'k', type: 'promptString', description: 'theirs' }, { id: 'l', type: 'promptString' }], profiles: { b: {}, broken: {}, c: {} } }, 'workspace');
    const snapshot = merge([own], theirs);
    assert.deepEqual([...snapshot.inputs.values()].map(({ id, description }) => `${id} ${String(description)}`), ['k mine', 'l undefined']);
    assert.deepEqual({ ...snapshot.profiles }, { b: { servers: ['mine'] }, broken: { servers: [] }, c: {}, a: { servers: ['x'] } });
  });
});

describe('gateway settings', () => {
  const says = (gateway: WrittenGateway, origin: UpstreamConfig['origin'] = 'user'): ServersFile => file(`/${origin}`, { gateway }, origin);

  it('defaults', () => {
    assert.deepEqual(merge([]).gateway, { mode: 'adaptive', topK: 10, responseLimit: 20_000, instructions: undefined, autonomy: 'assisted', autonomous: { registries: [], hosts: [] }, directThreshold: undefined, pinned: [], codeExecution: false, metrics: false, traces: undefined, jwt: undefined, introspection: undefined, cache: undefined, learn: true, limits: {} });
  });

  it('command line over workspace over named files over the user', () => {
    const user = says({ mode: 'direct', topK: 1, responseLimit: 501, instructions: 'user' });
    const named = says({ topK: 2, responseLimit: 502, instructions: 'named' });
    const workspace = says({ responseLimit: 503, instructions: 'workspace' }, 'workspace');
    const { mode, topK, responseLimit, instructions } = merge([user, named], workspace, { instructions: 'options' }).gateway;
    assert.deepEqual([mode, topK, responseLimit, instructions], ['direct', 2, 503, 'options']);
  });

  it('a workspace makes autonomy stricter, never weaker', () => {
    const orders = ['manual', 'assisted', 'autonomous'] as const;
    for (const [u, user] of orders.entries()) {
      for (const [w, workspace] of orders.entries()) {
        const snapshot = merge([says({ autonomy: user })], says({ autonomy: workspace }, 'workspace'));
        assert.equal(snapshot.gateway.autonomy, orders[Math.min(u, w)]);
        assert.equal(snapshot.problems.length, w > u ? 1 : 0);
        if (w > u) assert.deepEqual(snapshot.problems[0]?.at, { file: '/workspace', line: 3, column: 17 });
      }
    }
    assert.equal(merge([], says({ autonomy: 'autonomous' }, 'workspace')).gateway.autonomy, 'assisted');
  });

  it('a workspace switches the running of code off, never on', () => {
    const gateway = (user: WrittenGateway, workspace: WrittenGateway): { on: boolean; problems: ConfigSnapshot['problems'] } => {
      const snapshot = merge([says(user)], says(workspace, 'workspace'));
      return { on: snapshot.gateway.codeExecution, problems: snapshot.problems };
    };
    assert.equal(gateway({ codeExecution: true }, {}).on, true);
    assert.equal(gateway({ codeExecution: true }, { codeExecution: false }).on, false);
    const tried = gateway({}, { codeExecution: true });
    assert.equal(tried.on, false);
    assert.match(tried.problems[0]?.message ?? '', /cannot switch "codeExecution" on/);
    assert.deepEqual(tried.problems[0]?.at, { file: '/workspace', line: 3, column: 22 });
  });

  it('a workspace cannot say where answers are kept', () => {
    const snapshot = merge([says({ cache: { store: 'sqlite' } })], says({ cache: { store: 'redis', url: 'redis://elsewhere' } }, 'workspace'));
    assert.deepEqual(snapshot.gateway.cache, { store: 'sqlite' });
    assert.match(snapshot.problems[0]?.message ?? '', /cannot say where answers are kept/);
    assert.equal(snapshot.problems[0]?.at?.file, '/workspace');
  });

  it('a workspace sets none of the sections that are a person’s own, and is told so of each', () => {
    const bearer = { issuer: 'https://issuer.example', audience: 'a', roles: {} };
    const gateway = (host: string): object => ({
      autonomous: { registries: [`https://${host}`] },
      cache: { store: 'sqlite' },
      introspection: { ...bearer, url: `https://${host}`, clientId: 'i', clientSecret: '${env:S}' },
      jwt: { ...bearer, jwksUrl: `https://${host}` },
      traces: `https://${host}`,
    });
    const workspace = file('/w', { gateway: gateway('theirs.example') }, 'workspace');
    for (const files of [[], [file('/u', { gateway: gateway('mine.example') })]]) {
      const snapshot = merge(files, workspace);
      assert.deepEqual(snapshot.gateway, merge(files).gateway);
      assert.deepEqual(snapshot.problems.map(({ message }) => /"(\w+)"/.exec(message)?.[1]), ['traces', 'jwt', 'introspection', 'cache', 'autonomous']);
      assert.ok(snapshot.problems.every(({ at }) => at?.file === '/w'));
    }
  });

  it('an untrusted workspace sets nothing, but its servers are listed', () => {
    const workspace = file('/w', { gateway: { mode: 'direct' }, inputs: [{ id: 'k', type: 'promptString' }], profiles: { a: {} }, servers: { a: { command: 'x' } } }, 'workspace');
    const snapshot = merge([], workspace, {}, false);
    assert.equal(snapshot.gateway.mode, 'adaptive');
    assert.equal(snapshot.inputs.size, 0);
    assert.deepEqual(Object.keys(snapshot.profiles), []);
    assert.deepEqual(snapshot.upstreams.map(({ name }) => name), ['a']);
  });
});
