import { access, constants, mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { inBatches } from '../proxy/batches.ts';
import type { UpstreamConfig } from '../proxy/config/types.ts';
import { resolveTransport } from '../proxy/config/variables.ts';
import { diagnosis } from '../proxy/diagnosis/diagnosis.ts';
import { diagnoseFiles, diagnoseRefusals, portTaken } from '../proxy/diagnosis/house.ts';
import { diagnoseServer } from '../proxy/diagnosis/server.ts';
import { tryServer, type Trial } from '../proxy/diagnosis/trial.ts';
import type { Diagnosis } from '../proxy/diagnosis/types.ts';
import { messageOf } from '../proxy/errors.ts';
import { DisposableStore } from '../proxy/events.ts';
import { queryJournal } from '../proxy/journal/query.ts';
import { verifyJournal } from '../proxy/journal/verify.ts';
import { visible } from '../proxy/json/visible.ts';
import { fingerprintOf } from '../proxy/quarantine/launch.ts';
import { Redactor } from '../proxy/redaction/redactor.ts';
import { hasCode } from '../proxy/storage/fs-error.ts';
import { failureOf } from '../proxy/upstream/failure.ts';
import { childEnvironment } from '../proxy/upstream/stdio/environment.ts';
import { findCommand } from '../proxy/upstream/stdio/find-command.ts';
import { userPath } from '../proxy/upstream/stdio/user-path.ts';
import { SignIns } from '../proxy/sign-ins.ts';
import { createVariableScope } from '../proxy/variable-scope.ts';
import type { Arguments } from './args.ts';
import { journalFolder } from './calls.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, JSON_OPTION, type Command } from './command.ts';
import { describeError, EXIT } from './exit-code.ts';
import { commonOptions } from './gateway-options.ts';
import { placesOf, type Places } from './places.ts';
import { printJson, printLine, printNote } from './print.ts';
import { definitionsOf, openState, type State } from './state.ts';
import { VERSION } from './version.ts';

/** Servers tried side by side. */
const AT_ONCE = 4;
const DEFAULT_SECONDS = 15;
const MAX_SECONDS = 300;
const DAY_MS = 24 * 60 * 60_000;
const MAX_REFUSED_READ = 1_000;

export const doctor: Command = {
  name: 'doctor',
  summary: 'Looks for what keeps servers from working, and tries each approved one. Ends with 1 when it finds an error.',
  options: {
    ...COMMON_OPTIONS,
    ...CONFIG_OPTION,
    ...JSON_OPTION,
    'no-connect': { help: 'Start and dial nothing; only look at files.' },
    timeout: { value: 'SECONDS', help: `How long a server may take to answer (default: ${DEFAULT_SECONDS}).` },
    port: { value: 'N', help: 'Also look whether this port is free for serve.' },
  },
  async run(args) {
    const places = placesOf(args);
    const folder = await checkDataFolder(places);
    // Nothing else can be looked at without it.
    const usable = folder.every(({ code }) => code !== 'data-folder-unreadable');
    const rest = usable ? [...(await checkJournal(places)), ...(await checkPort(args)), ...(await checkServers(places, args)), ...(await checkRefusals(places))] : await checkPort(args);
    const found = [...folder, ...rest];
    if (args.has('json')) printJson(found);
    else if (found.length === 0) printLine('Nothing is wrong.');
    else for (const one of found) print(one);
    return found.some(({ level }) => level === 'error') ? EXIT.refused : EXIT.ok;
  },
};

function print({ area, code, evidence, fix, level, message }: Diagnosis): void {
  printLine(`${level.padEnd(7)}  ${area}/${code}  ${visible(message)}`);
  for (const line of evidence) printLine(`         | ${visible(line)}`);
  printLine(`         ${visible(fix)}`);
}

async function checkDataFolder({ data }: Places): Promise<Diagnosis[]> {
  try {
    const { mode } = await stat(data);
    await access(data, constants.R_OK | constants.W_OK);
    if (process.platform === 'win32' || (mode & 0o077) === 0) return [];
    return [diagnosis('data-folder-open', { level: 'warning', message: `Other users of this machine may look into ${data}.`, fix: `Run: chmod 700 ${data}` })];
  } catch (error) {
    // It is made when it is first needed.
    if (hasCode(error, 'ENOENT')) return [];
    return [diagnosis('data-folder-unreadable', { message: `The data folder cannot be used: ${messageOf(error)}`, fix: 'Give your user read and write permission, or choose another with --data.' })];
  }
}

async function checkJournal({ data }: Places): Promise<Diagnosis[]> {
  const result = await verifyJournal(journalFolder(data));
  if (result.ok) return [];
  const { file, line, problem } = result.broken;
  return [diagnosis('journal-broken', { message: `${file}:${line}: ${problem}`, fix: 'Records of calls were changed or lost. Find out by whom; move the journal folder away to start a new one.' })];
}

async function checkRefusals({ data }: Places): Promise<readonly Diagnosis[]> {
  return diagnoseRefusals(await queryJournal(journalFolder(data), { outcome: 'refused', since: Date.now() - DAY_MS, limit: MAX_REFUSED_READ }));
}

async function checkPort(args: Arguments): Promise<Diagnosis[]> {
  const port = args.wholeNumber('port', 1, 65_535);
  if (port === undefined || (await isFree(port))) return [];
  return [{ ...portTaken(port, 'serve --port would end with 4.'), level: 'error', remedies: [] }];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

async function checkServers(places: Places, args: Arguments): Promise<Diagnosis[]> {
  const owned = new DisposableStore();
  const state = owned.add(await openState(places));
  const scratch = await mkdtemp(join(tmpdir(), 'vestibule-doctor-'));
  try {
    const trialOf = args.has('no-connect') ? looking(places, state) : trying(places, state, owned, scratch, args.wholeNumber('timeout', 1, MAX_SECONDS) ?? DEFAULT_SECONDS);
    const { upstreams } = state.config;
    const trials = new Map<string, Trial>();
    const toTry = upstreams.filter((upstream) => upstream.enabled && isApproved(state, upstream));
    await inBatches(toTry, AT_ONCE, async (upstream) => void trials.set(upstream.name, await trialOf(upstream)));
    const servers = upstreams.map((config) => {
      const definitions = definitionsOf(state, config.name);
      return diagnoseServer(
        {
          config,
          ...(trials.get(config.name) ?? IDLE),
          launchApproved: isApproved(state, config),
          trusted: true,
          waiting: definitions.filter(({ status }) => status === 'pending' || status === 'changed').length,
          approved: definitions.filter(({ ref, status }) => ref.kind === 'tool' && status === 'approved').map(({ ref }) => ref.name),
          held: state.catalog.server(config.name)?.held ?? [],
        },
        process.env,
      );
    });
    return [...diagnoseFiles(state.config.problems), ...servers.flat()];
  } finally {
    owned.dispose();
    await rm(scratch, { recursive: true, force: true });
  }
}

const IDLE: Trial = { state: { kind: 'idle' }, noise: [] };

function isApproved({ approvals }: State, upstream: UpstreamConfig): boolean {
  return approvals.launchApproved(upstream.name, fingerprintOf(upstream));
}

/** Starts or dials a server as the gateway would, with the accounts it would use. */
function trying(places: Places, { config }: State, owned: DisposableStore, stateDir: string, seconds: number): (upstream: UpstreamConfig) => Promise<Trial> {
  const redactor = new Redactor();
  const known = (value: string): void => redactor.addKnown(value);
  const options = commonOptions(places);
  const scope = createVariableScope({ ...options, token: undefined, log: () => undefined }, () => config, known);
  const signIns = owned.add(
    new SignIns({
      open: options.openKeys,
      workspace: places.workspace,
      known,
      report: (problem) => printNote(describeError(problem)),
      resolve: (entry) => resolveTransport(entry, scope),
      entry: (server) => config.upstreams.find(({ name }) => name === server),
      // Only approved servers are tried.
      launchApproved: () => true,
    }),
  );
  return (upstream) =>
    tryServer(upstream, { resolve: (entry) => signIns.resolve(entry), keys: signIns, redact: (text) => redactor.text(text), handshakeMs: seconds * 1000, stateDir, version: VERSION });
}

/** Resolves what a launch would resolve, up to the file that would run; nothing is started and nothing dialled. */
function looking(places: Places, { config }: State): (upstream: UpstreamConfig) => Promise<Trial> {
  const scope = createVariableScope({ ...commonOptions(places), token: undefined, log: () => undefined }, () => config);
  return async (upstream) => {
    try {
      const transport = await resolveTransport(upstream, scope);
      if (transport.type === 'stdio') {
        const { platform } = process;
        const env = childEnvironment(process.env, transport.env, platform);
        await findCommand(transport.command, env, { platform, home: homedir(), inherited: process.env, userPath: () => userPath(platform) });
      }
      return IDLE;
    } catch (error) {
      return { state: { kind: 'failed', error: failureOf(error), retryAt: undefined }, noise: [] };
    }
  };
}
