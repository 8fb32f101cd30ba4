import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { inPlace, run } from '../fixtures/cli.ts';
import { makePlace, serve, TestAgent, type Place } from '../fixtures/serve.ts';

describe('vestibule agent connect', { timeout: 180_000 }, () => {
  let place: Place;
  let home: string;
  let url = 'none yet';
  let claude: string;

  const connect = (...args: string[]) => run(inPlace(place, ['agent', 'connect', ...args]), { HOME: home, USERPROFILE: home, XDG_CONFIG_HOME: '', CLAUDE_CONFIG_DIR: '', CODEX_HOME: '' });

  before(async () => {
    place = await makePlace();
    home = join(place.data, '..', 'home');
    await mkdir(join(home, '.codex'), { recursive: true });
    claude = join(home, '.claude.json');
    await writeFile(claude, '{\n  "numStartups": 3\n}\n');
  });
  after(() => place.dispose());

  it('lists what can be connected, and what is found first', async () => {
    const { stdout } = await connect('--list');
    assert.match(stdout, /^CLIENT.*\nclaude-code +Claude Code +found +\S+\.claude\.json\ncodex +Codex +found/);
    assert.equal((await connect()).code, 2);
  });

  it('needs to know where the gateway is', async () => {
    const { code, stderr } = await connect('--client', 'claude-code');
    assert.equal(code, 2);
    assert.match(stderr, /No gateway has listened for this workspace yet.*vestibule serve/s);
  });

  it('comes back to the port it had, so that what agents were told stays true', async () => {
    // Another process may take the port in between: it is enough that it comes back to it once.
    let before = '';
    for (let tries = 0; tries < 5 && url !== before; tries++) {
      const serving = await serve(place);
      [before, url] = [url, serving.url];
      await serving.stop();
    }
    assert.equal(url, before);
  });

  it('shows the edit first, then makes it, and the token opens the door', async () => {
    const first = await serve(place);
    ({ url } = first);
    const dry = await connect('--client', 'claude-code', '--dry-run');
    assert.match(dry.stdout, /Claude Code: .*\.claude\.json\n {2}\{\n.*\+ .*"mcpServers": \{.*\+ .*"url": "http:\/\/127\.0\.0\.1:\d+\/mcp".*Nothing was changed\./s);
    assert.equal(await readFile(claude, 'utf8'), '{\n  "numStartups": 3\n}\n');
    const made = await connect('--client', 'claude-code', '--tier', 'read', '--expires', '30d');
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /Connected Claude Code as claude-code/);
    const written = JSON.parse(await readFile(claude, 'utf8')) as { numStartups: number; mcpServers: { vestibule: { type: string; url: string; headers: { Authorization: string } } } };
    const { vestibule } = written.mcpServers;
    assert.deepEqual([written.numStartups, vestibule.type, vestibule.url], [3, 'http', url]);
    const agent = new TestAgent({ url: vestibule.url, token: vestibule.headers.Authorization.replace('Bearer ', '') });
    assert.ok(await agent.initialize());
    const listed = await run(inPlace(place, ['agent', 'list', '--json']));
    assert.match(listed.stdout, /"name": "claude-code"[^]*"tier": "read"[^]*"expiresAt"/);
    await first.stop();
  });

  it('takes it out again, token and all', async () => {
    const { stdout } = await connect('--client', 'claude-code', '--undo');
    assert.match(stdout, /Revoked the token of claude-code\. .*exactly what it was before/);
    assert.equal(await readFile(claude, 'utf8'), '{\n  "numStartups": 3\n}\n');
    assert.match((await run(inPlace(place, ['agent', 'list']))).stdout, /No agent has a token/);
    assert.equal((await connect('--client', 'claude-code', '--undo')).code, 1);
  });

  it('writes a block of TOML, at an address that was given', async () => {
    const config = join(home, '.codex', 'config.toml');
    await writeFile(config, 'model = "m" # mine\n');
    assert.equal((await connect('--client', 'codex', '--url', 'http://127.0.0.1:9/mcp', '--name', 'cx')).code, 0);
    assert.match(await readFile(config, 'utf8'), /^model = "m" # mine\n\n# >>> vestibule.*\n\[mcp_servers\.vestibule\]\nurl = "http:\/\/127\.0\.0\.1:9\/mcp"\nhttp_headers = \{ "Authorization" = "Bearer vst_[\w-]{43}" \}\n# <<< vestibule\n$/);
    assert.match((await connect('--client', 'codex', '--undo', '--json')).stdout, /"outcome": "restored"/);
    assert.equal(await readFile(config, 'utf8'), 'model = "m" # mine\n');
  });

  it('says where a file is broken, writes nothing and makes no token', async () => {
    await writeFile(claude, '{\n  "a": 1,,\n}\n');
    const { code, stderr } = await connect('--client', 'claude-code', '--bridge');
    assert.equal(code, 3);
    assert.match(stderr, /\.claude\.json:2:\d+/);
    assert.match((await run(inPlace(place, ['agent', 'list']))).stdout, /No agent has a token/);
  });

  it('prints the entry for any other agent', async () => {
    const { stdout } = await connect('--client', 'generic', '--name', 'mine');
    const { vestibule } = JSON.parse(stdout) as { vestibule: { url: string; headers: Record<string, string> } };
    assert.equal(vestibule.url, url);
    assert.match(vestibule.headers['Authorization'] ?? '', /^Bearer vst_/);
    assert.equal(existsSync(join(home, '.cursor')), false);
  });
});
