import * as vscode from 'vscode';
import type { EditorSessions } from '../core/editor-account.ts';

/** Accounts of VS Code itself (`vscode.authentication`). It asks the person before an extension gets one. */
export const editorSessions: EditorSessions = {
  async session(provider, scopes, ask) {
    const session = await vscode.authentication.getSession(provider, scopes, ask ? { createIfNone: true, clearSessionPreference: true } : { silent: true });
    return session && { token: session.accessToken, label: session.account.label };
  },
  follow: (changed) => vscode.authentication.onDidChangeSessions(({ provider }) => changed(provider.id)),
};
