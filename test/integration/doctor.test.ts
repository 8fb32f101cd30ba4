import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer as createTlsServer } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openKeys } from '../../src/oauth/core/keys.ts';
import { SignInError } from '../../src/oauth/core/sign-in-error.ts';
import { readServersFile } from '../../src/proxy/config/store.ts';
import { CODES } from '../../src/proxy/diagnosis/codes.ts';
import type { Diagnosis } from '../../src/proxy/diagnosis/types.ts';
import { createGateway, type Gateway } from '../../src/proxy/gateway.ts';
import { openJournal } from '../../src/proxy/journal/journal.ts';
import type { GatewayOptions } from '../../src/proxy/options.ts';
import { openApprovalStore } from '../../src/proxy/quarantine/approval-store.ts';
import { fingerprintOf } from '../../src/proxy/quarantine/launch.ts';
import { inPlace, run, STDIO_SERVER, toolNamed, userServers } from '../fixtures/cli.ts';
import { MemorySecrets, openHouse, signInAt } from '../fixtures/oauth/house.ts';
import { startProvider, type Manners } from '../fixtures/oauth/provider.ts';
import { makePlace, type Place } from '../fixtures/serve.ts';
import { EXPIRED_TLS, OTHER_TLS, TLS_CERTIFICATE, TLS_KEY } from '../fixtures/upstreams/self-signed.ts';
import { httpServer, mcpServer, sendJson } from '../fixtures/upstreams/http-server.ts';
import type { StdioManners } from '../fixtures/upstreams/stdio-server.ts';

/** What a server is, and what the doctor is to say about it. */
interface Case {
  readonly entry: Readonly<Record<string, unknown>>;
  /** `area/code` of everything said about it, in order. */
  readonly said: readonly string[];
  /** Found in what happened, the evidence or the fix of the first. */
  readonly tells?: RegExp;
  /** Titles of what the editor can apply, of the first. */
  readonly remedies?: readonly RegExp[];
}

const stdio = (manners: StdioManners, more: Readonly<Record<string, unknown>> = {}): Case['entry'] => ({ command: process.execPath, args: [STDIO_SERVER, JSON.stringify(manners)], ...more });
/** No name server is asked about a label this long, so the answer is the same on every network. */
const NO_HOST = `${'a'.repeat(64)}.invalid`;
const SECRET = 'hunter2-correct-horse';

const answering = async (status: number, body = '{}', headers: Readonly<Record<string, string>> = {}): Promise<string> => (await httpServer((_request, response) => sendJson(response, body, status, headers))).url;
const securely = async (tls: { readonly key: string; readonly cert: string }): Promise<number> => (await httpServer((_request, response) => sendJson(response, '{}'), (listener) => createTlsServer(tls, listener))).port;

