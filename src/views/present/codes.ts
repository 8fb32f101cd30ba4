import type { AgentErrorCode } from '../../proxy/errors.ts';
import { t } from '../l10n.ts';

/** Why a call did not succeed, and what a person can do about it, by the code that its record has. */
const WHY: Readonly<Record<AgentErrorCode, () => string>> = {
  unknown_tool: () => t('No server has a tool of this name. Restart its server if it should be there; the agent finds others with retrieve_tools.'),
  awaiting_approval: () => t('The tool, or the launch of its server, awaits your approval. Review it in Quarantine.'),
  blocked: () => t('You blocked this tool. To allow it again, approve it in the view of its server.'),
  not_permitted: () => t('The agent’s token, or the tools that its server allows, leave it out. Its scope stands under Agents, the rest in the servers file.'),
  paused: () => t('Calls were paused. Resume them from the status bar.'),
  invalid_arguments: () => t('The arguments do not fit what the tool asks for; nothing was sent.'),
  consent_declined: () => t('You were asked and said no, or nobody answered in time; nothing was sent.'),
  rate_limited: () => t('A limit on calls was reached; nothing was sent. Limits stand in the servers file.'),
  overloaded: () => t('Too many calls were waiting for their turn; nothing was sent.'),
  circuit_open: () => t('The server failed several times in a row and is left alone for a moment. It is tried again by itself.'),
  timeout: () => t('No answer came in time. “timeoutSeconds” of its entry in the servers file says how long to wait.'),
  upstream_unavailable: () => t('The server could not be reached, or did not start. Run Doctor says why.'),
  auth_required: () => t('The server wants a sign-in: choose Sign In in its menu.'),
  too_large: () => t('The arguments or the answer are larger than is let through.'),
  ambiguous: () => t('The connection ended after the call was sent: it may have run. Look before you call again.'),
  internal: () => t('Vestibule itself failed. Its log has the details.'),
};

/** The explanation of a code; undefined for one that is not ours. */
export function whyOf(code: string): string | undefined {
  return Object.hasOwn(WHY, code) ? WHY[code as AgentErrorCode]() : undefined;
}
