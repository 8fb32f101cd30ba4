import { access, constants, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { resolveTransport } from '../proxy/config/variables.ts';
import type { UpstreamConfig, VariableScope } from '../proxy/config/types.ts';
import { messageOf, VestibuleError } from '../proxy/errors.ts';
import { verifyJournal } from '../proxy/journal/verify.ts';
import { visible } from '../proxy/json/visible.ts';
import { fingerprintOf } from '../proxy/quarantine/launch.ts';
import { hasCode } from '../proxy/storage/fs-error.ts';
import { childEnvironment } from '../proxy/upstream/stdio/environment.ts';
import { findCommand } from '../proxy/upstream/stdio/find-command.ts';
import { userPath } from '../proxy/upstream/stdio/user-path.ts';
import { createVariableScope } from '../proxy/variable-scope.ts';
import { journalFolder } from './calls.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, JSON_OPTION, type Command } from './command.ts';
import { EXIT } from './exit-code.ts';
import { commonOptions } from './gateway-options.ts';
import { placesOf, type Places } from './places.ts';
import { printJson, printLine } from './print.ts';
import { definitionsOf, openState, type State } from './state.ts';

/** One thing a person should look at. */
interface Finding {
  /** Stable; for searching and for programs. */
  readonly code: string;
  readonly level: 'error' | 'warning';
  readonly server?: string | undefined;
  readonly message: string;
  readonly fix: string;
}

export const doctor: Command = {
  name: 'doctor',
  summary: 'Looks for what keeps servers from working, without starting any. Ends with 1 when it finds an error.',
  options: { ...COMMON_OPTIONS, ...CONFIG_OPTION, ...JSON_OPTION },
  async run(args) {
    const places = placesOf(args);
    const findings = [...(await checkDataFolder(places)), ...(await checkJournal(places)), ...(await checkServers(places))];
    if (args.has('json')) printJson(findings);
    else if (findings.length === 0) printLine('Nothing is wrong.');
    else for (const { level, code, message, fix } of findings) printLine(`${level.padEnd(7)}  ${code}  ${visible(message)}\n         ${visible(fix)}`);
    return findings.some(({ level }) => level === 'error') ? EXIT.refused : EXIT.ok;
  },
};

async function checkDataFolder({ data }: Places): Promise<Finding[]> {
  try {
    const { mode } = await stat(data);
    await access(data, constants.R_OK | constants.W_OK);
    if (process.platform === 'win32' || (mode & 0o077) === 0) return [];
    return [{ code: 'data-folder-open', level: 'warning', message: `Other users of this machine may look into ${data}.`, fix: `Run: chmod 700 ${data}` }];
  } catch (error) {
    // It is made when it is first needed.
    if (hasCode(error, 'ENOENT')) return [];
    return [{ code: 'data-folder-unreadable', level: 'error', message: `The data folder cannot be used: ${messageOf(error)}`, fix: 'Give your user read and write permission, or choose another with --data.' }];
  }
}

async function checkJournal({ data }: Places): Promise<Finding[]> {
  const result = await verifyJournal(journalFolder(data));
  if (result.ok) return [];
  const { file, line, problem } = result.broken;
  return [{ code: 'journal-broken', level: 'error', message: `${file}:${line}: ${problem}`, fix: 'Records of calls were changed or lost. Find out by whom; move the journal folder away to start a new one.' }];
}

async function checkServers(places: Places): Promise<Finding[]> {
  const state = await openState(places);
  try {
    const problems = state.config.problems.map(({ severity, message, fix, at, server }): Finding => ({
      code: 'bad-config', level: severity, server, message: `${at === undefined ? '' : `${at.file}:${at.line}:${at.column}: `}${message}`, fix,
    }));
    const scope = createVariableScope({ ...commonOptions(places), token: undefined, log: () => undefined }, () => state.config);
    const enabled = state.config.upstreams.filter((upstream) => upstream.enabled);
    const checked = await Promise.all(enabled.map((upstream) => checkServer(state, upstream, scope)));
    return [...problems, ...checked.flat()];
  } finally {
    state.dispose();
  }
}

async function checkServer(state: State, upstream: UpstreamConfig, scope: VariableScope): Promise<Finding[]> {
  const { name: server } = upstream;
  if (!state.approvals.launchApproved(server, fingerprintOf(upstream))) {
    return [{ code: 'launch-not-approved', level: 'warning', server, message: `"${server}" does not start: its launch awaits approval.`, fix: `Look at it (vestibule quarantine show --server …), then: vestibule upstream approve --name …` }];
  }
  const waiting = definitionsOf(state, server).filter(({ status }) => status === 'pending' || status === 'changed').length;
  const held = state.catalog.server(server)?.held ?? [];
  return [
    ...(await checkLaunch(upstream, scope)),
    ...(waiting > 0 ? [{ code: 'awaiting-approval', level: 'warning', server, message: `${waiting} definitions of "${server}" await approval.`, fix: 'vestibule quarantine list shows them.' } as const] : []),
    ...held.map(({ name, problem, fix }): Finding => ({ code: 'held', level: 'warning', server, message: `"${name ?? 'A tool without a name'}" of "${server}" cannot be served: ${problem}`, fix })),
  ];
}

/** Resolves what a launch would resolve, up to the file that would run; nothing is started and nothing dialled. */
async function checkLaunch(upstream: UpstreamConfig, scope: VariableScope): Promise<Finding[]> {
  try {
    const transport = await resolveTransport(upstream, scope);
    if (transport.type === 'stdio') {
      const { platform } = process;
      const env = childEnvironment(process.env, transport.env, platform);
      await findCommand(transport.command, env, { platform, home: homedir(), inherited: process.env, userPath: () => userPath(platform) });
    }
    return [];
  } catch (error) {
    if (!VestibuleError.is(error)) throw error;
    return [{ code: error.reason, level: 'error', server: upstream.name, message: error.message, fix: error.action }];
  }
}
