import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { telltale } from '../fixtures/telltale/mark.ts';
import { openCanary, type Canary } from './kit/canary.ts';
import { RecordingClient } from './kit/client.ts';
import { openEvil, type Evil } from './kit/evil.ts';
import { filesBelow, openHouse, type House } from './kit/house.ts';
import { until } from './kit/until.ts';

const HELD = telltale('held-secret', '!81-of-the-http-server');
const LONG = 'n'.repeat(300);
const NAMES = ['../../escaped', 'CON', 'a/b\\c', '__proto__', LONG, 'new\nline\u001B[31m\u202E'];
// Put together here, so that no scanner takes this file for a leak.
const GIVEN = [['gh', 'p_'], ['xox', 'b-1234567890-'], ['sk-', 'ant-api03-']].map(([head = '', tail = '']) => `${head}${tail}${'a1B2c3D4e5F6g7H8i9J0'.repeat(2).slice(0, 36)}`);

interface Record {
  readonly tool: string;
  readonly server: string;
  readonly outcome: string;
  readonly code?: string;
}

describe('what is kept, and who may decide', { timeout: 240_000 }, () => {
  let canary: Canary;
  let evil: Evil;
  let house: House;
  let agent: RecordingClient;
  let dialled: string;

  before(async () => {
    canary = await openCanary();
    evil = await openEvil(canary.url);
    house = await openHouse({
      servers: {
        good: evil.entry('stdio', 'good'),
        env: evil.entry('stdio', 'echo-env'),
        late: evil.entry('http', 'clean'),
        'http-keyed': { ...evil.entry('http', 'echo-args'), headers: { Authorization: 'Bearer ${input:key}' } },
        ...Object.fromEntries(NAMES.map((name) => [name, evil.entry('http', 'good')])),
      },
      inputs: [{ type: 'promptString', id: 'key', description: 'key', password: true }],
      args: ['--approve-all'],
      prepare: ({ workspace }) => {
        dialled = join(workspace, 'dialled');
        return writeFile(dialled, '');
      },
      env: {
        VESTIBULE_INPUT_KEY: HELD,
        NODE_OPTIONS: `--import=${new URL('kit/dialled.mjs', import.meta.url).href}`,
        get DIALLED() {
          return dialled;
        },
      },
    });
    agent = await RecordingClient.connect(house.ready);
    for (const id of ['good:keep', 'late:keep', 'http-keyed:keep']) await agent.untilCode(id, undefined);
  });
  after(async () => {
    await agent.close();
    await house[Symbol.asyncDispose]();
    await evil[Symbol.asyncDispose]();
    await canary[Symbol.asyncDispose]();
  });

  const records = async (): Promise<readonly Record[]> => JSON.parse((await house.cli('calls', '--json')).stdout) as Record[];
  const approvals = (): Promise<string> => readFile(join(house.place.data, 'approvals.json'), 'utf8');

  it('U6: no tool, argument or method of an agent approves, adds or unlocks anything', async () => {
    await agent.use('late:keep', { pass: 1 });
    await agent.untilCode('late:tempting', 'awaiting_approval');
    const before = await approvals();
    const { tools } = await agent.client.listTools();
    assert.ok(!tools.some(({ name }) => /approv|trust|unlock|quarantine/i.test(name)), tools.map(({ name }) => name).join(' '));
    const guesses = ['approve_tool', 'approve_all_tools', 'quarantine_security', 'vestibule.approve', 'quarantine_approve', 'unblock', 'trust_server', 'set_consent', 'clear_log'];
    for (const name of guesses) assert.equal((await agent.call(name, { server: 'late', tool: 'tempting', operation: 'approve_tool', all: true })).isError, true, name);
    for (const operation of ['approve', 'approve_all', 'add', 'update', 'enable', 'patch', 'quarantine', 'trust']) {
      const { isError } = await agent.call('upstream_servers', { operation, name: 'own', server: 'own', command: process.execPath, args: ['-e', '0'], trust_mode: 'auto' });
      assert.equal(isError, true, operation);
    }
    for (const method of ['vestibule/approve', 'tools/approve', 'quarantine/approve', 'approvals/set']) {
      await assert.rejects(agent.client.request({ method, params: { server: 'late' } }, {} as never));
    }
    assert.equal(await approvals(), before);
    assert.equal((await agent.use('late:tempting')).code, 'awaiting_approval');
  });

  it('U14: what is blocked by another process is refused by this one, and in time', async () => {
    assert.equal((await agent.use('good:act')).isError, false);
    assert.equal((await house.cli('quarantine', 'block', '--server', 'good', '--tool', 'act')).code, 0);
    await agent.untilCode('good:act', 'blocked');
    assert.equal((await house.cli('quarantine', 'approve', '--server', 'good', '--tool', 'act')).code, 0);
    await agent.untilCode('good:act', undefined);
  });

  it('U10 I6: every refusal is recorded, one line each, in whatever order calls come', async () => {
    const kinds = { 'good:act': 'ok', 'late:tempting': 'refused', 'good:nothing': 'refused', 'x:\n{"seq":1,"outcome":"ok"}': 'refused', '__proto__': 'refused' } as const;
    type Kind = keyof typeof kinds;
    const before = (await records()).length;
    const calls = fc.sample(fc.constantFrom(...(Object.keys(kinds) as Kind[])), { numRuns: 60, seed: 7 });
    for (const id of calls) assert.equal((await agent.use(id)).isError, kinds[id] === 'refused', id);
    const written = await until('all are written', async () => {
      const all = await records();
      return all.length >= before + calls.length ? all : undefined;
    });
    const added = written.slice(-calls.length).map(({ outcome }) => outcome);
    assert.deepEqual(added, calls.map((id) => kinds[id]));
    assert.equal((await house.cli('calls', 'verify')).code, 0);
  });

  it('U8: no name of a server becomes a path, and nobody else may read what is kept', async () => {
    for (const name of NAMES) await agent.use(`${name}:keep`);
    const outside = readdirSync(join(house.place.data, '..'));
    assert.deepEqual(outside.sort(), ['data', 'workspace']);
    assert.ok(!existsSync(join(house.place.data, '..', '..', 'escaped')));
    for (const entry of readdirSync(house.place.data, { recursive: true, withFileTypes: true })) {
      assert.match(entry.name, /^[\w.=-]{1,120}$/);
      if (process.platform !== 'win32') assert.equal(statSync(join(entry.parentPath, entry.name)).mode & 0o077, 0, entry.name);
    }
  });

  it('B7: a secret that is held comes back to no agent, in whatever form a server sends it', async () => {
    const { raw, text } = await agent.use('http-keyed:act', { plain: HELD, base64: Buffer.from(HELD).toString('base64'), percent: encodeURIComponent(HELD) });
    assert.match(text, /plain/);
    for (const secret of [HELD, Buffer.from(HELD).toString('base64'), encodeURIComponent(HELD)]) assert.ok(!raw.includes(secret), secret);
  });

  it('B7: a key of one server, or our own token, goes to no other server, however it is written', async () => {
    const calls = (): number => evil.seen('stdio', 'good').filter(({ method }) => method === 'tools/call').length;
    const before = calls();
    for (const text of [HELD, `a ${Buffer.from(`x${HELD}`).toString('base64')} b`, encodeURIComponent(HELD), house.ready.token]) {
      const { code, raw } = await agent.use('good:keep', { deep: [{ text }] });
      assert.equal(code, 'not_permitted', text);
      assert.ok(!raw.includes(text));
    }
    assert.equal(calls(), before, 'nothing of it was sent');
    assert.equal((await agent.use('good:keep', { text: 'something else' })).isError, false);
    assert.equal((await agent.use('http-keyed:act', { text: HELD })).isError, false, 'its own server knows it anyway');
  });

  it('N8 U9 I5: neither our token nor a secret that is held or given stands in any file, log, command line or environment', async () => {
    await agent.use('http-keyed:act', { text: GIVEN.join(' '), password: 'hunter2-4711-hunter2', nested: { token: HELD } });
    await agent.use('http-keyed:nothing', { key: HELD });
    await agent.call('retrieve_tools', { query: GIVEN[0] });
    assert.equal(evil.seen('http', 'echo-args').at(-1)?.headers['authorization'], `Bearer ${HELD}`, 'the server itself gets it');
    const { token } = house.ready;
    const secrets = [token, Buffer.from(token).toString('base64'), HELD, Buffer.from(HELD).toString('base64'), encodeURIComponent(HELD), ...GIVEN, 'hunter2-4711-hunter2'];
    await until('the calls are written', async () => ((await records()).some(({ tool }) => tool === 'act') ? true : undefined));
    const places: [string, string][] = [...(await filesBelow(join(house.place.data, '..'))), ['log of serve', house.stderr.join('')]];
    for (const name of ['http-keyed', 'env']) places.push([`log of ${name}`, (await house.cli('upstream', 'logs', '--name', name)).stdout]);
    places.push(['calls', (await house.cli('calls', '--json')).stdout]);
    if (process.platform === 'linux') {
      for (const { pid } of [...evil.starts('good'), ...evil.starts('echo-env')]) {
        for (const file of ['cmdline', 'environ']) if (existsSync(`/proc/${pid}/${file}`)) places.push([`${file} of ${pid}`, readFileSync(`/proc/${pid}/${file}`, 'latin1')]);
      }
      places.push(['our command line', readFileSync(`/proc/${house.ready.pid}/cmdline`, 'latin1')]);
    }
    assert.ok(places.length > 10);
    for (const [where, content] of places) for (const secret of secrets) assert.ok(!content.includes(secret), `${where} holds ${secret.slice(0, 6)}…`);
  });

  it('U2: no control or invisible character of a server or an agent reaches a log or a terminal', async () => {
    await agent.use(`${NAMES.at(-1) ?? ''}:keep`);
    const commands = [['upstream', 'list'], ['upstream', 'list', '--json'], ['quarantine', 'list', '--all'], ['calls'], ['calls', '--json'], ['doctor']];
    const shown = [['log of serve', house.stderr.join('')], ...(await Promise.all(commands.map(async (command) => [command.join(' '), (await house.cli(...command)).stdout])))];
    // eslint-disable-next-line no-control-regex
    const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|[\u{E0000}-\u{E007F}]/u;
    for (const [where = '', text = ''] of shown) {
      const at = hidden.exec(text)?.index;
      assert.equal(at, undefined, `${where}: ${JSON.stringify(text.slice(Math.max(0, (at ?? 0) - 100), (at ?? 0) + 20))}`);
    }
  });

  it('U11: the program speaks to the configured servers and to nobody else', async () => {
    const port = /:(\d+)\//.exec(String(evil.entry('http', 'good')['url']))?.[1];
    const lines = new Set((await readFile(dialled, 'utf8')).trim().split('\n'));
    assert.deepEqual([...lines], [`connect 127.0.0.1:${port}`]);
    assert.deepEqual(canary.contacts, []);
  });

  it('U10: a line that is taken out of the log is missed', async () => {
    await agent.close();
    await house.serve.stop();
    const file = [...(await filesBelow(join(house.place.data, 'journal'))).keys()].find((name) => /\.jsonl?$/.test(name)) ?? '';
    const lines = (await readFile(file, 'utf8')).split('\n');
    await writeFile(file, [...lines.slice(0, 5), ...lines.slice(6)].join('\n'));
    const { code, stdout, stderr } = await house.cli('calls', 'verify');
    assert.equal(code, 1, stdout);
    assert.match(stdout + stderr, /broken|missing|line/i);
    await house.restart();
    agent = await RecordingClient.connect(house.ready);
  });
});
