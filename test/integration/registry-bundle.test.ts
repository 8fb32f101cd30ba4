import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { strToU8, zipSync } from 'fflate';
import { parseServersFile } from '../../src/proxy/config/servers-file.ts';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { installBundle } from '../../src/proxy/registry/bundle/install.ts';
import { readManifest } from '../../src/proxy/registry/bundle/manifest.ts';
import { unpackBundle } from '../../src/proxy/registry/bundle/unpack.ts';
import { offersOf } from '../../src/proxy/registry/offers.ts';
import { browseRegistry } from '../../src/views/browse-registry.ts';
import type { Pasted } from '../../src/views/servers-files.ts';
import { startRegistry, type Registry } from '../fixtures/registry.ts';
import { ScriptedDialogs } from '../unit/views-fixtures.ts';

const MANIFEST = {
  manifest_version: '0.3',
  name: 'notes',
  server: {
    type: 'node',
    entry_point: 'server/index.js',
    mcp_config: {
      command: 'node',
      args: ['${__dirname}/server/index.js', '${user_config.folders}', '--level=${user_config.level}', '${user_config.unset}'],
      env: { API_KEY: '${user_config.key}', HOME_NOTES: '${DOCUMENTS}${/}notes', UNSET: '${user_config.unset}' },
      platform_overrides: { win32: { command: 'node.exe' } },
    },
  },
  user_config: {
    folders: { type: 'directory', title: 'Folders', multiple: true, default: ['${HOME}/a', '/b'] },
    level: { type: 'string', title: 'Level', default: 'info' },
    key: { type: 'string', title: 'Key', description: 'Of your account', required: true, sensitive: true },
    unset: { type: 'string', title: 'Unset' },
  },
};

const packed = (files: Readonly<Record<string, string>>): Uint8Array => zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)])));
const BUNDLE = packed({ 'manifest.json': JSON.stringify(MANIFEST), 'server/index.js': 'process.exit()', 'server/deep/er.txt': 'x' });
const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const reasonOf = (run: Promise<unknown>): Promise<string> => run.then(() => 'none', (error: unknown) => (VestibuleError.is(error) ? `${error.reason}: ${error.message}` : String(error)));

