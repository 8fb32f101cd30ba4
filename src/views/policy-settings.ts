import * as vscode from 'vscode';
import type { EditorPolicy } from '../proxy/diagnosis/editor-policy.ts';

const SECTIONS = ['chat.mcp', 'chat.customizations'];

/** What VS Code's settings say of MCP servers now, an organisation's policy included. */
export function readEditorPolicy(): EditorPolicy {
  const setting = (id: string): unknown => vscode.workspace.getConfiguration().get(id);
  return {
    access: setting('chat.mcp.access'),
    allowed: setting('chat.mcp.allowedServers'),
    denied: setting('chat.mcp.deniedServers'),
    managedOnly: setting('chat.mcp.allowManagedServersOnly'),
    pluginsOnly: setting('chat.customizations.strictPluginOnlyCustomization'),
  };
}

/** Whether any of them says something: most people's do not, and nothing has to be looked at then. */
export function saysSomething({ access, allowed, denied, managedOnly, pluginsOnly }: EditorPolicy): boolean {
  return (access !== undefined && access !== 'all') || [allowed, denied].some((list) => Array.isArray(list) && list.length > 0) || managedOnly === true || pluginsOnly === true;
}

/** Calls back when a setting that `readEditorPolicy` reads may have changed. */
export function onDidChangeEditorPolicy(run: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (SECTIONS.some((section) => event.affectsConfiguration(section))) run();
  });
}
