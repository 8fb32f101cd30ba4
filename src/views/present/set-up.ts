import type { GatewaySnapshot, UpstreamSnapshot } from '../../proxy/api.ts';
import type { InputDeclaration } from '../../proxy/config/types.ts';
import { t, tn } from '../l10n.ts';
import { oneLine } from '../text.ts';
import { definitionsOf, isAwaiting } from './awaiting.ts';
import { launchLine } from './launch.ts';

/** A value that servers of the workspace ask for. */
export interface WantedValue {
  readonly input: InputDeclaration;
  /** The first server that uses it. */
  readonly server: string;
  /** Whether the person gave it before. */
  readonly stored: boolean;
}

/** What a step is about. */
export type StepSubject =
  | { readonly kind: 'trust' }
  | { readonly kind: 'approvals' }
  | { readonly kind: 'value'; readonly value: WantedValue }
  | { readonly kind: 'launch'; readonly server: string; readonly fingerprint: string }
  | { readonly kind: 'review'; readonly server: string };

/** One step from a folder that was just opened to servers that agents can use. Texts of the folder are made safe. */
export interface SetUpStep {
  readonly subject: StepSubject;
  readonly label: string;
  readonly detail: string;
  readonly done: boolean;
}

/** What the steps are worked out from. */
export interface SetUpInput {
  readonly snapshot: GatewaySnapshot;
  readonly trusted: boolean;
  readonly values: readonly WantedValue[];
}

/** Servers that the folder brought and that are switched on. */
export function broughtServers({ upstreams }: Pick<GatewaySnapshot, 'upstreams'>): readonly UpstreamSnapshot[] {
  return upstreams.filter(({ config }) => config.origin === 'workspace' && config.enabled);
}

/**
 * Everything that stands between a folder and its servers, in the order it is done: trust, values, what the team
 * approved, launches, and definitions that nobody approved yet.
 */
export function setUpSteps({ snapshot, trusted, values }: SetUpInput): readonly SetUpStep[] {
  const brought = broughtServers(snapshot);
  if (brought.length === 0) return [];
  const { lock } = snapshot;
  const trust: SetUpStep = {
    subject: { kind: 'trust' },
    label: t('Trust this folder'),
    detail: tn(brought.length, '{0} server of its servers file does not start before.', '{0} servers of its servers file do not start before.'),
    done: trusted,
  };
  // What comes later cannot be decided before.
  if (!trusted) return [trust];
  const tools = lock.servers.reduce((sum, server) => sum + server.tools.length, 0);
  const approvals: SetUpStep = {
    subject: { kind: 'approvals' },
    label: t('Review what your team approved'),
    detail: t('Its lock file names {0} of {1}. You see all of them, and what differs here, before you accept.', tn(tools, '{0} tool', '{0} tools'), tn(lock.servers.length, '{0} server', '{0} servers')),
    done: !lock.asks,
  };
  return [
    trust,
    // A server that may start asks for what it needs, in front of this list: values come first.
    ...values.map((value): SetUpStep => ({
      subject: { kind: 'value', value },
      label: t('Give “{0}” its value: {1}', oneLine(value.server, 60), oneLine(value.input.id, 60)),
      detail: oneLine(value.input.description ?? t('Kept in the editor’s secret storage, never in a file.'), 200),
      done: value.stored,
    })),
    ...(lock.digest === undefined ? [] : [approvals]),
    ...brought.map((upstream) => serverStep(upstream)),
  ];
}

function serverStep(upstream: UpstreamSnapshot): SetUpStep {
  const { launch, name } = upstream;
  const server = oneLine(name, 60);
  if (!launch.approved) {
    return { subject: { kind: 'launch', server: name, fingerprint: launch.fingerprint }, label: t('Let “{0}” start', server), detail: oneLine(launchLine(launch), 200), done: false };
  }
  const waiting = definitionsOf(upstream).filter(isAwaiting).length;
  return {
    subject: { kind: 'review', server: name },
    label: waiting === 0 ? t('“{0}” is reviewed', server) : t('Review “{0}”', server),
    detail: waiting === 0 ? tn(upstream.tools.length, '{0} tool', '{0} tools') : tn(waiting, '{0} definition waits for you; agents do not see it before.', '{0} definitions wait for you; agents do not see them before.'),
    done: waiting === 0,
  };
}