describe('a bundle of a registry', { timeout: 120_000 }, () => {
  let dataDir: string;
  let registry: Registry;
  let url: string;
  const never = new AbortController().signal;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'vestibule-bundle-'));
    registry = await startRegistry([]);
    url = new URL('/notes.mcpb', registry.base).href;
    registry.instead = (_, response) => response.writeHead(200).end(BUNDLE);
  });
  afterEach(async () => {
    await registry[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true, force: true });
  });

  const bundles = (): readonly string[] => (existsSync(join(dataDir, 'bundles')) ? readdirSync(join(dataDir, 'bundles')) : []);
  const install = (bytes = BUNDLE, at = url) => installBundle({ url: at, sha256: digestOf(bytes) }, 'notes', { dataDir, platform: 'linux' }, never);

  it('is fetched once, checked, unpacked, and is the exact command', async () => {
    const folder = join(dataDir, 'bundles', digestOf(BUNDLE));
    const launch = await install();
    assert.deepEqual(launch.entry, {
      type: 'stdio',
      command: 'node',
      args: [`${folder}/server/index.js`, '${userHome}/a', '/b', '--level=info'],
      env: { API_KEY: '${input:notes-key}', HOME_NOTES: '${userHome}/Documents/notes' },
    });
    assert.deepEqual(launch.inputs.map(({ id, password, description }) => [id, password, description]), [['notes-key', true, 'Key: Of your account']]);
    assert.deepEqual(parseServersFile(JSON.stringify({ inputs: launch.inputs, servers: { notes: launch.entry } }), 'x', 'user').problems, []);
    assert.equal(await readFile(join(folder, 'server', 'deep', 'er.txt'), 'utf8'), 'x');
    await install();
    assert.equal(registry.asked.length, 1);
  });

  it('is thrown away when it is another file than the one that was named, or cannot be had', async () => {
    const other = packed({ 'manifest.json': '{}' });
    registry.instead = (_, response) => response.writeHead(200).end(other);
    assert.match(await reasonOf(install()), /^bad-bundle: .* its SHA-256 is [0-9a-f]{64}, not /);
    registry.instead = (_, response) => response.writeHead(404).end();
    assert.match(await reasonOf(install()), /^http-status/);
    registry.instead = (_, response) => void response.writeHead(200, { 'content-length': '1000' }).write('x', () => response.destroy());
    assert.match(await reasonOf(install()), /^connection-failed/);
    registry.instead = (_, response) => response.writeHead(302, { location: 'http://elsewhere.example/x' }).end();
    assert.match(await reasonOf(install()), /^connection-failed: .*leads to an address/);
    assert.deepEqual(bundles(), []);
  });

  it('is followed to where releases are kept, for the hash holds there, too', async () => {
    registry.instead = (request, response) => (request.url === '/notes.mcpb' ? response.writeHead(302, { location: '/elsewhere' }).end() : response.writeHead(200).end(BUNDLE));
    assert.equal((await install()).entry['command'], 'node');
  });

  it('writes nothing outside of its folder, and nothing at all when it tries', async () => {
    const target = join(dataDir, 'bundles', 'x');
    for (const name of ['../evil', 'a/../../evil', '/evil', 'C:/evil', 'a\\..\\evil', 'CON', 'a/nul.txt', 'dot.', 'a//b', 'new\nline']) {
      assert.match(await reasonOf(unpackBundle(packed({ ok: '1', [name]: '2' }), target)), /^bad-bundle: .*holds a file with the name/, name);
    }
    assert.match(await reasonOf(unpackBundle(packed({ a: '1', A: '2' }), target)), /^bad-bundle: .*twice/);
    assert.match(await reasonOf(unpackBundle(strToU8('no zip'), target)), /^bad-bundle: .*no zip archive/);
    assert.deepEqual([bundles(), existsSync(join(dataDir, 'evil'))], [[], false]);
  });

  it('may run its own program, and nothing that it reaches for elsewhere', async () => {
    const bytes = packed({ 'manifest.json': JSON.stringify({ server: { type: 'binary', entry_point: 'bin/notes' } }), 'bin/notes': '#!/bin/sh\n' });
    registry.instead = (_, response) => response.writeHead(200).end(bytes);
    const { entry } = await install(bytes);
    if (process.platform !== 'win32') assert.equal((await stat(String(entry['command']))).mode & 0o111, 0o111);

    const place = { server: 'x', folder: '/f', platform: 'linux' } as const;
    const config = (mcp: object, more: object = {}): unknown => ({ server: { type: 'node', mcp_config: { command: 'node', ...mcp } }, ...more });
    for (const [manifest, why] of [
      [config({ args: ['${env:AWS_SECRET_ACCESS_KEY}'] }), /variables of your machine/],
      [config({ args: ['$${user_config.a}'] }, { user_config: { a: { default: '{env:AWS_SECRET_ACCESS_KEY}' } } }), /variables of your machine/],
      [config({ args: ['${user_config.a}'] }, { user_config: { a: { default: '${secret:github}' } } }), /variables of your machine/],
      [config({ args: [3] }), /no text/],
      [config({}, { compatibility: { platforms: ['win32'] } }), /for win32 only/],
      [{ server: {} }, /no program/],
      [{ server: { type: 'constructor', entry_point: 'x' } }, /not known/],
      [null, /no program/],
    ] as const) assert.throws(() => readManifest(manifest, place), why, JSON.stringify(manifest));
    const bad = packed({ 'manifest.json': 'no' });
    registry.instead = (_, response) => response.writeHead(200).end(bad);
    assert.match(await reasonOf(install(bad)), /^bad-bundle: .*no manifest\.json/);
  });

  it('is fetched only after a person said so, who then sees the command', async () => {
    const document = { name: 'com.acme/notes', description: 'Notes', version: '1.0.0', packages: [{ registryType: 'mcpb', identifier: url, fileSha256: digestOf(BUNDLE), transport: { type: 'stdio' } }] };
    assert.deepEqual(offersOf(document).offers.map(({ kind, what }) => [kind, what]), [['mcpb', url]]);
    await using listing = await startRegistry([document]);
    const dialogs = new ScriptedDialogs();
    const added: Pasted[] = [];
    const browse = (): Promise<boolean> =>
      browseRegistry({
        dialogs,
        base: () => listing.base,
        dataDir,
        platform: 'linux',
        taken: () => Promise.resolve(new Set()),
        add: (servers) => Promise.resolve(added.push(servers) > 0),
        progress: (_title, run) => run(never),
      });
    dialogs.choose = ['com.acme/notes'];
    dialogs.texts = ['notes', 'notes'];
    dialogs.yes = false;
    assert.equal(await browse(), false);
    assert.deepEqual([registry.asked, bundles()], [[], []]);
    dialogs.yes = true;
    assert.equal(await browse(), true);
    assert.match(dialogs.confirmations.at(-1)?.detail ?? '', new RegExp(`From ${url}\nSHA-256 ${digestOf(BUNDLE)}`));
    assert.match(String(added[0]?.servers[0]?.entry['args']), /bundles\/[0-9a-f]{64}\/server\/index\.js/);
  });
});
