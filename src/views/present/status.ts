import { tokenBalance } from '../../proxy/relay/token-balance.ts';
import { Command, type CommandId } from '../ids.ts';
import { t } from '../l10n.ts';
import type { Problem } from '../problem.ts';
import { oneLine, plural } from '../text.ts';
import { awaitingCount, needsTrust } from './awaiting.ts';
import { pausedText } from './pause.ts';
import type { ViewState } from './view-state.ts';

/** How the whole house is, worst first. `off`: there is nothing to serve. */
export type Health = 'starting' | 'failed' | 'paused' | 'error' | 'review' | 'off' | 'ok';

/** A piece of the status item's tooltip. `text` may hold outside text; the glue escapes it. */
export type TooltipPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly label: string; readonly command: CommandId };

export interface Status {
  readonly health: Health;
  /** With codicons; holds no outside text. */
  readonly text: string;
  readonly spoken: string;
  readonly background: 'error' | 'warning' | undefined;
  /** One inner array per paragraph. */
  readonly tooltip: readonly (readonly TooltipPart[])[];
}

/** What the status item shows of a gateway, or of its absence. */
export type StatusInput =
  | { readonly kind: 'starting' }
  | { readonly kind: 'failed'; readonly problem: Problem }
  | { readonly kind: 'running'; readonly state: ViewState; readonly secretsPersist: boolean; readonly profile?: string | undefined };

const REVIEW = link('Review', Command.reviewQuarantine);
const ADD = link('Add a server', Command.addUpstream);
const RESUME = link('Resume all', Command.resumeAll);
const INSPECT = link('Open the inspector', Command.openInspector);
const DOCTOR = link('Run the doctor', Command.runDoctor);
const LOGS = link('Show log', Command.showLogs);
const SWITCH = link('Switch profile', Command.switchProfile);
const RESTART = link('Restart the gateway', Command.restartGateway);

/** The one status bar item. */
export function statusOf(input: StatusInput): Status {
  switch (input.kind) {
    case 'starting':
      return status('starting', '$(loading~spin) Vestibule', 'Vestibule is starting', [[text('Vestibule is starting.')]]);
    case 'failed': {
      const { message, action } = input.problem;
      return status('failed', '$(error) Vestibule', `Vestibule could not start: ${oneLine(message)}`, [
        [text(`Vestibule could not start: ${oneLine(message, 300)}`)],
        [text(oneLine(action, 300))],
        [RESTART, LOGS],
      ]);
    }
    case 'running':
      return running(input.state, input.secretsPersist, input.profile);
  }
}

