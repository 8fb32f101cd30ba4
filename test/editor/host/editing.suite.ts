import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { vestibule } from './vestibule.ts';

/** What VS Code's own JSON support says of a document once it says something like this. */
function untilSquiggle(uri: vscode.Uri, like: RegExp): Promise<vscode.Diagnostic> {
  return new Promise((resolve, reject) => {
    const all = (): readonly vscode.Diagnostic[] => vscode.languages.getDiagnostics(uri).filter(({ source }) => source !== 'Vestibule');
    const look = (): void => {
      const found = all().find(({ message }) => like.test(message));
      if (found === undefined) return;
      clearTimeout(timer);
      subscription.dispose();
      resolve(found);
    };
    const timer = setTimeout(() => {
      subscription.dispose();
      reject(new Error(`no ${String(like)} in ${JSON.stringify(all())}`));
    }, 60_000);
    const subscription = vscode.languages.onDidChangeDiagnostics(look);
    look();
  });
}

describe('files that a team shares, as they are typed', () => {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const path = (name: string): string => join(folder?.uri.fsPath ?? '', '.vscode', name);

  afterEach(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));

  it('servers files: a wrong key is underlined, a right one is completed and explained', async () => {
    await vestibule();
    const document = await vscode.workspace.openTextDocument(path('vestibule.json'));
    const editor = await vscode.window.showTextDocument(document);
    const before = document.getText();
    const text = '{\n  "servers": {\n    "x": { "type": "stdio", "command": "y", "timoutSeconds": 3, "timeoutSeconds": 3 }\n  }\n}\n';
    await editor.edit((edit) => edit.replace(new vscode.Range(0, 0, document.lineCount, 0), text));
    try {
      const squiggle = await untilSquiggle(document.uri, /timoutSeconds is not allowed/);
      assert.equal(document.getText(squiggle.range), '"timoutSeconds"');
      const hovers = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, document.positionAt(text.indexOf('"timeoutSeconds"') + 3));
      assert.match(hovers.flatMap(({ contents }) => contents.map((content) => (content instanceof vscode.MarkdownString ? content.value : ''))).join('\n'), /without an answer or progress/);
      const { items } = await vscode.commands.executeCommand<vscode.CompletionList>('vscode.executeCompletionItemProvider', document.uri, document.positionAt(text.indexOf('"timoutSeconds"')));
      const labels = items.map(({ label }) => (typeof label === 'string' ? label : label.label));
      for (const key of ['envFile', 'idleStopMinutes', 'tools']) assert.ok(labels.includes(key), `${key} in ${labels.join(' ')}`);
    } finally {
      await editor.edit((edit) => edit.replace(new vscode.Range(0, 0, document.lineCount, 0), before));
      await document.save();
    }
  }).timeout(120_000);

  it('lock files: so are they', async () => {
    const file = path('vestibule.lock.json');
    await writeFile(file, '{ "lockfileVersion": 1, "servers": { "x": { "fingerprint": "sha256-short", "tols": {} } } }\n');
    try {
      const document = await vscode.workspace.openTextDocument(file);
      await vscode.window.showTextDocument(document);
      await untilSquiggle(document.uri, /tols is not allowed/);
      await untilSquiggle(document.uri, /A digest is `sha256-`/);
    } finally {
      await rm(file, { force: true });
    }
  }).timeout(120_000);
});
