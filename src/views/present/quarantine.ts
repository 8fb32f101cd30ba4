import type { ProposalSnapshot } from '../../proxy/api.ts';
import { Command, ItemWord } from '../ids.ts';
import { t } from '../l10n.ts';
import { oneLine, plural } from '../text.ts';
import { awaiting, type AwaitingServer, type Definition } from './awaiting.ts';
import { findingTitles, findingWords } from './findings.ts';
import { launchFacts, launchLine } from './launch.ts';
import { statusLook, tierText } from './labels.ts';
import { bounded, LEAF, type TreeNode } from './tree-node.ts';
import { heldRow, toolTooltip, toolWords } from './upstreams.ts';
import type { ViewState } from './view-state.ts';
import { subjectTitle } from './subject.ts';

/** Rows of the Quarantine view: one per server with something to decide or something unusable. */
export function quarantineRows(state: ViewState): readonly TreeNode[] {
  return bounded('quarantine', [...(state.snapshot.proposals ?? []).map(proposalRow), ...awaiting(state).map(serverRow)], t('decide about the first ones to see them'));
}

/** The badge on the view: undefined when nothing waits. */
export function quarantineBadge(count: number, withFindings = 0): { readonly value: number; readonly tooltip: string } | undefined {
  const found = withFindings === 0 ? '' : `, ${withFindings} with findings of the scanner`;
  return count === 0 ? undefined : { value: count, tooltip: `${plural(count, 'definition')} to review${found}` };
}

/** A server that an agent asks for: the exact command or address, until the person answers. */
function proposalRow(proposal: ProposalSnapshot): TreeNode {
  const label = oneLine(proposal.name, 60);
  const line = launchLine(proposal);
  const by = t('proposed by {0}', oneLine(proposal.agent, 60));
  return {
    ...LEAF,
    id: `quarantine/proposal/${proposal.id}`,
    label,
    description: `${by} · ${oneLine(line, 200)}`,
    icon: { id: 'inbox', color: 'list.warningForeground' },
    words: [],
    spoken: t('Server {0}, {1}: {2}', label, by, line),
    tooltip: () => `${by}\n${line}`,
    click: { command: Command.reviewProposal, title: t('Review') },
  };
}

function serverRow(server: AwaitingServer): TreeNode {
  const { upstream, definitions } = server;
  const id = `quarantine/${upstream.name}`;
  const label = oneLine(upstream.name, 60);
  const summary = server.launch ? t('launch awaits approval') : summaryOf(server);
  return {
    id,
    label,
    description: summary,
    icon: server.launch ? { id: 'shield', color: 'list.warningForeground' } : { id: 'server' },
    words: [ItemWord.upstream, ...(server.launch || definitions.length > 0 ? [ItemWord.awaiting] : [])],
    spoken: t('Server {0}, {1}', label, summary),
    fold: 'expanded',
    children: () =>
      server.launch
        ? [launchRow(id, server)]
        : [
            ...bounded(id, definitions.map((definition) => definitionRow(id, definition)), t('review the server to see them all')),
            ...bounded(`${id}/held`, upstream.held.map((held) => heldRow(id, held)), t('see the log')),
          ],
    tooltip: () => `${label}: ${summary}`,
    target: { server: upstream.name },
  };
}

function summaryOf({ definitions, upstream }: AwaitingServer): string {
  const changed = definitions.filter(({ status }) => status === 'changed').length;
  const fresh = definitions.length - changed;
  const withFindings = definitions.filter(({ findings }) => findingWords(findings) !== undefined).length;
  return [
    ...(changed > 0 ? [t('{0} changed', changed)] : []),
    ...(fresh > 0 ? [t('{0} new', fresh)] : []),
    ...(withFindings > 0 ? [t('{0} with findings', withFindings)] : []),
    ...(upstream.held.length > 0 ? [t('{0} unusable', upstream.held.length)] : []),
  ].join(', ');
}

function launchRow(id: string, { upstream }: AwaitingServer): TreeNode {
  const { launch } = upstream;
  const line = launchLine(launch);
  const act = launch.argv === undefined ? 'Connect to' : 'Run';
  const label = `${act} ${oneLine(line, 1000)}`;
  return {
    ...LEAF,
    id: `${id}/launch`,
    label,
    icon: { id: launch.argv === undefined ? 'globe' : 'terminal' },
    words: [ItemWord.awaiting],
    spoken: `${label}, awaits approval`,
    tooltip: () => [line, ...launchFacts(launch).map(([label, value]) => `${label}: ${value}`)].join('\n'),
    target: { server: upstream.name, launch: launch.fingerprint },
    click: { command: Command.reviewQuarantine, title: t('Review') },
  };
}

function definitionRow(id: string, definition: Definition): TreeNode {
  const { ref, status, tier } = definition;
  const look = statusLook(status);
  const label = ref.kind === 'tool' ? oneLine(ref.name, 80) : subjectTitle(ref, (name) => oneLine(name, 80));
  const found = findingWords(definition.findings);
  const description = [look.text, ...(tier === undefined ? [] : [tierText(tier)]), ...(found === undefined ? [] : [found])].join(' · ');
  return {
    ...LEAF,
    id: `${id}/${ref.kind}/${ref.name}`,
    label,
    description,
    icon: look.icon,
    words: ref.kind === 'tool' ? toolWords(status) : [ItemWord.instructions, ItemWord.awaiting],
    spoken: `${ref.kind === 'tool' ? 'Tool ' : ''}${label}, ${look.text}${tier === undefined ? '' : `, ${tierText(tier)}`}${found === undefined ? '' : `, ${found}`}, awaits a decision`,
    tooltip: () => [toolTooltip({ name: label, description: definition.text, digest: ref.digest }, description), ...findingTitles(definition.findings)].join('\n'),
    target: { server: ref.server, definition: { kind: ref.kind, name: ref.name, digest: ref.digest } },
    click: { command: Command.reviewQuarantine, title: t('Review') },
  };
}
