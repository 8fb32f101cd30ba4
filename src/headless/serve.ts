import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { endpointOf } from '../proxy/connect/endpoints.ts';
import { readServersFile } from '../proxy/config/store.ts';
import type { Gateway } from '../proxy/gateway.ts';
import { VestibuleError } from '../proxy/errors.ts';
import { DisposableStore, toDisposable, type Disposable } from '../proxy/events.ts';
import type { GatewayOptions } from '../proxy/options.ts';
import { holdLock } from '../proxy/storage/file-lock.ts';
import { usage, type Arguments } from './args.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, type Command } from './command.ts';
import { formatOf } from './formats/formats.ts';
import { followControl, type ControlFollower } from './control.ts';
import { EXIT } from './exit-code.ts';
import { commonOptions } from './gateway-options.ts';
import { placesOf, type Places } from './places.ts';
import { LockNotes, logError, logLine, ProblemLog } from './serve-log.ts';
import { StopSignal } from './stop-signal.ts';
import { VERSION } from './version.ts';

/** An end that takes longer than this is cut short, so that it is over within the 5 s of contract §1. */
const END_WITHIN_MS = 4_700;
/** From one look for problems to the next, in milliseconds. */
const REPORT_EVERY_MS = 100;

export const serve: Command = {
  name: 'serve',
  summary: 'Serves all approved servers at one endpoint on this machine, until it is told to end.',
  speaksJson: true,
  options: {
    ...COMMON_OPTIONS,
    ...CONFIG_OPTION,
    port: { value: 'N', help: 'Port to listen on (default: one that is free).' },
    mode: { value: 'MODE', help: 'What agents are offered: adaptive, retrieve or direct.' },
    'no-prefix': { help: 'With a single upstream, leave the names of its tools unchanged.' },
    'no-auth': { help: 'Ask for no token. Everything on this machine may then use every approved tool.' },
    'approve-all': { help: 'Approve every launch and every tool there is at the start; later changes still wait.' },
    consent: { value: 'MODE', help: "Who is asked before a tool runs: client (default: the agent's own prompt), ask (a person, through the agent), deny-destructive (nobody; refuses what may destroy)." },
    operate: { value: 'PORT', help: 'Also listen on this port (0: a free one) for an operator, who comes with the token in VESTIBULE_OPERATOR_TOKEN (docs/operating.md).' },
    lockfile: { value: 'MODE', help: 'What the lock file of the workspace approves: ask (default; only content accepted with "quarantine lock --accept"), accept (whatever it says, unseen) or ignore.' },
  },
  async run(args) {
    const stop = new StopSignal();
    process.on('uncaughtException', (error) => {
      logError(error);
      stop.fail();
    });
    const places = placesOf(args);
    const options = gatewayOptions(args, places, (await endpointOf(places.data, places.workspace))?.port);
    const operator = operatorOf(args, process.env);
    await refuseUnusable(places);
    warnOf(args);
    const owned = new DisposableStore();
    owned.add(await holdLock(join(places.data, 'serve')));
    try {
      const { createGateway } = await import('../proxy/gateway.ts');
      const gateway = await createGateway(options);
      let control: ControlFollower | undefined;
      try {
        if (operator !== undefined) owned.add(await operated(gateway, operator));
        control = await start(gateway, places, owned, stop);
        await stop.requested;
        logLine('info', 'ending');
      } finally {
        await end(gateway, control);
      }
      return stop.failed ? EXIT.refused : EXIT.ok;
    } finally {
      owned.dispose();
    }
  },
};

interface Operator {
  readonly port: number;
  readonly token: string;
}

/** Shorter ones could be guessed. Characters. */
const MIN_OPERATOR_TOKEN = 32;

/** Who may operate, if somebody may. @throws VestibuleError `usage` without a token that will do */
function operatorOf(args: Arguments, env: NodeJS.ProcessEnv): Operator | undefined {
  const port = args.wholeNumber('operate', 0, 65_535);
  if (port === undefined) return undefined;
  const token = env['VESTIBULE_OPERATOR_TOKEN'] ?? '';
  if (token.length >= MIN_OPERATOR_TOKEN && /^[\x21-\x7e]{1,512}$/.test(token)) return { port, token };
  throw usage('--operate needs a token.', `Set VESTIBULE_OPERATOR_TOKEN to one of at least ${MIN_OPERATOR_TOKEN} characters: openssl rand -base64 32.`);
}

async function operated(gateway: Gateway, { port, token }: Operator): Promise<Disposable> {
  const { openOperate } = await import('./operate/server.ts');
  const endpoint = await openOperate({ gateway, port, token, log: logLine });
  logLine('info', `Operators are answered at ${endpoint.url}`);
  return endpoint;
}

const LOCK_MODES = { ask: 'ask', accept: 'always', ignore: 'off' } as const;