async function casesIn(folder: string): Promise<Readonly<Record<string, Case>>> {
  const docker = join(folder, 'docker');
  await writeFile(docker, `#!${process.execPath}\nconsole.error('docker: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?');\nprocess.exit(125);\n`);
  await chmod(docker, 0o755);
  const well = await mcpServer();
  const plain = (await httpServer((_request, response) => sendJson(response, '{}'))).port;
  const named = await securely({ key: TLS_KEY, cert: TLS_CERTIFICATE });
  const closed = await freePort();
  const log = /Show its log/;
  const open = /Open its entry/;
  return {
    well: { entry: { type: 'http', url: well.url }, said: [] },
    missing: { entry: { command: 'no-such-program-anywhere' }, said: ['launch/command-not-found'], tells: /PATH: \//, remedies: [open] },
    relative: { entry: { command: './server.js' }, said: ['launch/command-not-found'], tells: /server\.js: does not exist/, remedies: [/\$\{workspaceFolder\}\/server\.js/] },
    folder: { entry: stdio({}, { cwd: join(folder, 'nowhere') }), said: ['launch/launch-failed'], tells: /nowhere/, remedies: [open] },
    noDocker: { entry: { command: join(folder, 'nowhere', 'docker'), args: ['run', 'x'] }, said: ['launch/docker-not-found'], tells: /Install Docker/, remedies: [/Restart/] },
    daemon: { entry: { command: docker, args: ['run', 'x'] }, said: ['launch/docker-not-running'], tells: /docker\.sock/, remedies: [/Restart/] },
    dies: { entry: stdio({ dies: `bad option --fast, key ${SECRET}` }, { env: { KEY: '${input:key}' } }), said: ['launch/exited-early'], tells: /bad option --fast/, remedies: [/Restart/, log] },
    noisy: { entry: stdio({ silent: true, noise: [] }, { args: ['-e', 'console.log("Welcome to my server!"); setInterval(() => {}, 1e6)'] }), said: ['handshake/stdout-noise'], tells: /Welcome to my server!/, remedies: [/Restart/, log] },
    chatty: { entry: stdio({ noise: ['debug: hello'], tools: [toolNamed('one')] }), said: ['handshake/stdout-noise'], tells: /debug: hello/, remedies: [log] },
    silent: { entry: stdio({ silent: true }), said: ['handshake/handshake-timeout'], tells: /did not answer initialize within 25 s/, remedies: [/Restart/, log] },
    rejects: { entry: stdio({ initializeError: '{"code":-32000,"message":"no licence"}' }), said: ['handshake/handshake-failed'], tells: /no licence/, remedies: [log] },
    page: { entry: { type: 'http', url: await answering(200, '<html>Hello</html>', { 'content-type': 'text/html' }) }, said: ['handshake/not-mcp'], tells: /web page/, remedies: [/"url" to http:.*\/sse$/] },
    wrongUrl: { entry: { type: 'http', url: 'ftp://example.com/mcp' }, said: ['config/bad-config'], tells: /ftp/ },
    guarded: { entry: { type: 'http', url: 'http://169.254.169.254/mcp' }, said: ['transport/bad-url'], tells: /metadata/, remedies: [open] },
    refused: { entry: { type: 'http', url: `http://127.0.0.1:${closed}/mcp` }, said: ['transport/connection-refused'], tells: /ECONNREFUSED/, remedies: [/Restart/] },
    hangsUp: { entry: { type: 'http', url: `http://127.0.0.1:${named}/mcp` }, said: ['transport/connection-failed'], tells: /"http" or "https"|ECONNRESET|400/ },
    moved: { entry: { type: 'http', url: await answering(308, '{}', { location: 'http://elsewhere.invalid/mcp?key=1' }) }, said: ['transport/http-redirect'], tells: /elsewhere\.invalid/, remedies: [/to http:\/\/elsewhere\.invalid\/mcp$/] },
    noPath: { entry: { type: 'http', url: (await answering(404)).replace('/mcp', '/api') }, said: ['transport/http-not-found'], tells: /HTTP 404/, remedies: [/\/api\/mcp$/, /\/api\/sse$/] },
    broken: { entry: { type: 'http', url: await answering(503) }, said: ['transport/http-server-error'], tells: /HTTP 503/, remedies: [/Restart/] },
    teapot: { entry: { type: 'http', url: await answering(418) }, said: ['transport/http-status'], tells: /HTTP 418/ },
    signIn: { entry: { type: 'http', url: await answering(401) }, said: ['auth/sign-in-required'], tells: /HTTP 401/, remedies: [/Send a key/] },
    denied: { entry: { type: 'http', url: await answering(403) }, said: ['auth/access-denied'], tells: /HTTP 403/, remedies: [open] },
    proxySignIn: { entry: { type: 'http', url: await answering(407) }, said: ['proxy/proxy-sign-in'], tells: /HTTP 407/ },
    noName: { entry: { type: 'http', url: `http://${NO_HOST}/mcp` }, said: ['dns/name-not-resolved', 'proxy/proxy-not-used'], tells: /cannot be resolved/ },
    noTls: { entry: { type: 'http', url: `https://127.0.0.1:${plain}/mcp` }, said: ['tls/tls-not-spoken'], tells: /http:\/\//, remedies: [/"url" to http:\/\//] },
    untrusted: { entry: { type: 'http', url: `https://127.0.0.1:${await securely(OTHER_TLS)}/mcp` }, said: ['tls/tls-untrusted'], tells: /NODE_EXTRA_CA_CERTS/ },
    expired: { entry: { type: 'http', url: `https://127.0.0.1:${await securely(EXPIRED_TLS)}/mcp` }, said: ['tls/tls-expired'], tells: /expired/ },
    otherName: { entry: { type: 'http', url: `https://localhost:${named}/mcp` }, said: ['tls/tls-wrong-name'], tells: /another name/ },
    unset: { entry: { command: process.execPath, args: ['${env:NO_SUCH_VARIABLE}'] }, said: ['config/unknown-variable'], tells: /NO_SUCH_VARIABLE/, remedies: [open] },
    unasked: { entry: { command: process.execPath, args: ['${input:never}'] }, said: ['config/missing-input'], tells: /never/, remedies: [/Enter the value/] },
    waits: { entry: stdio({ tools: [toolNamed('new')] }), said: ['quarantine/awaiting-approval'], tells: /A definition of "waits" awaits/, remedies: [/Review/] },
    unseen: { entry: stdio({}), said: ['quarantine/launch-not-approved'], tells: /awaits approval/, remedies: [/Review its launch/] },
    filtered: { entry: stdio({ tools: [toolNamed('write')] }, { tools: { deny: ['*'] } }), said: ['policy/denied-by-policy'], tells: /kept from agents by its "tools" filters/, remedies: [open] },
    nameless: { entry: stdio({ tools: ['{"description":"no name"}', toolNamed('fine')] }), said: ['quarantine/held'], tells: /cannot be served/ },
  };
}

describe('doctor', { timeout: 180_000, skip: process.platform === 'win32' }, () => {
  let place: Place;
  let cases: Readonly<Record<string, Case>>;
  let found: readonly Diagnosis[];
  /** Of a gateway over the same files. */
  let inside: readonly Diagnosis[];
  let text: string;
  let taken: { readonly port: number; close(): void };
  /** What a process knows that looks at these servers. */
  let environment: NodeJS.ProcessEnv;

  before(async () => {
    place = await makePlace();
    await mkdir(place.data, { recursive: true, mode: 0o700 });
    cases = await casesIn(place.workspace);
    await writeServers(place, cases);
    await approveLaunches(place, (name) => name !== 'unseen');
    await listAndApprove(place);
    await recordRefusal(place);
    const trusted = join(place.workspace, 'trusted.pem');
    await writeFile(trusted, `${TLS_CERTIFICATE}\n${EXPIRED_TLS.cert}`);
    environment = { NODE_EXTRA_CA_CERTS: trusted, HTTPS_PROXY: 'http://user:password@proxy.invalid:3128', VESTIBULE_INPUT_KEY: SECRET };
    taken = await takePort();
    const args = ['doctor', '--timeout', '25', '--port', String(taken.port)];
    const [json, plain] = await Promise.all([run(inPlace(place, [...args, '--json']), environment), run(inPlace(place, args), environment)]);
    assert.deepEqual([json.code, json.stderr], [1, '']);
    found = JSON.parse(json.stdout) as Diagnosis[];
    text = plain.stdout;
    await writeServers(place, cases, IMPATIENT);
    const gateway = await gatewayOf(place);
    inside = await gateway.diagnose({ trusted: true, wantedPort: 1, policy: { rules: { access: 'none' }, gateway: { label: 'Vestibule', url: 'http://127.0.0.1:1/mcp' } }, secretsPersist: false });
    await gateway.dispose();
    note([...found, ...inside]);
  });
  after(async () => {
    taken.close();
    await place.dispose();
  });

  it('tells each server’s trouble by its code, with cause, evidence, and a fix that the editor can apply', () => {
    for (const [name, { remedies = [], said, tells }] of Object.entries(cases)) {
      const own = found.filter(({ server }) => server === name);
      assert.deepEqual(own.map(({ area, code }) => `${area}/${code}`), said, name);
      const [first] = own;
      if (first === undefined) continue;
      assert.ok(first.cause !== '' && first.fix !== '' && first.message !== '', name);
      if (tells !== undefined) assert.match([first.message, ...first.evidence, first.fix].join('\n'), tells, name);
      remedies.forEach((title, i) => assert.ok(first.remedies.slice(i).some((remedy) => title.test(remedy.title)), `${name}: ${JSON.stringify(first.remedies)}`));
    }
  });

  it('tells of a port that is taken, and of calls that an agent may not make', () => {
    const others = found.filter(({ server }) => server === undefined);
    assert.deepEqual(others.map(({ area, code, level }) => `${level} ${area}/${code}`), ['error config/port-taken', 'warning policy/denied-by-policy']);
    assert.match(others[1]?.message ?? '', /2 calls of the agent "guest" were refused: it may not use "files:delete"/);
  });

  it('says the same as text, and no secret in either', () => {
    for (const { area, code, message } of found) assert.ok(text.includes(`${area}/${code}  ${message}`), `${code}: ${message}`);
    assert.ok(text.includes('         | stderr: bad option --fast'), text);
    assert.doesNotMatch(text + JSON.stringify(found), /hunter2|user:password/);
  });

  it('starts and dials nothing where it is told to look at files only', async () => {
    const { stdout } = await run(inPlace(place, ['doctor', '--no-connect', '--json']), environment);
    const codes = (JSON.parse(stdout) as Diagnosis[]).filter(({ level, area }) => level === 'error' && area !== 'config').map(({ code, server }) => `${code} ${server ?? ''}`);
    assert.deepEqual(codes, ['command-not-found missing', 'command-not-found relative', 'docker-not-found noDocker']);
  });

  it('finds the same in a running gateway, and what the editor around it adds', () => {
    const others = new Set([...IMPATIENT, ...OF_THE_PROCESS]);
    const codes = (all: readonly Diagnosis[]): string[] => all.filter(({ server }) => server !== undefined && !others.has(server)).map(({ code, server }) => `${code} ${server ?? ''}`);
    assert.deepEqual(codes(inside), codes(found));
    assert.deepEqual(inside.slice(0, 2).map(({ code }) => code), ['mcp-disabled', 'secrets-not-kept']);
    assert.ok(inside.every(({ remedies, server, code }) => server === undefined || remedies.length > 0 || code === 'proxy-not-used'));
  });
});

/** Every code that a real situation of this file led to. */
const led = new Set<string>();
function note(found: readonly Diagnosis[]): readonly Diagnosis[] {
  for (const { code } of found) led.add(code);
  return found;
}

/** A sign-in that went wrong, by the code of the step. */
const SIGN_INS: Readonly<Record<string, Manners>> = {
  'sign-in-discovery': { resourceMetadata: { status: 404 } },
  'sign-in-registration': { registration: { status: 403 } },
  'sign-in-authorization': { redirect: { code: undefined, error: 'access_denied' } },
  'sign-in-token': { token: { status: 500 } },
};

describe('doctor, around the servers', { timeout: 180_000, skip: process.platform === 'win32' }, () => {
  const owned: { dispose(): Promise<void> }[] = [];
  const newPlace = async (): Promise<Place> => {
    const place = await makePlace();
    owned.push(place);
    await mkdir(place.data, { recursive: true, mode: 0o700 });
    return place;
  };
  const codes = (found: readonly Diagnosis[]): string[] => note(found).map(({ code, server = '' }) => `${code} ${server}`);
  after(async () => {
    for (const one of owned.reverse()) await one.dispose();
  });

  it('tells of a workspace nobody trusts, and of what the editor’s settings forbid', async () => {
    const place = await newPlace();
    await place.servers({ servers: { brought: { command: 'x' } } });
    const gateway = await gatewayOf(place, { workspaceTrusted: false });
    owned.push(gateway);
    const policy = { rules: { allowed: [{ serverName: 'other' }] }, gateway: { label: 'Vestibule', url: 'http://127.0.0.1:1/mcp', listedTools: 200 } };
    const found = await gateway.diagnose({ trusted: false, policy });
    assert.deepEqual(codes(found), ['mcp-not-allowed ', 'too-many-tools ', 'workspace-not-trusted brought']);
    assert.ok(found.every(({ remedies }) => remedies.length > 0));
  });

  it('tells of a gateway that is its own server', async () => {
    const place = await newPlace();
    const port = await freePort();
    await userServers(place, { servers: { self: { type: 'http', url: `http://127.0.0.1:${port}/mcp`, headers: { Authorization: 'Bearer test-token-of-the-doctor' } } } });
    await approveLaunches(place, () => true);
    const gateway = await gatewayOf(place, { port, portRequired: true });
    owned.push(gateway);
    await gateway.listen();
    const found = await gateway.diagnose({ trusted: true });
    assert.deepEqual(codes(found), ['gateway-loop self']);
    assert.match(found[0]?.fix ?? '', /Remove it from the servers file/);
  });

  it('tells of records that the disk did not take', async () => {
    const place = await newPlace();
    // Its segment is full: the next line begins another, which finds no folder and can make none: its disk is gone.
    await mkdir(join(place.data, 'journal'));
    await writeFile(join(place.data, 'journal', 'calls-000000000000001.jsonl'), `${'x'.repeat(4 * 1024 * 1024)}\n`);
    const gateway = await gatewayOf(place);
    owned.push(gateway);
    await rm(join(place.data, 'journal'), { recursive: true });
    await symlink(join(place.data, 'unmounted', 'journal'), join(place.data, 'journal'));
    await gateway.pause({}, { cancel: false });
    await gateway.calls({});
    const found = await gateway.diagnose({ trusted: true });
    assert.deepEqual(codes(found), ['journal-lost ']);
    await rm(join(place.data, 'journal'));
  });

  for (const [code, manners] of Object.entries(SIGN_INS)) {
    it(`tells at which step a sign-in went wrong: ${code}`, async () => {
      const place = await newPlace();
      const provider = await startProvider();
      owned.push({ dispose: () => Promise.resolve(provider.close()) });
      await userServers(place, { servers: { fixture: { type: 'http', url: provider.url } } });
      await approveLaunches(place, () => true);
      const secrets = new MemorySecrets();
      const house = await openHouse({ dataDir: place.data, secrets });
      provider.manners = manners;
      await assert.rejects(signInAt(house, provider.url), SignInError);
      const gateway = await gatewayOf(place, { openKeys: (options) => openKeys({ ...options, dataDir: place.data, secrets }) });
      owned.push(gateway);
      const found = await gateway.diagnose({ trusted: true });
      assert.deepEqual(codes(found), [`${code} fixture`]);
      assert.equal(found[0]?.remedies[0]?.title, 'Sign in');
    });
  }

  it('tells when what was granted is over, or cannot be renewed for now', async () => {
    for (const [refresh, code] of [
      [{ status: 400, body: '{"error":"invalid_grant"}' }, 'sign-in-ended'],
      [{ status: 500 }, 'sign-in-refresh'],
    ] as const) {
      const place = await newPlace();
      const provider = await startProvider();
      owned.push({ dispose: () => Promise.resolve(provider.close()) });
      await userServers(place, { servers: { fixture: { type: 'http', url: provider.url } } });
      await approveLaunches(place, () => true);
      const secrets = new MemorySecrets();
      await signInAt(await openHouse({ dataDir: place.data, secrets }), provider.url);
      provider.manners = { refresh };
      provider.expireAccess();
      const gateway = await gatewayOf(place, { openKeys: (options) => openKeys({ ...options, dataDir: place.data, secrets }) });
      owned.push(gateway);
      assert.deepEqual(codes(await gateway.diagnose({ trusted: true })), [`${code} fixture`]);
    }
  });

  it('tells of a folder it cannot use, a journal that was changed, and a folder that others can read', async () => {
    const place = await newPlace();
    await writeFile(join(place.workspace, 'file'), '');
    const without = await run(['doctor', '--json', '--data', join(place.workspace, 'file', 'data'), '--workspace', place.workspace]);
    assert.equal(without.code, 1, without.stderr);
    assert.deepEqual(codes(JSON.parse(without.stdout) as Diagnosis[]), ['data-folder-unreadable ']);

    await recordRefusal(place);
    const file = join(place.data, 'journal', 'calls-000000000000001.jsonl');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"agent":"guest"', '"agent":"GUEST"'));
    await chmod(place.data, 0o755);
    const { code, stdout, stderr } = await run(inPlace(place, ['doctor', '--json']));
    assert.equal(code, 1, stderr);
    assert.deepEqual(codes(JSON.parse(stdout) as Diagnosis[]).slice(0, 2), ['data-folder-open ', 'journal-broken ']);
  });
});

describe('the codes of the doctor', { timeout: 60_000, skip: process.platform === 'win32' }, () => {
  it('were each led to by a real situation above', () => {
    assert.deepEqual(Object.keys(CODES).filter((code) => !led.has(code)), []);
  });
});

/** Servers that take all the time they are given, which is long in a gateway. */
const IMPATIENT = ['silent', 'noisy'];
/** Whom to trust, what proxy there is and what inputs are is up to each process. */
const OF_THE_PROCESS = ['untrusted', 'expired', 'otherName', 'noName', 'unasked', 'unset', 'dies'];

function writeServers(place: Place, cases: Readonly<Record<string, Case>>, off: readonly string[] = []): Promise<void> {
  return userServers(place, {
    inputs: ['key', 'never'].map((id) => ({ id, type: 'promptString', password: true })),
    servers: Object.fromEntries(Object.entries(cases).map(([name, { entry }]) => [name, off.includes(name) ? { ...entry, enabled: false } : entry])),
  });
}

async function approveLaunches(place: Place, wanted: (name: string) => boolean): Promise<void> {
  const store = await openApprovalStore(place.data, { onProblem: (problem) => assert.fail(problem.message) });
  const { servers } = await readServersFile(join(place.data, 'servers.json'), 'user');
  for (const server of servers.filter(({ name }) => wanted(name))) await store.approveLaunch(server.name, fingerprintOf(server), 'person');
  store.dispose();
}

function gatewayOf(place: Place, more: Partial<GatewayOptions> = {}): Promise<Gateway> {
  return createGateway({
    dataDir: place.data,
    workspaceFolder: place.workspace,
    secrets: { persistent: true, get: () => Promise.resolve(undefined), set: () => Promise.resolve(), delete: () => Promise.resolve() },
    token: 'test-token-of-the-doctor',
    owner: 'local',
    version: '0.0.0',
    log: () => undefined,
    ...more,
  });
}

/** Has the servers seen that are to have definitions, and approves those that are to be approved. */
async function listAndApprove(place: Place): Promise<void> {
  const gateway = await gatewayOf(place);
  try {
    for (const server of ['waits', 'filtered', 'chatty', 'nameless', 'well']) {
      await gateway.refresh(server);
      const seen = gateway.snapshot().upstreams.find(({ name }) => name === server);
      const tools = (seen?.tools ?? []).map(({ name, digest }) => ({ server, kind: 'tool', name, digest }) as const);
      const others = (seen?.definitions ?? []).map(({ kind, name, digest }) => ({ server, kind, name, digest }));
      const instructions = seen?.instructions === undefined ? [] : [{ server, kind: 'instructions', name: '', digest: seen.instructions.digest } as const];
      await gateway.approve([...(server === 'waits' ? [] : tools), ...others, ...instructions]);
    }
  } finally {
    await gateway.dispose();
  }
}

async function recordRefusal(place: Place): Promise<void> {
  const journal = await openJournal({ dir: join(place.data, 'journal'), log: () => undefined });
  const call = { time: Date.now(), id: 'a', session: 's', agent: 'guest', client: 'c 1', server: 'files', tool: 'delete', digest: undefined, route: 'direct', arguments: undefined, outcome: 'refused', code: 'not_permitted' } as const;
  for (let i = 0; i < 2; i++) journal.append({ ...call, durationMs: 1, bytesIn: 0, bytesOut: 0, truncated: false, findings: [], traceparent: undefined });
  await journal.close();
}

async function takePort(): Promise<{ readonly port: number; close(): void }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

/** A port at which nothing listens: it was free a moment ago. */
async function freePort(): Promise<number> {
  const taken = await takePort();
  taken.close();
  return taken.port;
}
