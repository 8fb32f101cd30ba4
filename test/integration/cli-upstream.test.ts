import assert from 'node:assert/strict';
import { readFile, stat, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { logFileOf } from '../../src/proxy/upstream/log-store.ts';
import { inPlace, readUserServers, run, userServers } from '../fixtures/cli.ts';
import { makePlace, type Place, type Run } from '../fixtures/serve.ts';

interface Listed {
  readonly name: string;
  readonly origin: string;
  readonly state: string;
  readonly enabled: boolean;
  readonly launch: { readonly approved: boolean; readonly argv?: readonly string[]; readonly url?: string };
}

let place: Place;
beforeEach(async () => {
  place = await makePlace();
});
afterEach(() => place.dispose());

const vestibule = (...args: string[]): Promise<Run> => run(inPlace(place, args));

async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await vestibule(...args);
  assert.equal(code, 0, stderr);
  return stdout;
}

async function listed(): Promise<readonly Listed[]> {
  return JSON.parse(await ok('upstream', 'list', '--json')) as Listed[];
}

describe('vestibule upstream', { timeout: 120_000 }, () => {
  it('adds by command and by address; adding approves the launch', async () => {
    assert.match(await ok('upstream', 'add', '--name', 'mine', '--', 'npx', '-y', 'pkg', '--flag', '--', 'x y'), /^Added "mine" to .*servers\.json\. Its tools wait/);
    assert.match(await ok('upstream', 'add', '--url', 'https://mcp.linear.app/sse'), /^Added "linear"/);
    assert.match(await ok('upstream', 'add', '--url', 'https://mcp.linear.app/mcp'), /^Added "linear-2"/);
    assert.deepEqual(JSON.parse(await readUserServers(place)), {
      servers: {
        mine: { type: 'stdio', command: 'npx', args: ['-y', 'pkg', '--flag', '--', 'x y'] },
        linear: { type: 'sse', url: 'https://mcp.linear.app/sse' },
        'linear-2': { type: 'http', url: 'https://mcp.linear.app/mcp' },
      },
    });
    if (process.platform !== 'win32') assert.equal((await stat(join(place.data, 'servers.json'))).mode & 0o777, 0o600);
    assert.deepEqual((await listed()).map(({ name, state, launch }) => [name, state, launch.approved]), [['mine', 'approved', true], ['linear', 'approved', true], ['linear-2', 'approved', true]]);
  });

  it('refuses a name in use', async () => {
    await ok('upstream', 'add', '--name', 'a', '--url', 'https://x');
    const { code, stderr } = await vestibule('upstream', 'add', '--name', 'a', '--url', 'https://y');
    assert.equal(code, 3);
    assert.match(stderr, /There is a server named "a" already/);
  });

  it('an entry that arrives by file waits, and so does one whose launch is edited', async () => {
    await place.servers({ servers: { theirs: { command: 'touch', args: ['x'] } } });
    await ok('upstream', 'add', '--name', 'mine', '--', 'one');
    await userServers(place, (await readUserServers(place)).replace('"one"', '"two"'));
    assert.deepEqual((await listed()).map(({ name, origin, state }) => [name, origin, state]), [['mine', 'user', 'quarantined'], ['theirs', 'workspace', 'quarantined']]);
    assert.match(await ok('upstream', 'list'), /^NAME +FROM +STATE +TOOLS +LAUNCH\nmine +user +quarantined +- +two\ntheirs +workspace +quarantined +- +touch x\n$/);
  });

  it('switches off and on where the entry stands, leaving everything else as it was', async () => {
    const text = '{\n  // mine\n  "servers": {\n    "a": { "command": "x" }, // keep\n  },\n  "later": [1,2]\n}\n';
    await place.servers(text);
    await ok('upstream', 'disable', '--name', 'a');
    const file = join(place.workspace, '.vscode', 'vestibule.json');
    assert.equal(await readFile(file, 'utf8'), text.replace('"x" }', '"x", "enabled": false }'));
    assert.equal((await listed())[0]?.state, 'disabled');
    await ok('upstream', 'enable', '--name', 'a');
    assert.equal(await readFile(file, 'utf8'), text);
  });

  it('reads TOML and YAML, and edits neither', async () => {
    const [toml, yaml] = [join(place.workspace, 'more.toml'), join(place.workspace, 'more.yaml')];
    await writeFile(toml, '# mine\n[servers.a]\ncommand = "x"\n');
    await writeFile(yaml, 'servers:\n  b: { command: y }\n');
    const all = JSON.parse(await ok('upstream', 'list', '--json', '--config', toml, '--config', yaml)) as Listed[];
    assert.deepEqual(all.map(({ name, origin, launch }) => [name, origin, launch.argv]), [['a', 'user', ['x']], ['b', 'user', ['y']]]);
    const { code, stderr } = await vestibule('upstream', 'disable', '--name', 'b', '--config', toml, '--config', yaml);
    assert.notEqual(code, 0);
    assert.match(stderr, /more\.yaml:2:\d+.*Commands edit no TOML or YAML.*\n?.*Change it yourself/s);
    await writeFile(yaml, 'servers: [\n');
    const broken = await vestibule('serve', '--config', yaml);
    assert.equal(broken.code, 3);
    assert.match(broken.stderr, /more\.yaml:\d+:\d+.*This is not YAML/);
  });

  it('removes an entry and the approval of its launch with it', async () => {
    await ok('upstream', 'add', '--name', 'a', '--', 'x');
    const before = await readUserServers(place);
    await ok('upstream', 'remove', '--name', 'a');
    assert.deepEqual(await listed(), []);
    await userServers(place, before);
    assert.equal((await listed())[0]?.state, 'quarantined');
  });

  it('removes an entry that cannot be used, and tells of it in the list', async () => {
    await userServers(place, '{\n  "servers": { "bad": { "command": 5 }, "good": { "url": "https://x" } }\n}');
    const { stdout, stderr, code } = await vestibule('upstream', 'list');
    assert.equal(code, 0);
    assert.match(stdout, /^NAME.*\ngood /);
    assert.match(stderr, /servers\.json:2:36: "command" must be a text, not a number\. Put it in double quotes: "5"\./);
    assert.match((await vestibule('upstream', 'restart', '--name', 'bad')).stderr, /servers\.json:2:36: "command" must be a text/);
    await ok('upstream', 'remove', '--name', 'bad');
    assert.equal((await vestibule('upstream', 'list')).stderr, '');
  });

  it('does not edit a broken file, and names the place', async () => {
    await userServers(place, '{ "servers": { "a": {},, } }');
    const { code, stderr } = await vestibule('upstream', 'add', '--name', 'b', '--', 'x');
    assert.equal(code, 3);
    assert.match(stderr, /servers\.json:1:24: The servers file cannot be edited/);
    assert.equal(await readUserServers(place), '{ "servers": { "a": {},, } }');
  });

  it('says that there is no such server', async () => {
    for (const command of ['remove', 'enable', 'disable', 'restart', 'logs', 'approve']) {
      const { code, stderr } = await vestibule('upstream', command, '--name', 'nope');
      assert.equal(code, 1, command);
      assert.match(stderr, /There is no server named "nope"/);
    }
  });

  it('asks nobody to restart when nobody serves, and leaves nothing behind', async () => {
    await ok('upstream', 'add', '--name', 'a', '--', 'x');
    const { code, stderr } = await vestibule('upstream', 'restart', '--name', 'a');
    assert.equal(code, 1);
    assert.match(stderr, /No serve is running on this data folder/);
    assert.doesNotMatch(await readFile(join(place.data, 'control.json'), 'utf8'), /"a"/);
  });

  it('prints the end of a log with everything invisible spelled out', async () => {
    await ok('upstream', 'add', '--name', 'a', '--', 'x');
    assert.match(await ok('upstream', 'logs', '--name', 'a'), /Nothing was logged yet/);
    const file = logFileOf(join(place.data, 'logs'), 'a');
    await mkdir(join(place.data, 'logs'), { recursive: true });
    const line = (at: number, text: string): string => `${JSON.stringify({ at, server: 'a', source: 'stderr', text })}\n`;
    await writeFile(`${file}.1`, line(1, 'older'));
    await writeFile(file, `${line(2, 'red \u001B[31m \u202Eevil\nTIME  forged')}not a line\n${line(3, 'newer')}{"half`);
    assert.equal(
      await ok('upstream', 'logs', '--name', 'a'),
      '1970-01-01T00:00:00.001Z  stderr        older\n1970-01-01T00:00:00.002Z  stderr        red \\u{001B}[31m \\u{202E}evil\\nTIME  forged\n1970-01-01T00:00:00.003Z  stderr        newer\n',
    );
    const json = JSON.parse(await ok('upstream', 'logs', '--name', 'a', '--lines', '2', '--json')) as { text: string }[];
    assert.deepEqual(json.map(({ text }) => text), ['red \u001B[31m \u202Eevil\nTIME  forged', 'newer']);
  });

  it('a name cannot reach the terminal unescaped', async () => {
    await place.servers({ servers: { 'a\u202Eb': { command: '\u001B[2J' } } });
    const stdout = await ok('upstream', 'list');
    assert.ok(stdout.includes('a\\u{202E}b') && stdout.includes('\\u{001B}[2J'));
    for (const hidden of ['\u001B', '\u202E']) assert.ok(!stdout.includes(hidden));
  });
});
