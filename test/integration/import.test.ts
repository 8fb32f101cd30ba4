import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, lstat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Machine } from '../../src/proxy/clients/client-files.ts';
import { applyImport } from '../../src/proxy/import/apply.ts';
import { isOwnEntry } from '../../src/proxy/import/describe.ts';
import { findServers } from '../../src/proxy/import/find.ts';
import { removeOriginals } from '../../src/proxy/import/originals.ts';
import { planImport } from '../../src/proxy/import/plan.ts';
import { run } from '../fixtures/cli.ts';

// Of no service: the form of such keys is what is recognised.
const KEY = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';

const CURSOR = `{
  // what I use daily
  "mcpServers": {
    "github": { "command": "npx", "args": ["-y", "gh@1.2.3"], "env": { "GITHUB_TOKEN": "${KEY}" } }, // mine
    "docs": { "url": "https://docs.example/mcp" },
  },
  "other": [1, 2]
}
`;
const CODEX = '[mcp_servers.search]\nurl = "https://s.example/mcp"\nbearer_token_env_var = "SEARCH"\n';

describe('importing servers of other clients', { timeout: 120_000 }, () => {
  let root: string;
  let home: string;
  let workspace: string;
  let machine: Machine;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'vestibule-import-'));
    home = join(root, 'home');
    workspace = join(root, 'project');
    machine = { platform: 'linux', env: {}, home };
    await mkdir(workspace, { recursive: true });
  });

  afterEach(() => rm(root, { recursive: true, force: true }));

  async function write(path: string, text: string): Promise<string> {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    return path;
  }

  it('finds them in every format, and tells files that are broken', async () => {
    await write(join(home, '.cursor/mcp.json'), CURSOR);
    await write(join(home, '.codex/config.toml'), CODEX);
    await write(join(home, '.claude.json'), JSON.stringify({ mcpServers: { a: { command: 'a' } }, projects: { [workspace]: { mcpServers: { b: { command: 'b' } } }, '/elsewhere': { mcpServers: { c: { command: 'c' } } } }, history: 'x'.repeat(2_000_000) }));
    await write(join(workspace, '.vscode/mcp.json'), '{"servers":{"here":{"command":"here"}},"inputs":[{"id":"x"}]}');
    await write(join(home, '.gemini/settings.json'), '{"mcpServers": {');
    await write(join(home, '.codeium/windsurf/mcp_config.json'), '[]');
    const { servers, files, problems } = await findServers({ machine, workspaceFolder: workspace });
    assert.deepEqual(servers.map(({ client, name }) => `${client} ${name}`).sort(), ['claude-code a', 'claude-code b', 'codex search', 'cursor docs', 'cursor github', 'vscode here']);
    assert.equal(files.length, 5);
    assert.deepEqual(problems.map(({ reason, at }) => [reason, at?.file, at?.line]), [['bad-config', join(home, '.gemini/settings.json'), 1]]);
  });

  it('reads what it is asked for alone, and nothing twice', async () => {
    const file = await write(join(home, '.cursor/mcp.json'), CURSOR);
    await write(join(home, '.codex/config.toml'), CODEX);
    const more = [{ client: 'cursor', path: file, scope: 'user', format: 'json', member: ['mcpServers'] }] as const;
    const { servers } = await findServers({ machine, workspaceFolder: undefined, clients: ['cursor'], more });
    assert.deepEqual(servers.map(({ name }) => name), ['github', 'docs']);
  });

  it('writes entries with references, and values to the store', async () => {
    await write(join(home, '.cursor/mcp.json'), CURSOR);
    const { servers } = planImport((await findServers({ machine, workspaceFolder: workspace })).servers, { there: [], isOwn: isOwnEntry, platform: machine.platform });
    const file = join(root, 'servers.json');
    const stored = new Map<string, string>();
    await applyImport(servers, file, { set: (key, value) => Promise.resolve(void stored.set(key, value)) });
    const text = await readFile(file, 'utf8');
    assert.ok(!text.includes(KEY));
    assert.deepEqual(JSON.parse(text), { servers: { github: { command: 'npx', args: ['-y', 'gh@1.2.3'], env: { GITHUB_TOKEN: '${secret:github.env.GITHUB_TOKEN}' } }, docs: { url: 'https://docs.example/mcp' } } });
    assert.deepEqual([...stored], [['secret/github.env.GITHUB_TOKEN', KEY]]);
  });

  it('takes originals out of their files and puts them back, byte for byte', async () => {
    const file = await write(join(home, '.cursor/mcp.json'), CURSOR);
    const linked = join(home, '.gemini/settings.json');
    const target = await write(join(root, 'dotfiles/gemini.json'), '{"mcpServers":{"g":{"command":"g"}},"theme":"x"}');
    await mkdir(dirname(linked), { recursive: true });
    await symlink(target, linked);
    await write(join(home, '.codex/config.toml'), CODEX);
    const { servers } = await findServers({ machine, workspaceFolder: undefined });
    const change = await removeOriginals(servers);
    assert.deepEqual(change.removed.map(({ name }) => name).sort(), ['docs', 'g', 'github']);
    assert.match(change.problems[0]?.action ?? '', /\[mcp_servers\.search\]/);
    assert.match(await readFile(file, 'utf8'), /what I use daily[\s\S]*"other": \[1, 2\]/);
    assert.doesNotMatch(await readFile(file, 'utf8'), /github|docs/);
    assert.ok((await lstat(linked)).isSymbolicLink());
    await change.undo();
    assert.equal(await readFile(file, 'utf8'), CURSOR);
    assert.equal(await readFile(target, 'utf8'), '{"mcpServers":{"g":{"command":"g"}},"theme":"x"}');
  });

  it('leaves a file alone that somebody changed since', async () => {
    const file = await write(join(home, '.cursor/mcp.json'), CURSOR);
    const change = await removeOriginals((await findServers({ machine, workspaceFolder: undefined })).servers);
    await writeFile(file, '{}');
    await assert.rejects(change.undo(), /was changed meanwhile/);
    assert.equal(await readFile(file, 'utf8'), '{}');
  });

  it('works from the command line: shows, writes, and starts nothing', async () => {
    await write(join(home, '.cursor/mcp.json'), CURSOR);
    const env = { HOME: home, XDG_CONFIG_HOME: join(home, '.config') };
    const args = ['--data', join(root, 'data'), '--workspace', workspace];
    const dry = await run(['import', '--dry-run', '--json', ...args], env);
    const shown = JSON.parse(dry.stdout) as { imported: boolean; servers: { name: string; secrets: { variable: string }[] }[] };
    assert.deepEqual([dry.code, shown.imported, shown.servers.map(({ name }) => name)], [0, false, ['github', 'docs']]);
    assert.deepEqual(shown.servers[0]?.secrets.map(({ variable }) => variable), ['VESTIBULE_SECRET_GITHUB_ENV_GITHUB_TOKEN']);
    const real = await run(['import', '--from', 'cursor', ...args], env);
    assert.equal(real.code, 0, real.stderr);
    assert.match(real.stdout, /Added 2 to/);
    for (const text of [dry.stdout, dry.stderr, real.stdout, real.stderr]) assert.ok(!text.includes(KEY));
    const waiting = JSON.parse((await run(['quarantine', 'list', '--json', ...args], env)).stdout) as unknown;
    assert.match(JSON.stringify(waiting), /github/);
    assert.match((await run(['import', ...args], env)).stdout, /nothing to import/i);
    assert.equal((await run(['import', '--from', 'emacs', ...args], env)).code, 2);
  });
});
