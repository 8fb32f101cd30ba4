import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UpstreamSnapshot } from '../../proxy/api.ts';
import { VestibuleError } from '../../proxy/errors.ts';
import type { Gateway } from '../../proxy/gateway.ts';
import { visible } from '../../proxy/json/visible.ts';
import type { GatewayOptions } from '../../proxy/options.ts';
import { scanLaunch } from '../../proxy/scanner/launch.ts';
import { failureOf } from '../../proxy/upstream/failure.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, JSON_OPTION, type Command } from '../command.ts';
import { recordDecisions } from '../decisions.ts';
import { EXIT } from '../exit-code.ts';
import { findingLines } from '../findings.ts';
import { commonOptions } from '../gateway-options.ts';
import { placesOf } from '../places.ts';
import { printJson, printLine, printNote } from '../print.ts';
import { launchInLine } from '../quarantine/launch-lines.ts';
import { readConfig, titleOf, upstreamNamed } from '../state.ts';
import { acceptProposed } from './proposed.ts';
import { waitingOf } from './waiting.ts';

export const upstreamApprove: Command = {
  name: 'upstream approve',
  summary: 'Approves the launch of a server and, by connecting to it, every tool it has now. Later changes still wait.',
  options: { ...COMMON_OPTIONS, ...CONFIG_OPTION, ...JSON_OPTION, name: { value: 'NAME', help: 'Its name.' } },
  async run(args) {
    const places = placesOf(args);
    const name = args.required('name');
    const proposed = await acceptProposed(places, name);
    if (proposed !== undefined) {
      if (args.has('json')) printJson({ name, added: true, entry: proposed.entry });
      else printLine(`Added "${visible(name)}", as ${visible(proposed.agent)} proposed it, and approved its launch. Its tools wait: run this command again to approve those it has.`);
      return EXIT.ok;
    }
    if (!upstreamNamed(await readConfig(places), name).enabled) {
      throw new VestibuleError('not-found', `The server "${name}" is switched off.`, { action: `Enable it first: vestibule upstream enable --name …` });
    }
    const { createGateway } = await import('../../proxy/gateway.ts');
    // A running `serve` writes the journal of this data folder; what is decided here is recorded by recordDecisions.
    const scratch = await mkdtemp(join(tmpdir(), 'vestibule-approve-'));
    let gateway: Gateway | undefined;
    try {
      gateway = await createGateway({ ...commonOptions(places), logDir: scratch, token: undefined, log: noteErrors });
      const { launch } = snapshotOf(gateway, name);
      await gateway.approveLaunch(name, launch.fingerprint);
      await recordDecisions(places.data, [{ action: 'approve-launch', server: name, subject: '', digest: launch.fingerprint }]);
      await connect(gateway, name);
      const refs = waitingOf(snapshotOf(gateway, name));
      if (refs.length > 0) await gateway.approve(refs);
      await recordDecisions(places.data, refs.map(({ server, name: subject, digest }) => ({ action: 'approve', server, subject, digest })));
      const { tools, held } = snapshotOf(gateway, name);
      for (const line of findingLines(scanLaunch(launch.argv))) printNote(line);
      if (args.has('json')) printJson({ name, launch: launch.fingerprint, approved: refs, held });
      else {
        printLine(`Approved the launch of "${visible(name)}": ${visible(launchInLine(launch))}`);
        printLine(`Approved ${refs.filter(({ kind }) => kind === 'tool').length} tools; it has ${tools.length}.`);
        for (const ref of refs.filter(({ kind }) => kind !== 'tool')) printLine(`Approved ${visible(titleOf(ref))}.`);
        for (const { name: tool, problem, fix } of held) printNote(visible(`Held: ${tool ?? 'a tool without a name'}: ${problem} ${fix}`));
      }
      return EXIT.ok;
    } finally {
      await gateway?.dispose();
      await rm(scratch, { recursive: true, force: true });
    }
  },
};

async function connect(gateway: Gateway, name: string): Promise<void> {
  try {
    await gateway.refresh(name);
  } catch (error) {
    for (const line of failureOf(error).evidence) printNote(`  ${visible(line)}`);
    throw error;
  }
}

const noteErrors: GatewayOptions['log'] = (level, message) => {
  if (level === 'error') printNote(visible(message));
};

function snapshotOf(gateway: Gateway, name: string): UpstreamSnapshot {
  const found = gateway.snapshot().upstreams.find((upstream) => upstream.name === name);
  if (found !== undefined) return found;
  throw new VestibuleError('not-found', `The server "${name}" was removed meanwhile.`, { action: 'vestibule upstream list shows the names.' });
}
