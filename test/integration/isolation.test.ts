/* Servers that are kept apart from the machine: with an engine that notes what it is told, and bubblewrap where it works. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startRelayRig, stdioPeer } from '../fixtures/relay/rig.ts';

const PEER = stdioPeer() as { readonly command: string; readonly args: readonly string[] };

const bubblewrap = process.platform === 'linux' && spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', 'true']).status === 0;

describe('a server in a container', { timeout: 120_000, skip: process.platform === 'win32' && 'the engine of this test is a script' }, () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vestibule-engine-'));
    // An engine that writes down its arguments and variables, and runs the program as it is.
    const engine = `#!${process.execPath}
const { appendFileSync } = require('node:fs');
const { spawn } = require('node:child_process');
const argv = process.argv.slice(2);
appendFileSync(${JSON.stringify(join(folder, 'told'))}, JSON.stringify({ argv, secret: process.env.SECRET }) + '\\n');
const at = argv.indexOf('--entrypoint');
spawn(argv[at + 1], argv.slice(at + 3), { stdio: 'inherit' }).on('exit', (code) => process.exit(code ?? 1));
`;
    await writeFile(join(folder, 'docker'), engine);
    await chmod(join(folder, 'docker'), 0o755);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('is started by exactly the vector that was shown, answers calls, and waits anew when its isolation changes', async () => {
    const server = { ...PEER, env: { PATH: `${folder}:${process.env['PATH'] ?? ''}`, SECRET: 'very-secret-value' }, isolation: { kind: 'container', image: 'node:24-slim' } };
    await using rig = await startRelayRig({ box: server });
    const agent = rig.legacy();
    await agent.open();
    const answer = await agent.request('tools/call', { name: 'box_echo', arguments: { text: 'hi' } });
    assert.equal(answer.result?.['isError'], undefined);
    const [first] = (await readFile(join(folder, 'told'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as { argv: string[]; secret: string });
    const { launch } = rig.gateway.snapshot().upstreams[0] ?? assert.fail();
    assert.deepEqual(['docker', ...(first?.argv ?? [])], launch.isolated);
    assert.equal(first?.secret, 'very-secret-value', 'values come by the environment');
    assert.ok(!JSON.stringify(first.argv).includes('very-secret-value'));
    assert.match(launch.isolation ?? '', /^container \(docker, node:24-slim\), no network/);

    await rig.configure({ servers: { box: { ...server, isolation: { kind: 'container', image: 'node:24-slim', network: true } } } });
    await rig.until((gateway) => gateway.snapshot().upstreams[0]?.launch.approved === false);
    const held = await agent.request('tools/call', { name: 'box_echo', arguments: {} });
    assert.equal(held.error !== undefined || held.result?.['isError'] === true, true, 'nothing of it runs meanwhile');
  });

  it('does not run at all without the engine', async () => {
    await using rig = await startRelayRig({ box: { ...PEER, env: { PATH: '/nonexistent' }, isolation: { kind: 'container', engine: 'podman', image: 'node:24-slim' } } });
    await rig.until((gateway) => gateway.snapshot().upstreams[0]?.state.kind === 'failed');
    const { state } = rig.gateway.snapshot().upstreams[0] ?? assert.fail();
    assert.ok(state.kind === 'failed' && state.error.reason === 'command-not-found' && /podman/.test(state.error.message), JSON.stringify(state));
  });
});

describe('a server behind bubblewrap', { timeout: 120_000, skip: !bubblewrap && 'no bubblewrap that works on this machine' }, () => {
  it('runs, and can neither write, nor read the home folder, nor reach the network', async () => {
    const secret = join(homedir(), `.vestibule-isolation-test-${process.pid}`);
    await writeFile(secret, 'private');
    const probe = await mkdtemp(join(tmpdir(), 'vestibule-probe-'));
    try {
      // The answers of a server that tries it.
      const server = `
const fs = require('node:fs'), net = require('node:net');
const attempt = (run) => { try { run(); return 'done'; } catch (error) { return error.code; } };
const found = { read: attempt(() => fs.readFileSync(${JSON.stringify(secret)})), write: attempt(() => fs.writeFileSync(${JSON.stringify(join(probe, 'written-by-a-server'))}, 'x')), temporary: attempt(() => fs.writeFileSync('/tmp/x', 'x')), mounted: attempt(() => fs.readFileSync(process.argv[1])) };
const reply = (id, result) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line);
  if (method === 'initialize') reply(id, { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'p', version: '1' } });
  else if (method === 'tools/list') reply(id, { tools: [{ name: 'look', inputSchema: { type: 'object' } }] });
  else if (method === 'tools/call') net.connect(9, '203.0.113.1').on('error', (error) => reply(id, { content: [{ type: 'text', text: JSON.stringify({ ...found, network: error.code }) }] }));
  else if (id !== undefined) process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: 'no' } }) + '\\n');
});`;
      const script = join(probe, 'probe.cjs');
      await writeFile(script, server);
      await using rig = await startRelayRig({ box: { command: process.execPath, args: [script], isolation: { kind: 'sandbox', mounts: [probe, dirname(process.execPath)] } } });
      const agent = rig.legacy();
      await agent.open();
      const { result } = await agent.request('tools/call', { name: 'box_look', arguments: {} });
      const [{ text = '' } = {}] = (result?.['content'] ?? []) as { text?: string }[];
      assert.deepEqual(JSON.parse(text), { read: 'ENOENT', write: 'EROFS', temporary: 'done', mounted: 'done', network: 'ENETUNREACH' });
    } finally {
      await rm(secret, { force: true });
      await rm(probe, { recursive: true, force: true });
    }
  });
});
