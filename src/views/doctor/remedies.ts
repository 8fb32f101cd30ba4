import * as vscode from 'vscode';
import { addInput, setServerEnabled, setServerMember, type ServersEdit } from '../../proxy/config/edit.ts';
import type { Act, Diagnosis, EntryChange, Remedy } from '../../proxy/diagnosis/types.ts';
import { Command } from '../ids.ts';
import type { RemedyMaker } from './quick-fixes.ts';

type Edit = Extract<Remedy, { kind: 'edit' }>;

/** What remedies do in this editor. */
export const remedies: RemedyMaker = {
  edit: (document, remedy) => editOf(document, remedy),
  command: (diagnosis, remedy) => commandOf(diagnosis, remedy),
};

/** Does what a person chose: an edit is written and shown, everything else is a command of its own. */
export async function applyRemedy(diagnosis: Diagnosis, remedy: Remedy): Promise<void> {
  if (remedy.kind !== 'edit') {
    const { arguments: args = [], command } = commandOf(diagnosis, remedy);
    await vscode.commands.executeCommand(command, ...(args as unknown[]));
    return;
  }
  if (diagnosis.at === undefined) return;
  const document = await vscode.workspace.openTextDocument(vscode.Uri.file(diagnosis.at.file));
  await vscode.workspace.applyEdit(editOf(document, remedy));
  await vscode.window.showTextDocument(document);
  await document.save();
}

/** The smallest replacement that makes the change, so that the cursor and unsaved work stay where they are. */
function editOf(document: vscode.TextDocument, { change, server }: Edit): vscode.WorkspaceEdit {
  const before = document.getText();
  const after = changesOf(server, change).reduce((text, edit) => edit(text), before);
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const edit = new vscode.WorkspaceEdit();
  const range = new vscode.Range(document.positionAt(start), document.positionAt(before.length - end));
  edit.replace(document.uri, range, after.slice(start, after.length - end));
  return edit;
}

function changesOf(server: string, change: EntryChange): readonly ServersEdit[] {
  switch (change.kind) {
    case 'set':
      return [setServerMember(server, change.member, change.value)];
    case 'disable':
      return [setServerEnabled(server, false)];
    case 'authorize':
      return [
        setServerMember(server, ['headers', 'Authorization'], `Bearer \${input:${change.input}}`),
        addInput({ id: change.input, type: 'promptString', description: `Key for ${server}`, password: true }),
      ];
  }
}

function commandOf({ at, server }: Diagnosis, remedy: Exclude<Remedy, Edit>): vscode.Command {
  const { title } = remedy;
  if (remedy.kind === 'setting') return { command: 'workbench.action.openSettings', title, arguments: [remedy.setting] };
  if (remedy.act === 'open-entry') {
    const start = new vscode.Position(Math.max(0, (at?.line ?? 1) - 1), Math.max(0, (at?.column ?? 1) - 1));
    if (at !== undefined) return { command: 'vscode.open', title, arguments: [vscode.Uri.file(at.file), { selection: new vscode.Range(start, start) }] };
    return { command: Command.editServers, title };
  }
  return { command: COMMANDS[remedy.act], title, arguments: [{ server: remedy.server ?? server ?? '' }] };
}

const COMMANDS: Readonly<Record<Exclude<Act, 'open-entry'>, string>> = {
  restart: Command.restartUpstream,
  'sign-in': Command.signIn,
  review: Command.reviewQuarantine,
  'show-log': Command.showLogs,
  trust: 'workbench.trust.manage',
  'restart-gateway': Command.restartGateway,
};
