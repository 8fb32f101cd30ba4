import { visible } from '../../proxy/json/visible.ts';
import type { UpstreamSnapshot } from '../../proxy/api.ts';
import { launchOfEntry } from '../../proxy/config/launch-of-entry.ts';
import { scanLaunch } from '../../proxy/scanner/launch.ts';
import { oneLine, plural, visibleLines } from '../text.ts';
import type { Definition } from './awaiting.ts';
import { launchFacts, launchLine } from './launch.ts';
import { statusLook, tierText } from './labels.ts';
import { subjectInSentence } from './subject.ts';

/** A modal question. Every text is safe to show as it is. */
export interface Confirmation {
  readonly message: string;
  readonly detail: string;
  /** The label of the one button that says yes. */
  readonly yes: string;
  /** True when `detail` cannot hold all of it, and the review document must be open behind the question. */
  readonly needsDocument: boolean;
}

/** A dialog taller than the screen hides its end, and with it what a long argument was meant to hide (security W7). */
export const MAX_DETAIL = 1500;
const MAX_NAMES = 25;

/** Asks to approve a launch: the exact command line or address. */
export function confirmLaunch(upstream: UpstreamSnapshot): Confirmation {
  const { launch, name } = upstream;
  const act = launch.argv === undefined ? 'connect to this address' : 'run this command on your machine';
  const whole = [launchLine(launch), ...launchFacts(launch).map(([label, value]) => `${label}: ${value}`), ...warnings(launch.argv)].join('\n\n');
  const fits = whole.length <= MAX_DETAIL;
  return {
    message: `Let Vestibule ${act} for “${oneLine(name, 60)}”?`,
    detail: fits
      ? whole
      : `${plural(whole.length, 'character')}: too long for this dialog. The review document behind it shows all of it.`,
    yes: 'Approve Launch',
    needsDocument: !fits,
  };
}

/** What a person should know before they approve a command line, one sentence each. */
export function warnings(argv: readonly string[] | undefined): readonly string[] {
  return scanLaunch(argv).map(({ why, action }) => `⚠ ${visible(why)} ${action}`);
}

/** Asks to write new servers into a file, and with that to approve their launches: what is written, word for word. */
export function confirmAdding(path: string, servers: readonly NewServer[]): Confirmation {
  const whole = [`Into ${visible(path)}`, ...servers.map(describeNew)].join('\n\n');
  const fits = whole.length <= MAX_DETAIL;
  const [single] = servers;
  const what = servers.length === 1 && single !== undefined ? `“${oneLine(single.name, 60)}”` : plural(servers.length, 'server');
  return {
    message: `Add ${what}?`,
    detail: fits ? whole : `${plural(whole.length, 'character')}: too long for this dialog. The document behind it shows all of it.`,
    yes: servers.length === 1 ? 'Add and Start' : `Add and Start ${servers.length}`,
    needsDocument: !fits,
  };
}

/** A server about to be added: its name, its entry as it will be written, and what was left out of what was pasted. */
export interface NewServer {
  readonly name: string;
  readonly entry: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
}

/** Everything about a server that is about to be added. */
export function describeNew({ name, entry, notes }: NewServer): string {
  const launch = launchOfEntry(entry);
  const json = visibleLines(JSON.stringify({ [name]: entry }, null, 2));
  return [`${launch.argv === undefined ? 'Connects to' : 'Runs'} ${launchLine(launch)}`, ...warnings(launch.argv), ...notes.map(visible), json].join('\n\n');
}

/** Asks to approve definitions of one server, naming each. */
export function confirmDefinitions(server: string, definitions: readonly Definition[]): Confirmation {
  const [single] = definitions;
  const label = oneLine(server, 60);
  if (definitions.length === 1 && single !== undefined) {
    const fits = single.text.length <= MAX_DETAIL / 2;
    return {
      message: `Approve ${nameOf(single)} of “${label}”?`,
      detail: [
        summary(single),
        fits ? visible(single.text) : 'Its text is too long for this dialog. The review document behind it shows all of it.',
        single.ref.digest,
      ].join('\n\n'),
      yes: 'Approve',
      needsDocument: !fits,
    };
  }
  const rows = definitions.map((definition) => `${nameOf(definition)} (${summary(definition)})`);
  return {
    message: `Approve ${plural(definitions.length, 'definition')} of “${label}”?`,
    detail: listed(rows),
    yes: `Approve ${definitions.length}`,
    needsDocument: rows.length > MAX_NAMES,
  };
}

/** Asks to approve definitions of several servers at once, naming each. */
export function confirmDefinitionsOfSeveral(definitions: readonly Definition[]): Confirmation {
  const rows = definitions.map((definition) => `${oneLine(definition.ref.server, 60)}: ${nameOf(definition)} (${summary(definition)})`);
  return {
    message: `Approve ${plural(definitions.length, 'definition')} of ${plural(new Set(definitions.map(({ ref }) => ref.server)).size, 'server')}?`,
    detail: listed(rows),
    yes: `Approve ${definitions.length}`,
    needsDocument: rows.length > MAX_NAMES,
  };
}

/** Asks to block definitions of one server. */
export function confirmBlock(server: string, definitions: readonly Definition[]): Confirmation {
  return {
    message: `Block ${plural(definitions.length, 'definition')} of “${oneLine(server, 60)}”?`,
    detail: `${listed(definitions.map(nameOf))}\n\nAgents cannot see or call what is blocked. You can approve it later.`,
    yes: 'Block',
    needsDocument: false,
  };
}

/** A definition's name for a sentence. */
export function nameOf({ ref }: Definition): string {
  return subjectInSentence(ref);
}

function summary({ status, tier }: Definition): string {
  const { text } = statusLook(status);
  return tier === undefined ? text : `${text}, ${tierText(tier)}`;
}

function listed(rows: readonly string[]): string {
  const shown = rows.slice(0, MAX_NAMES);
  const rest = rows.length - shown.length;
  return rest === 0 ? shown.join('\n') : [...shown, `and ${rest} more: the review document behind this dialog shows them all.`].join('\n');
}
