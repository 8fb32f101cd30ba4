import type { GatewaySnapshot } from '../proxy/api.ts';
import { isOver } from '../proxy/consent/standing.ts';
import type { StandingConsent } from '../proxy/consent/types.ts';
import type { Choice, Dialogs } from './dialogs.ts';
import type { GatewayHost } from './gateway-host.ts';
import { findUpstream, readTarget } from './target.ts';
import { oneLine, plural } from './text.ts';

interface ConsentsContext {
  readonly host: GatewayHost;
  readonly dialogs: Dialogs;
}

type Decision = 'allow' | 'ask' | 'never';

/** Shows what was decided about later calls; what the person ticks is taken back. */
export async function manageConsents({ host, dialogs }: ConsentsContext): Promise<void> {
  const gateway = await host.start();
  const consents = gateway.snapshot().consents.filter((consent) => !isOver(consent, Date.now()));
  if (consents.length === 0) return dialogs.inform('Nothing is decided about later calls. Decide on a tool or server with “Vestibule: Consent to Calls…”.');
  const chosen = await dialogs.pickMany(
    'Decisions about calls: tick what to take back',
    [...consents].reverse().map((value) => ({ label: wordsOf(value), description: subjectOf(value), detail: detailOf(value), value })),
  );
  if (chosen === undefined || chosen.length === 0) return;
  await gateway.revokeConsents(chosen);
  dialogs.inform(`${plural(chosen.length, 'decision')} taken back.`);
}

/** Decides about the calls of a tool or server: what the command was run on, or what the person picks. */
export async function setConsent({ host, dialogs }: ConsentsContext, item: unknown): Promise<void> {
  const gateway = await host.start();
  const target = readTarget(item);
  const snapshot = gateway.snapshot();
  const subject = target === undefined ? await pickSubject(snapshot, dialogs) : { server: target.server, ...(target.definition?.kind === 'tool' && { tool: target.definition.name }) };
  if (subject === undefined || findUpstream(snapshot.upstreams, subject.server) === undefined) return;
  const name = oneLine(subject.tool ?? subject.server, 60);
  const decision = await dialogs.pick<Decision>(`Calls of ${subject.tool === undefined ? 'all tools of ' : ''}“${name}”`, DECISIONS);
  if (decision === undefined) return;
  await gateway.setConsent(subject, decision);
  dialogs.inform(`${DONE[decision]}: “${name}”.`);
}

const DECISIONS: readonly Choice<Decision>[] = [
  { label: 'Always allow', detail: 'Vestibule does not ask, until a definition changes; the agent’s own prompt decides.', value: 'allow' },
  { label: 'Always ask', detail: 'Vestibule asks about every call, also where the agent asks by itself.', value: 'ask' },
  { label: 'Never', detail: 'Calls are refused until you take it back.', value: 'never' },
];

const DONE: Readonly<Record<Decision, string>> = { allow: 'Always allowed', ask: 'Asked about at every call', never: 'Refused from now on' };

async function pickSubject({ upstreams }: GatewaySnapshot, dialogs: Dialogs): Promise<{ readonly server: string; readonly tool?: string } | undefined> {
  const choices = upstreams.flatMap(({ name, tools }) => [
    { label: oneLine(name, 60), description: 'all tools of the server', value: { server: name } },
    ...tools.filter(({ status }) => status === 'approved').map((tool) => ({ label: oneLine(tool.name, 80), description: oneLine(name, 60), value: { server: name, tool: tool.name } })),
  ]);
  if (choices.length > 0) return dialogs.pick<{ readonly server: string; readonly tool?: string }>('Decide about the calls of what?', choices);
  dialogs.inform('There is no server for this.');
  return undefined;
}

function wordsOf({ kind }: StandingConsent): string {
  return { tool: 'Allowed', arguments: 'Allowed with the same arguments', session: 'Allowed for one session', ask: 'Asked about every time', never: 'Never' }[kind];
}

function subjectOf({ server, tool }: StandingConsent): string {
  return tool === undefined ? `all tools of ${oneLine(server, 60)}` : `${oneLine(server, 60)}: ${oneLine(tool, 80)}`;
}

function detailOf(consent: StandingConsent): string {
  const since = `since ${new Date(consent.at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const until = consent.kind === 'session' ? `, until it ends, ${new Date(consent.until).toISOString().slice(0, 16).replace('T', ' ')} UTC at the latest` : '';
  return consent.kind === 'ask' ? since : `${since}${until}, for ${oneLine(consent.principal, 60)}`;
}
