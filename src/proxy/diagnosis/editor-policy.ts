import { recordOf } from '../json/data.ts';

/*
 * Shown from the first moment on, so that it knows neither codes nor causes: the editor loads it with its start.
 */

/** What VS Code's own settings say of MCP servers, which an organisation may enforce; as read, of unknown shape. */
export interface EditorPolicy {
  /** `chat.mcp.access`: `none`, `registry` or `all`. */
  readonly access?: unknown;
  /** `chat.mcp.allowedServers` and `chat.mcp.deniedServers`: entries with `serverName`, `serverUrl` or `serverCommand`. */
  readonly allowed?: unknown;
  readonly denied?: unknown;
  /** `chat.mcp.allowManagedServersOnly`. */
  readonly managedOnly?: unknown;
  /** `chat.customizations.strictPluginOnlyCustomization`: shuts out what extensions bring. */
  readonly pluginsOnly?: unknown;
}

/** The gateway as such rules see it. */
export interface GatewayIdentity {
  /** The label it is registered under. */
  readonly label: string;
  readonly url: string;
  /** Tools it lists to agents of the editor one by one; undefined where they search instead. */
  readonly listedTools?: number | undefined;
}

/** One thing that the editor's settings keep from working, ready for a person. */
export interface PolicyFinding {
  readonly code: 'mcp-disabled' | 'mcp-not-allowed' | 'too-many-tools';
  readonly message: string;
  readonly evidence: readonly string[];
  /** What to do, or what to ask of whoever enforces the setting. */
  readonly fix: string;
  readonly setting: string;
}

/** More tools than this VS Code refuses in one request of a model, unless the model can search them itself. */
const MOST_TOOLS = 128;
/** Longer lists are not looked through: nobody writes them. */
const MAX_RULES = 1_000;

/** What the editor's settings keep from working, and what to ask of whoever enforces them. */
export function policyFindings({ access, allowed, denied, managedOnly, pluginsOnly }: EditorPolicy, gateway: GatewayIdentity): readonly PolicyFinding[] {
  const found: PolicyFinding[] = [];
  if (access === 'none' || access === 'registry') {
    found.push({
      code: 'mcp-disabled',
      message: access === 'none' ? 'The editor offers no MCP servers to its agents.' : 'The editor offers its agents only MCP servers of a registry.',
      evidence: [`chat.mcp.access: ${access}`],
      fix: 'Set chat.mcp.access to "all"; where your organisation enforces it, ask its administrators.',
      setting: 'chat.mcp.access',
    });
  }
  const barrier = barrierOf(allowed, denied, managedOnly, pluginsOnly, gateway);
  if (barrier !== undefined) {
    const { fix, setting, why } = barrier;
    found.push({ code: 'mcp-not-allowed', message: `The editor keeps ${gateway.label} from its agents: ${why}.`, evidence: [setting], fix, setting });
  }
  if (gateway.listedTools !== undefined && gateway.listedTools > MOST_TOOLS) {
    found.push({
      code: 'too-many-tools',
      message: `${gateway.listedTools} tools are listed one by one; the editor refuses more than ${MOST_TOOLS} in one request.`,
      evidence: [],
      fix: 'Let agents search instead: set vestibule.mode to "auto", and no "direct" in gateway.mode of a servers file.',
      setting: 'vestibule.mode',
    });
  }
  return found;
}

interface Barrier {
  readonly setting: string;
  readonly why: string;
  readonly fix: string;
}

function barrierOf(allowed: unknown, denied: unknown, managedOnly: unknown, pluginsOnly: unknown, gateway: GatewayIdentity): Barrier | undefined {
  const asks = `Ask the administrators to allow the server "${gateway.label}" or the address http://127.0.0.1:*`;
  if (rulesOf(denied).some((rule) => covers(rule, gateway))) {
    return { setting: 'chat.mcp.deniedServers', why: 'a rule of chat.mcp.deniedServers covers it', fix: `${asks}: take the rule out of chat.mcp.deniedServers.` };
  }
  const allowing = rulesOf(allowed);
  if (allowing.length > 0 && !allowing.some((rule) => covers(rule, gateway))) {
    return { setting: 'chat.mcp.allowedServers', why: 'no rule of chat.mcp.allowedServers covers it', fix: `${asks} in chat.mcp.allowedServers.` };
  }
  if (managedOnly === true) {
    return { setting: 'chat.mcp.allowManagedServersOnly', why: 'only servers that the organisation manages are allowed', fix: `${asks} among the managed servers, or to lift chat.mcp.allowManagedServersOnly.` };
  }
  if (pluginsOnly === true) {
    return { setting: 'chat.customizations.strictPluginOnlyCustomization', why: 'servers of extensions are shut out', fix: 'Ask the administrators to lift chat.customizations.strictPluginOnlyCustomization.' };
  }
  return undefined;
}

function rulesOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, MAX_RULES) : [];
}

/** Whether a rule is about the gateway. A rule about a command is not: nothing is started. */
function covers(rule: unknown, { label, url }: GatewayIdentity): boolean {
  const { serverName, serverUrl } = recordOf(rule);
  return (typeof serverName === 'string' && matches(serverName, label)) || (typeof serverUrl === 'string' && matches(serverUrl, url));
}

/** Whether a text fits a pattern whose `*` stands for anything. */
function matches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.toLowerCase().split('*');
  const whole = text.toLowerCase();
  if (rest.length === 0) return whole === first;
  if (!whole.startsWith(first)) return false;
  const last = rest.pop() ?? '';
  let at = first.length;
  for (const part of rest) {
    const found = whole.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return whole.length - last.length >= at && whole.endsWith(last);
}
