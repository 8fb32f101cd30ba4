import type { DefinitionSnapshot, InstructionsSnapshot, UpstreamSnapshot } from '../../proxy/api.ts';
import { visible } from '../../proxy/json/visible.ts';
import { Command, ItemWord } from '../ids.ts';
import { t } from '../l10n.ts';
import { oneLine } from '../text.ts';
import { statusLook } from './labels.ts';
import { bounded, LEAF, type TreeNode } from './tree-node.ts';

type Kind = DefinitionSnapshot['kind'];

const ICON: Readonly<Record<Kind, string>> = { prompt: 'comment', template: 'symbol-string', resources: 'files', version: 'versions' };

/** Rows for what a server offers besides tools: its instructions, prompts, resource templates, and leave to read resources. */
export function offeredRows(id: string, { name: server, instructions, definitions = [] }: UpstreamSnapshot): readonly TreeNode[] {
  const of = (kind: Kind): readonly TreeNode[] => definitions.filter((definition) => definition.kind === kind).map((definition) => definitionRow(id, server, definition));
  return [
    ...(instructions === undefined ? [] : [instructionsRow(id, server, instructions)]),
    ...group(`${id}/prompts`, t('Prompts'), ICON.prompt, of('prompt')),
    ...group(`${id}/templates`, t('Resource templates'), ICON.template, of('template')),
    ...of('resources'),
    ...of('version'),
  ];
}

function group(id: string, label: string, icon: string, rows: readonly TreeNode[]): readonly TreeNode[] {
  if (rows.length === 0) return [];
  const count = String(rows.length);
  return [{ id, label, description: count, icon: { id: icon }, words: [], spoken: `${label}, ${count}`, fold: 'collapsed', children: () => bounded(id, rows, t('review the server to see them all')), tooltip: () => `${label}: ${count}` }];
}

function definitionRow(id: string, server: string, { kind, name, title, description, digest, status }: DefinitionSnapshot): TreeNode {
  const look = statusLook(status);
  const label = kind === 'resources' ? t('Resources') : kind === 'version' ? t('Version of the program') : oneLine(title ?? name, 80);
  return {
    ...LEAF,
    id: `${id}/${kind}/${name}`,
    label,
    description: look.text,
    icon: { ...look.icon },
    words: wordsOf(status),
    spoken: `${label}, ${look.text}`,
    tooltip: () => [visible(name === '' ? label : name), look.text, oneLine(description, 600), digest].join('\n'),
    target: { server, definition: { kind, name, digest } },
    click: { command: Command.reviewQuarantine, title: t('Show the Definition') },
  };
}

function instructionsRow(id: string, server: string, { digest, status, text }: InstructionsSnapshot): TreeNode {
  const look = statusLook(status);
  const label = t('Instructions');
  return {
    ...LEAF,
    id: `${id}/instructions`,
    label,
    description: look.text,
    icon: { ...look.icon },
    words: wordsOf(status),
    spoken: t('{0} to models, {1}', label, look.text),
    tooltip: () => [label, look.text, oneLine(text, 600), digest].join('\n'),
    target: { server, definition: { kind: 'instructions', name: '', digest } },
    click: { command: Command.reviewQuarantine, title: t('Show the Definition') },
  };
}

function wordsOf(status: DefinitionSnapshot['status']): readonly string[] {
  const decided = { approved: ItemWord.approved, blocked: ItemWord.blocked, pending: ItemWord.awaiting, changed: ItemWord.awaiting }[status];
  return [ItemWord.instructions, decided];
}
