import * as vscode from 'vscode';
import type { GatewaySnapshot } from '../proxy/api.ts';
import { policyFindings, type EditorPolicy, type GatewayIdentity } from '../proxy/diagnosis/editor-policy.ts';
import { PROVIDER_LABEL } from './ids.ts';
import { approvedTools } from './present/status.ts';
import { oneLine } from './text.ts';

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

/** How rules of the editor see the gateway. */
export function identityOf(snapshot: GatewaySnapshot): GatewayIdentity {
  const { endpoint, menu } = snapshot;
  // Any port stands for the one that is not known before the first listening.
  return { label: PROVIDER_LABEL, url: endpoint?.url ?? 'http://127.0.0.1:1/mcp', listedTools: menu.effective === 'direct' ? approvedTools({ snapshot }) : undefined };
}

/** What stands above the servers while the editor keeps the gateway from its agents; undefined where it does not. */
export function policyMessage(snapshot: GatewaySnapshot): string | undefined {
  const [first] = policyFindings(readEditorPolicy(), identityOf(snapshot));
  return first && oneLine(`${first.message} ${first.fix}`, 400);
}

/** Calls back when a setting that `readEditorPolicy` reads may have changed. */
export function onDidChangeEditorPolicy(run: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (SECTIONS.some((section) => event.affectsConfiguration(section))) run();
  });
}
