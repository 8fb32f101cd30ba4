import { visible } from '../../proxy/json/visible.ts';
import type { GatewaySnapshot, UpstreamSnapshot } from '../../proxy/api.ts';
import type { LockDifference } from '../../proxy/quarantine/lockfile/compare-lock.ts';
import type { LockedServerReport } from '../../proxy/quarantine/lockfile/describe-lock.ts';
import { oneLine, plural } from '../text.ts';
import type { Confirmation } from './confirmation.ts';
import { launchFacts, launchLine } from './launch.ts';

const MAX_DETAIL = 1500;

/** Everything a lock file would approve and how the servers differ from it, as a read-only document. */
export function lockDocument({ lock, upstreams }: GatewaySnapshot): string {
  return [
    `What ${visible(lock.path ?? 'the lock file')} would approve`,
    '',
    'It counts for servers of this workspace only, at exactly this content, and never against your own decisions.',
    ...lock.servers.flatMap((server) => ['', ...serverLines(server, find(upstreams, server))]),
    '',
  ].join('\n');
}

/** Asks to accept a lock file; the document with everything is open behind the question. */
export function confirmLock({ lock, upstreams }: GatewaySnapshot): Confirmation {
  const launches = lock.servers.flatMap((server) => (server.launch === 'same' ? launchLines(find(upstreams, server)) : []));
  const tools = lock.servers.reduce((sum, server) => sum + server.tools.length, 0);
  const differing = lock.servers.reduce((sum, { differences = [] }) => sum + differences.filter(({ kind }) => kind === 'changed' || kind === 'missing').length, 0);
  const summary = [
    `It approves ${plural(tools, 'tool')} of ${plural(lock.servers.length, 'server')}, each at the digest it names.`,
    ...(differing === 0 ? [] : [`${plural(differing, 'definition')} ${differing === 1 ? 'differs from it here and waits' : 'differ from it here and wait'} for you.`]),
  ].join(' ');
  const whole = [summary, ...(launches.length === 0 ? [] : ['These commands may then run on your machine, or addresses be connected to:', ...launches])].join('\n\n');
  return {
    message: 'Accept the approvals that this workspace shares?',
    detail: whole.length <= MAX_DETAIL ? whole : `${summary}\n\n${plural(launches.length, 'launch', 'launches')} too long for this dialog. The document behind it shows all of them.`,
    yes: 'Accept',
    needsDocument: true,
  };
}

/** Fingerprints of the launches that both show: a lock file approves no others. */
export function shownLaunches({ lock, upstreams }: GatewaySnapshot): readonly UpstreamSnapshot['launch']['fingerprint'][] {
  return lock.servers.filter((server) => server.launch === 'same' && find(upstreams, server) !== undefined).map(({ fingerprint }) => fingerprint);
}

function find(upstreams: readonly UpstreamSnapshot[], { server }: LockedServerReport): UpstreamSnapshot | undefined {
  return upstreams.find(({ name, config }) => name === server && config.origin === 'workspace');
}

function serverLines(report: LockedServerReport, upstream: UpstreamSnapshot | undefined): readonly string[] {
  return [
    `Server ${visible(report.server)}`,
    ...(report.launch === 'same' ? launchLines(upstream).map((line) => `  ${line}`) : [report.launch === 'absent' ? '  Not among the servers of this workspace: nothing of it counts.' : '  Its launch is another than the lock file names, and waits for you.']),
    ...(report.instructions ? ['  Server instructions'] : []),
    ...report.tools.map((tool) => `  Tool ${visible(tool)}${note(report.differences?.find((difference) => difference.tool === tool))}`),
    ...(report.differences === undefined ? ['  Never listed here: its definitions are compared with the lock file when it starts.'] : []),
    ...(report.differences ?? []).filter(({ kind }) => kind === 'unlocked').map(({ tool }) => `  Not in the lock file, waits for you: ${tool === undefined ? 'server instructions' : visible(tool)}`),
    ...(report.differences?.some(({ tool, kind }) => tool === undefined && kind !== 'unlocked') === true ? ['  The server instructions are others here, and wait for you.'] : []),
  ];
}

function note(difference: LockDifference | undefined): string {
  if (difference === undefined) return '';
  return difference.kind === 'missing' ? ' — not offered here' : ' — another definition here: waits for you';
}

function launchLines(upstream: UpstreamSnapshot | undefined): readonly string[] {
  if (upstream === undefined) return [];
  const act = upstream.launch.argv === undefined ? 'Connects to' : 'Runs';
  return [`${oneLine(upstream.name, 60)}: ${act} ${launchLine(upstream.launch)}`, ...launchFacts(upstream.launch).map(([label, value]) => `${label}: ${value}`)];
}
