import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { parseServersFile } from '../../src/proxy/config/servers-file.ts';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { RegistryCache } from '../../src/proxy/registry/cache.ts';
import { linkedServer, lookUpServer, searchRegistry } from '../../src/proxy/registry/client.ts';
import { offersOf } from '../../src/proxy/registry/offers.ts';
import { browseRegistry, fromLink, type RegistryContext } from '../../src/views/browse-registry.ts';
import type { ReadyOffer } from '../../src/proxy/registry/types.ts';
import type { Pasted } from '../../src/views/servers-files.ts';
import { startRegistry } from '../fixtures/registry.ts';
import { ScriptedDialogs } from '../unit/views-fixtures.ts';

const STDIO = { type: 'stdio' };
const SERVERS = [
  { name: 'io.github.acme/files', title: 'Files', description: 'Reads files', version: '1.2.3', packages: [{ registryType: 'npm', identifier: '@acme/files', version: '1.2.3', transport: STDIO }] },
  { name: 'com.acme/search', description: 'Searches', version: '2.0.0', remotes: [{ type: 'streamable-http', url: 'https://search.acme.example/mcp' }], packages: [{ registryType: 'pypi', identifier: 'acme-search', version: '2.0.0', transport: STDIO }] },
  { name: 'com.acme/old', description: 'Is old', version: '0.1.0', remotes: [{ type: 'sse', url: 'https://old.acme.example/sse' }] },
  { name: 'com.acme/gone', description: 'Is gone', version: '0.1.0' },
];

describe('ways of using a server of a registry', () => {
  const only = (part: object): ReadyOffer | undefined => {
    const [offer] = offersOf({ name: 'io.acme/thing', ...part }).offers;
    return offer?.bundle === undefined ? offer : undefined;
  };

  it('are the exact command, pinned, with asked values as inputs', () => {
    const offer = only({
      packages: [
        {
          registryType: 'npm',
          identifier: '@acme/thing',
          version: '1.0.0',
          transport: STDIO,
          runtimeArguments: [{ type: 'named', name: '--silent' }],
          packageArguments: [
            { type: 'positional', value: 'serve' },
            { type: 'named', name: '--root', isRequired: true, description: 'The folder' },
            { type: 'named', name: '--level', default: 'info' },
            { type: 'named', name: '--optional', isSecret: true },
            { type: 'positional', value: 'https://{host}/x', variables: { host: { isRequired: true, choices: ['eu', 'us'] } } },
          ],
          environmentVariables: [{ name: 'API_KEY', isRequired: true, isSecret: true, description: 'Your key' }, { name: 'UNUSED' }, { name: 'MODE', value: 'fast' }],
        },
      ],
    });
    assert.deepEqual(offer?.entry, {
      type: 'stdio',
      command: 'npx',
      args: ['-y', '--silent', '@acme/thing@1.0.0', 'serve', '--root', '${input:io-acme-thing-root}', '--level', 'info', 'https://${input:io-acme-thing-host}/x'],
      env: { API_KEY: '${input:io-acme-thing-api-key}', MODE: 'fast' },
    });
    assert.deepEqual(offer.inputs.map(({ id, type, password, description, options }) => [id, type, password, description, options]), [
      ['io-acme-thing-api-key', 'promptString', true, 'Your key', undefined],
      ['io-acme-thing-root', 'promptString', false, 'The folder', undefined],
      ['io-acme-thing-host', 'pickString', undefined, 'host', ['eu', 'us']],
    ]);
    const { problems } = parseServersFile(JSON.stringify({ inputs: offer.inputs, servers: { thing: offer.entry } }), 'x', 'user');
    assert.deepEqual(problems, []);
  });

  it('exist for each kind of package and address', () => {
    const launch = (part: object): unknown[] => {
      const entry = only({ packages: [{ transport: STDIO, version: '1.0.0', ...part }] })?.entry;
      return [entry?.['command'], ...((entry?.['args'] as unknown[] | undefined) ?? [])];
    };
    assert.deepEqual(launch({ registryType: 'pypi', identifier: 'a-b' }), ['uvx', 'a-b@1.0.0']);
    assert.deepEqual(launch({ registryType: 'nuget', identifier: 'A.B' }), ['dnx', 'A.B@1.0.0', '--yes']);
    assert.deepEqual(launch({ registryType: 'oci', identifier: 'ghcr.io/a/b', environmentVariables: [{ name: 'K', value: 'v' }] }), ['docker', 'run', '-i', '--rm', '-e', 'K', 'ghcr.io/a/b:1.0.0']);
    assert.deepEqual(launch({ registryType: 'oci', identifier: 'ghcr.io/a/b:2', version: undefined }), ['docker', 'run', '-i', '--rm', 'ghcr.io/a/b:2']);
    assert.deepEqual(only({ remotes: [{ type: 'sse', url: 'https://x/sse', headers: [{ name: 'X-Key', isRequired: true, isSecret: true }] }] })?.entry, { type: 'sse', url: 'https://x/sse', headers: { 'X-Key': '${input:io-acme-thing-x-key}' } });
  });

  it('are not those that could do something else than they say', () => {
    const refused = (part: object): string => offersOf({ name: 'x', packages: [{ registryType: 'npm', identifier: 'ok', version: '1.0.0', transport: STDIO, ...part }] }).notes.join();
    for (const [part, why] of [
      [{ identifier: '--evil' }, /proper name/],
      [{ identifier: 'a b' }, /proper name/],
      [{ identifier: 'https://evil.example/x.tgz' }, /proper name/],
      [{ version: 'latest' }, /exact version/],
      [{ version: '^1' }, /exact version/],
      [{ version: undefined }, /no version/],
      [{ environmentVariables: [{ name: 'A', value: '${env:AWS_SECRET_ACCESS_KEY}' }] }, /variables of your machine/],
      [{ packageArguments: [{ type: 'positional', value: '${secret:github}' }] }, /variables of your machine/],
      [{ registryType: 'mcpb', identifier: 'http://evil.example/x.mcpb', fileSha256: 'a'.repeat(64) }, /no address/],
      [{ registryType: 'mcpb', identifier: 'https://x.example/x.mcpb' }, /no SHA-256/],
      [{ packageArguments: [{ type: 'positional', value: '{a}{b}', variables: { a: { value: '$' }, b: { value: '{env:AWS_SECRET_ACCESS_KEY}' } } }] }, /variables of your machine/],
      [{ registryType: 'else' }, /not known/],
      [{ transport: { type: 'streamable-http', url: 'http://localhost' } }, /its standard streams/],
    ] as const) assert.match(refused(part), why, JSON.stringify(part));
    assert.deepEqual(offersOf({ name: 'x', remotes: [{ type: 'streamable-http', url: 'file:///etc/passwd' }, 3, null], packages: 'no' }).offers, []);
  });
});

