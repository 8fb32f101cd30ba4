import type { GatewaySnapshot } from '../proxy/api.ts';
import { policyFindings, type EditorPolicy, type GatewayIdentity } from '../proxy/diagnosis/editor-policy.ts';
import { PROVIDER_LABEL } from './ids.ts';
import { approvedTools } from './present/status.ts';
import { oneLine } from './text.ts';

/** How rules of the editor see the gateway. */
export function identityOf(snapshot: GatewaySnapshot): GatewayIdentity {
  const { endpoint, menu } = snapshot;
  // Any port stands for the one that is not known before the first listening.
  return { label: PROVIDER_LABEL, url: endpoint?.url ?? 'http://127.0.0.1:1/mcp', listedTools: menu.effective === 'direct' ? approvedTools({ snapshot }) : undefined };
}

/** What stands above the servers while the editor keeps the gateway from its agents; undefined where it does not. */
export function policyMessage(policy: EditorPolicy, snapshot: GatewaySnapshot): string | undefined {
  const [first] = policyFindings(policy, identityOf(snapshot));
  return first && oneLine(`${first.message} ${first.fix}`, 400);
}

