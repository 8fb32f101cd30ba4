// Gateways from npm, for comparison: installed on demand, once, in .vscode-test/peers, at exact versions.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startGroup } from '../../scripts/editor/process-group.ts';
import { npm, root } from '../../scripts/lib/exec.mjs';
import type { Listening } from '../lib/program.ts';
import { freePort } from '../soak/probe.ts';
import { HttpCaller } from './http-caller.ts';

interface Peer {
  readonly name: string;
  readonly version: string;
  /** Program inside the package. */
  readonly program: string;
  /** True where one server process answers all clients, and not one each. */
  readonly oneServer: boolean;
  args(port: number, command: readonly string[]): readonly string[];
}

const PEERS: readonly Peer[] = [
  { name: 'mcp-proxy', version: '6.7.19', program: 'dist/bin/mcp-proxy.mjs', oneServer: true, args: (port, command) => ['--host', '127.0.0.1', '--port', String(port), '--', ...command] },
  { name: 'supergateway', version: '4.0.0', program: 'dist/index.js', oneServer: false, args: (port, command) => ['--stdio', command.join(' '), '--outputTransport', 'streamableHttp', '--stateful', '--port', String(port)] },
];

/** A gateway that answers. */
export interface RunningPeer extends Listening {
  readonly name: string;
  readonly oneServer: boolean;
}

/** Starts each peer in front of a server over stdio. */
export async function startPeers(command: readonly string[]): Promise<readonly RunningPeer[]> {
  const running: RunningPeer[] = [];
  for (const peer of PEERS) {
    const folder = path.join(root, '.vscode-test', 'peers', `${peer.name}-${peer.version}`);
    const program = path.join(folder, 'node_modules', peer.name, ...peer.program.split('/'));
    if (!existsSync(program)) {
      await mkdir(folder, { recursive: true });
      await writeFile(path.join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: { [peer.name]: peer.version } }));
      await npm(['install', '--prefix', folder, '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', '--no-package-lock'], { cwd: folder });
    }
    const port = await freePort();
    const group = startGroup(process.execPath, [program, ...peer.args(port, command)]);
    group.child.stdout?.resume();
    group.child.stderr?.resume();
    const url = `http://127.0.0.1:${port}/mcp`;
    await ready(url);
    running.push({ name: `${peer.name} ${peer.version}`, oneServer: peer.oneServer, url, pid: group.child.pid ?? 0, stop: () => group.end() });
  }
  return running;
}

/** Waits until a session can be opened. */
async function ready(url: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const caller = new HttpCaller(url);
    try {
      return await caller.initialize();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await delay(100);
    } finally {
      caller.close();
    }
  }
}