function running(state: ViewState, secretsPersist: boolean, profile: string | undefined): Status {
  const { snapshot, trusted } = state;
  const failing = snapshot.upstreams.filter((upstream) => upstream.state.kind === 'failed');
  const errors = snapshot.problems.filter(({ severity }) => severity === 'error');
  const waiting = awaitingCount(state);
  const serving = snapshot.upstreams.filter(({ config }) => config.enabled);
  const paused = pausedText(snapshot.pause);
  const notes = [
    ...profileNote(profile, snapshot.profiles ?? []),
    ...(paused === undefined ? [] : [[text(oneLine(paused, 400)), RESUME]]),
    ...(serving.some((upstream) => needsTrust(upstream, trusted))
      ? [[text('Restricted Mode: servers of this workspace do not start until you trust it.')]]
      : []),
    ...(secretsPersist ? [] : [[text('This machine keeps no secrets: stored inputs are asked for again after a restart.')]]),
    ...(snapshot.lostRecords === 0 ? [] : [[text(`The records of ${plural(snapshot.lostRecords, 'call')} could not be written: make room on the disk.`), DOCTOR]]),
    ...tokenNotes(state),
  ];
  const broken = [
    ...failing.slice(0, 5).map(({ name, state: now }) => [
      text(`${oneLine(name, 60)}: ${now.kind === 'failed' ? oneLine(now.error.message, 200) : ''}`),
    ]),
    ...errors.slice(0, 5).map(({ message }) => [text(oneLine(message, 200))]),
  ];
  const summary = text(`${plural(serving.length, 'server')}, ${plural(approvedTools(state), 'approved tool')}.`);

  if (snapshot.pause.all) {
    return status('paused', '$(debug-pause) Vestibule paused', 'Vestibule: everything is paused', [[summary], ...notes, ...broken, [INSPECT]]);
  }
  if (failing.length + errors.length > 0) {
    const count = failing.length + errors.length;
    return status('error', `$(warning) Vestibule ${count}`, `Vestibule: ${plural(count, 'problem')}`, [
      [summary],
      ...broken,
      ...(waiting > 0 ? [[text(`${plural(waiting, 'definition')} to review.`), REVIEW]] : []),
      ...notes,
      [DOCTOR, LOGS, INSPECT],
    ]);
  }
  if (waiting > 0) {
    return status('review', `$(shield) Vestibule ${waiting}`, `Vestibule: ${plural(waiting, 'definition')} to review`, [
      [summary],
      [text(`${plural(waiting, 'definition')} to review.`), REVIEW],
      ...notes,
      [INSPECT],
    ]);
  }
  if (serving.length === 0) {
    return status('off', '$(circle-slash) Vestibule', 'Vestibule has no server to serve', [
      [text('No MCP server is set up or switched on.'), ADD],
      ...notes,
    ]);
  }
  return status('ok', '$(shield) Vestibule', `Vestibule is ready, ${plural(serving.length, 'server')}`, [[summary], ...notes, [INSPECT]]);
}

/** Which part of everything the editor's own agents see, where a person chose one. */
function profileNote(profile: string | undefined, known: readonly string[]): TooltipPart[][] {
  if (profile === undefined) return known.length === 0 ? [] : [[SWITCH]];
  const name = oneLine(profile, 60);
  return [[text(known.includes(profile) ? t('Agents of this workspace see the profile “{0}”.', name) : t('Agents of this workspace see nothing: the profile “{0}” is in no servers file any more.', name)), SWITCH]];
}

/** What the tool lists of the agents connected last cost and save, and what shortened results did. */
function tokenNotes({ snapshot }: ViewState): TooltipPart[][] {
  const { mode, effective } = snapshot.menu;
  const small = mode === 'adaptive' && effective === 'direct' ? ' The catalog is small, so it is listed directly (gateway.directThreshold).' : '';
  const { sessions, total } = snapshot.tokens;
  const saved = Math.round(total.savedTokens);
  return [
    ...sessions.slice(-MAX_SESSIONS).map((session) => [text(`${tokenBalance(session)}${small}`)]),
    ...(saved === 0 ? [] : [[text(`Shortened results kept about ${saved.toLocaleString('en-US')} tokens from agents since the start; what they read on of them costs again.`)]]),
  ];
}

const MAX_SESSIONS = 2;

/** Approved tools of the servers that are switched on. */
export function approvedTools({ snapshot }: Pick<ViewState, 'snapshot'>): number {
  return snapshot.upstreams.reduce(
    (sum, { tools, config }) => sum + (config.enabled ? tools.filter(({ status: now }) => now === 'approved').length : 0),
    0,
  );
}

// A coloured background is for what only the person can mend (editor guidelines).
const BACKGROUND: Readonly<Record<Health, Status['background']>> = {
  starting: undefined,
  failed: 'error',
  paused: 'warning',
  error: 'warning',
  review: undefined,
  off: undefined,
  ok: undefined,
};

function status(health: Health, label: string, spoken: string, tooltip: Status['tooltip']): Status {
  return { health, text: label, spoken, background: BACKGROUND[health], tooltip };
}

function text(value: string): TooltipPart {
  return { kind: 'text', text: value };
}

function link(label: string, command: CommandId): TooltipPart {
  return { kind: 'link', label, command };
}
