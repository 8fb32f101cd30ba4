import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../proxy/errors.ts';
import type { Gateway } from '../../proxy/gateway.ts';
import { visible } from '../../proxy/json/visible.ts';
import { compareWithLock, type LockDifference } from '../../proxy/quarantine/lockfile/compare-lock.ts';
import type { LockedServer } from '../../proxy/quarantine/lockfile/lock-format.ts';
import { COMMON_OPTIONS, JSON_OPTION, type Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { commonOptions } from '../gateway-options.ts';
import { placesOf } from '../places.ts';
import { printJson, printLine, printNote } from '../print.ts';
import { readLock } from './lock-file.ts';

/** One line of the report. */
interface Finding {
  readonly server: string;
  readonly kind: LockDifference['kind'] | 'gone' | 'disabled' | 'launch' | 'failed' | 'unlocked-server';
  readonly tool: string | undefined;
  readonly detail?: string;
}

/** What a lock still holds with: nothing that was shared is another. */
const HARMLESS: readonly Finding['kind'][] = ['unlocked', 'unlocked-server', 'disabled'];

export const quarantineVerify: Command = {
  name: 'quarantine verify',
  summary: "Starts the workspace's servers as locked, and ends with 1 when one is not what .vscode/vestibule.lock.json says.",
  options: { ...COMMON_OPTIONS, ...JSON_OPTION },
  async run(args) {
    const places = placesOf(args);
    const lock = await readLock(places);
    const { createGateway } = await import('../../proxy/gateway.ts');
    // The lock alone counts here: neither the person's own servers nor what they approved.
    const scratch = await mkdtemp(join(tmpdir(), 'vestibule-verify-'));
    let gateway: Gateway | undefined;
    try {
      gateway = await createGateway({ ...commonOptions(places), dataDir: scratch, token: undefined, log: (level, message) => level === 'error' && printNote(visible(message)) });
      const findings: Finding[] = [];
      for (const [server, locked] of lock) findings.push(...(await verifyServer(gateway, server, locked)));
      for (const { name, config } of gateway.snapshot().upstreams) {
        if (config.origin === 'workspace' && !lock.has(name)) findings.push({ server: name, kind: 'unlocked-server', tool: undefined });
      }
      const broken = findings.filter(({ kind }) => !HARMLESS.includes(kind));
      if (args.has('json')) printJson({ ok: broken.length === 0, findings });
      else {
        for (const finding of findings) printLine(`${HARMLESS.includes(finding.kind) ? 'note' : 'differs'}  ${describe(finding)}`);
        printLine(broken.length === 0 ? 'The servers match the lock file.' : `Differences from the lock file: ${broken.length}.`);
      }
      return broken.length === 0 ? EXIT.ok : EXIT.refused;
    } finally {
      await gateway?.dispose();
      await rm(scratch, { recursive: true, force: true });
    }
  },
};

/** Nothing is started but a launch that the lock names. */
async function verifyServer(gateway: Gateway, server: string, locked: LockedServer): Promise<readonly Finding[]> {
  const find = () => gateway.snapshot().upstreams.find(({ name, config }) => name === server && config.origin === 'workspace');
  const found = find();
  if (found === undefined) return [{ server, kind: 'gone', tool: undefined }];
  if (found.launch.fingerprint !== locked.fingerprint) return [{ server, kind: 'launch', tool: undefined }];
  if (!found.config.enabled) return [{ server, kind: 'disabled', tool: undefined }];
  try {
    await gateway.approveLaunch(server, locked.fingerprint);
    await gateway.refresh(server);
  } catch (error) {
    return [{ server, kind: 'failed', tool: undefined, detail: messageOf(error) }];
  }
  const { instructions, tools = [] } = find() ?? {};
  return compareWithLock(locked, { instructions: instructions?.digest, tools: new Map(tools.map(({ name, digest }) => [name, digest])) }).map((difference) => ({ server, ...difference }));
}

function describe({ server, kind, tool, detail }: Finding): string {
  const name = visible(server);
  const what = tool === undefined ? `the instructions of ${name}` : visible(`${server}:${tool}`);
  switch (kind) {
    case 'gone':
      return `${name} is not in the servers file of the workspace`;
    case 'disabled':
      return `${name} is switched off and was not compared`;
    case 'launch':
      return `the launch of ${name} is another; it was not started`;
    case 'failed':
      return `${name} could not be listed: ${visible(detail ?? '')}`;
    case 'unlocked-server':
      return `${name} is not in the lock file and was not started`;
    case 'missing':
      return `${what}: gone`;
    case 'changed':
      return `${what}: changed`;
    case 'unlocked':
      return `${what}: not in the lock file`;
  }
}