describe('searching a registry', { timeout: 60_000 }, () => {
  let dataDir: string;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'vestibule-registry-'));
  });

  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  const cacheOf = (): Promise<RegistryCache> => RegistryCache.open(dataDir, (problem) => assert.equal(problem.message, ''));

  it('asks for latest versions, goes on page by page, and leaves out what was deleted', async () => {
    await using registry = await startRegistry(SERVERS, { 'com.acme/gone': 'deleted', 'com.acme/old': 'deprecated' });
    const options = { base: registry.base, cache: await cacheOf() };
    const first = await searchRegistry('', undefined, options);
    const second = await searchRegistry('', first.next, options);
    assert.deepEqual([...first.servers, ...second.servers].map(({ name, status }) => `${name} ${status}`), ['io.github.acme/files active', 'com.acme/search active', 'com.acme/old deprecated']);
    assert.equal(second.next, undefined);
    assert.match(registry.asked[0] ?? '', /^\/sub\/v0\.1\/servers\?limit=30&version=latest$/);
  });

  it('asks once an hour, and gives what it has when nobody answers', async () => {
    await using registry = await startRegistry(SERVERS);
    let now = 1_000_000;
    const cache = await cacheOf();
    const search = (kept = cache) => searchRegistry('files', undefined, { base: registry.base, cache: kept, now: () => now });
    await search();
    await search();
    assert.equal(registry.asked.length, 1);
    now += 2 * 3_600_000;
    registry.instead = (request) => request.socket.destroy();
    const later = await search();
    assert.deepEqual([later.offline, later.at, later.servers.length], [true, 1_000_000, 1]);
    await cache.flush();
    assert.equal((await search(await cacheOf())).servers.length, 1, 'also after a restart');
  });

  it('says what is wrong with a registry, and is not led elsewhere or flooded', async () => {
    await using registry = await startRegistry(SERVERS);
    const options = { base: registry.base, cache: await cacheOf() };
    const failing = async (instead: NonNullable<typeof registry.instead>): Promise<string> => {
      registry.instead = instead;
      return searchRegistry('x', undefined, options).then(() => 'nothing', (error: unknown) => (VestibuleError.is(error) ? error.reason : String(error)));
    };
    assert.equal(await failing((_, response) => response.writeHead(503).end()), 'http-status');
    assert.equal(await failing((_, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()), 'connection-failed');
    assert.equal(await failing((_, response) => response.writeHead(200).end('<html>')), 'bad-json');
    assert.equal(await failing((_, response) => response.writeHead(200).end('x'.repeat(5_000_000))), 'too-large');
    assert.equal(await failing((_, response) => response.writeHead(200).end('[1,{"servers":3}]')), 'nothing');
    for (const base of ['nonsense', 'file:///x', 'http://u:p@h']) await assert.rejects(searchRegistry('x', undefined, { ...options, base }), { reason: 'bad-url' });
  });

  it('survives a cache that is broken', async () => {
    await writeFile(join(dataDir, 'registry-cache.json'), '{"x":');
    await using registry = await startRegistry(SERVERS);
    assert.equal((await searchRegistry('files', undefined, { base: registry.base, cache: await cacheOf() })).servers.length, 1);
  });

  it('leads a person from words to an entry', async () => {
    await using registry = await startRegistry(SERVERS);
    const dialogs = new ScriptedDialogs();
    const added: Pasted[] = [];
    const context: RegistryContext = {
      dialogs,
      base: () => registry.base,
      dataDir,
      platform: process.platform,
      taken: () => Promise.resolve(new Set(['search'])),
      add: (servers) => Promise.resolve(added.push(servers) > 0),
      progress: (_title, run) => run(new AbortController().signal),
    };
    dialogs.texts = ['search', 'nothing like it'];
    dialogs.choose = ['com.acme/search', 'pypi: acme-search 2.0.0'];
    assert.equal(await browseRegistry(context), true);
    assert.deepEqual(added[0]?.servers.map(({ name, entry }) => [name, entry['command']]), [['search-2', 'uvx']]);
    assert.equal(await browseRegistry(context), false);
    assert.match(dialogs.informed[0] ?? '', /has no server for “nothing like it”/);
    assert.equal(await browseRegistry(context), false, 'a dismissed question ends it');
  });

  it('takes a link to one server', async () => {
    await using registry = await startRegistry(SERVERS, { 'com.acme/gone': 'deleted' });
    const { base } = registry;
    const link = (rest: string): string => new URL(`v0.1/servers/${rest}`, base).href;
    for (const [text, wanted] of [
      [link('io.github.acme%2Ffiles'), 'io.github.acme/files latest'],
      [link('io.github.acme/files/versions/1.2.3'), 'io.github.acme/files 1.2.3'],
      ['https://elsewhere.example/v0.1/servers/io.github.acme%2Ffiles', undefined],
      [new URL('/mcp', base).href, undefined],
      [link('%E0%A4%A'), undefined],
      ['npx -y files', undefined],
    ] as const) {
      const linked = linkedServer(text, base);
      assert.equal(linked && `${linked.name} ${linked.version}`, wanted, text);
    }
    assert.equal((await lookUpServer({ name: 'io.github.acme/files', version: 'latest' }, base)).title, 'Files');
    await assert.rejects(lookUpServer({ name: 'com.acme/gone', version: 'latest' }, base), { reason: 'not-found' });
    const added: Pasted[] = [];
    const add = fromLink(` ${link('io.github.acme%2Ffiles')} `, {
      dialogs: new ScriptedDialogs(),
      base: () => base,
      dataDir,
      platform: process.platform,
      taken: () => Promise.resolve(new Set()),
      add: (servers) => Promise.resolve(added.push(servers) > 0),
      progress: (_title, run) => run(new AbortController().signal),
    });
    assert.equal(await add?.(), true);
    assert.deepEqual(added[0]?.servers.map(({ name, entry }) => [name, entry['command'], entry['args']]), [['files', 'npx', ['-y', '@acme/files@1.2.3']]]);
  });
});
