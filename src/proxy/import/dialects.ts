import type { ClientId } from '../clients/client-files.ts';

type Entry = Readonly<Record<string, unknown>>;

/**
 * What an entry means where a client's words mean something else than ours: the address of Gemini CLI's `url` is a
 * legacy SSE stream, Copilot CLI's `tools` lists what is allowed, Codex takes its token from a variable. What is left
 * as it is, `parseServerInput` reads.
 */
export function inOurWords(client: ClientId, entry: Entry): Entry {
  switch (client) {
    case 'gemini':
      return withTools(withSeconds(entry, 'timeout', 1_000), entry['includeTools'], entry['excludeTools'], ['includeTools', 'excludeTools'], 'httpUrl' in entry || entry['type'] !== undefined ? {} : sse(entry));
    case 'copilot-cli':
      return withTools(withSeconds(entry, 'timeout', 1_000), entry['tools'], undefined, ['tools'], {});
    case 'codex':
      return codex(entry);
    case 'cline':
    case 'roo':
      return withTools(withSeconds(entry, 'timeout', 1), undefined, entry['disabledTools'], ['disabledTools'], {});
    default:
      return entry;
  }
}

function sse(entry: Entry): Entry {
  return typeof entry['url'] === 'string' ? { type: 'sse' } : {};
}

function codex(entry: Entry): Entry {
  const { bearer_token_env_var: bearer, env_http_headers: fromEnv, http_headers: literal, env_vars: passed, enabled_tools: allow, disabled_tools: deny, tool_timeout_sec: seconds, ...rest } = entry;
  const headers = {
    ...strings(literal),
    ...Object.fromEntries(Object.entries(strings(fromEnv)).map(([name, variable]) => [name, `\${env:${variable}}`])),
    ...(typeof bearer === 'string' && { Authorization: `Bearer \${env:${bearer}}` }),
  };
  const env = { ...(Array.isArray(passed) ? Object.fromEntries(passed.filter((name) => typeof name === 'string').map((name) => [name, `\${env:${name}}`])) : {}), ...strings(rest['env']) };
  return withTools(
    { ...rest, ...(typeof seconds === 'number' && { timeoutSeconds: Math.ceil(seconds) }), ...(Object.keys(headers).length > 0 && { headers }), ...(Object.keys(env).length > 0 && { env }) },
    allow,
    deny,
    [],
    {},
  );
}

/** The entry with lists of tools in our form, without those in the other. */
function withTools(entry: Entry, allow: unknown, deny: unknown, instead: readonly string[], more: Entry): Entry {
  const rest = Object.fromEntries(Object.entries(entry).filter(([key]) => !instead.includes(key)));
  const allowed = names(allow).filter((name) => name !== '*');
  const denied = names(deny);
  const tools = { ...(allowed.length > 0 && { allow: allowed }), ...(denied.length > 0 && { deny: denied }) };
  return { ...rest, ...more, ...(Object.keys(tools).length > 0 && { tools }) };
}

function withSeconds(entry: Entry, key: string, unit: number): Entry {
  const { [key]: value, ...rest } = entry;
  return typeof value === 'number' && value > 0 ? { ...rest, timeoutSeconds: Math.max(1, Math.ceil(value / unit)) } : rest;
}

function names(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}

function strings(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter((member): member is [string, string] => typeof member[1] === 'string'));
}
