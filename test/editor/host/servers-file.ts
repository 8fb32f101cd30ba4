import * as vscode from 'vscode';

/** The servers file of the workspace. */
export function serversFile(): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (folder === undefined) throw new Error('no workspace folder');
  return vscode.Uri.joinPath(folder.uri, '.vscode', 'vestibule.json');
}

/** The text of a file. */
export async function textOf(uri: vscode.Uri): Promise<string> {
  return Buffer.from(await vscode.workspace.fs.readFile(uri)).toString();
}