/** @param lastPort where the gateway of this workspace listened last: what agents were told stays true if it is free */
function gatewayOptions(args: Arguments, places: Places, lastPort: number | undefined): GatewayOptions {
  const port = args.wholeNumber('port', 0, 65_535);
  const mode = args.choice('mode', ['adaptive', 'retrieve', 'direct'] as const);
  const consent = args.choice('consent', ['client', 'ask', 'deny-destructive'] as const);
  const lockfile = args.choice('lockfile', ['ask', 'accept', 'ignore'] as const) ?? 'ask';
  const noAuth = args.has('no-auth');
  return {
    ...commonOptions(places, (message) => logLine('warn', message)),
    ...(port === undefined ? lastPort !== undefined && { port: lastPort } : { port, portRequired: port !== 0 }),
    token: noAuth ? undefined : randomBytes(32).toString('base64url'),
    noAuth,
    ...(mode !== undefined && { mode }),
    lockfile: LOCK_MODES[lockfile],
    noPrefix: args.has('no-prefix'),
    approveAll: args.has('approve-all'),
    consent: { mode: consent ?? 'client' },
    tracesEndpoint: tracesEndpoint(process.env),
    log: logLine,
  };
}

/** Where the environment has OpenTelemetry send traces, if anywhere. An address that is none counts as nothing. */
function tracesEndpoint({ OTEL_EXPORTER_OTLP_ENDPOINT: all, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces, OTEL_SDK_DISABLED: disabled }: NodeJS.ProcessEnv): string | undefined {
  if (disabled === 'true') return undefined;
  if (traces !== undefined && URL.canParse(traces)) return traces;
  // The general one is a base (OTLP exporter specification).
  return all !== undefined && URL.canParse(all) ? `${all.replace(/\/$/, '')}/v1/traces` : undefined;
}

/**
 * A file that somebody named, or the workspace's, of which nothing can be used ends the start: serving without it
 * would look like serving it.
 * @throws VestibuleError `bad-config`
 */
async function refuseUnusable({ configFiles, workspaceFile }: Places): Promise<void> {
  const files = await Promise.all([...configFiles.map((path) => readServersFile(path, 'user', true, formatOf)), readServersFile(workspaceFile, 'workspace')]);
  for (const { sound, servers, problems } of files) {
    const [first, ...others] = problems.filter((problem) => problem.severity === 'error');
    if (first === undefined || (sound && servers.length > 0)) continue;
    new ProblemLog().report(others);
    throw new VestibuleError('bad-config', first.message, { action: first.fix, at: first.at });
  }
}

function warnOf(args: Arguments): void {
  if (args.has('no-auth')) logLine('warn', '--no-auth: every program on this machine can use every approved tool without a token.');
  if (args.has('no-prefix')) logLine('warn', '--no-prefix: names of tools are unchanged; this works with a single upstream only.');
  if (args.choice('lockfile', ['ask', 'accept', 'ignore']) === 'accept') logLine('warn', '--lockfile accept: launches and tools that the lock file of the workspace names count as approved without anybody having looked at them here.');
  if (args.has('approve-all')) logLine('warn', '--approve-all: every launch and every tool there is now counts as approved without anybody having looked at it.');
}

async function start(gateway: Gateway, places: Places, owned: DisposableStore, stop: StopSignal): Promise<ControlFollower> {
  const problems = new ProblemLog();
  const locks = new LockNotes();
  const report = (): void => {
    const notices = gateway.notices();
    problems.report(notices.problems);
    locks.report(notices.lock);
  };
  report();
  // A look at everything, which hundreds of servers that start would each cause.
  let due: NodeJS.Timeout | undefined;
  const reportSoon = (): void => {
    due ??= setTimeout(() => {
      due = undefined;
      report();
    }, REPORT_EVERY_MS).unref();
  };
  owned.add(gateway.onDidChange(reportSoon));
  owned.add(toDisposable(() => clearTimeout(due)));
  owned.add(gateway.onLog(({ server, source, text }) => source === 'lifecycle' && logLine('info', text, { server })));
  const control = owned.add(
    await followControl(
      places.data,
      {
        restart: (server) => void gateway.restart(server).catch(logError),
        decided: (decision) => gateway.recordDecision(decision),
      },
      logError,
    ),
  );
  const { url, port } = await gateway.listen();
  if (!stop.stopped) process.stdout.write(`${JSON.stringify({ event: 'ready', url, port, token: gateway.token, version: VERSION, pid: process.pid })}\n`);
  return control;
}

async function end(gateway: Gateway, control: ControlFollower | undefined): Promise<void> {
  const late = setTimeout(() => {
    logLine('warn', 'Some calls or servers did not end in time.');
    process.exit(EXIT.ok);
  }, END_WITHIN_MS);
  await control?.takeLast().catch(logError);
  await gateway.dispose();
  clearTimeout(late);
}

