/*
 * Every key a servers file may hold (contract §2), by the object it stands in. The parser warns about others, and
 * a test holds `media/vestibule.schema.json` to the same lists.
 */

export const FILE_KEYS = ['$schema', 'inputs', 'servers', 'gateway', 'profiles', 'sandbox'] as const;

export const SERVER_KEYS = [
  // VS Code's mcp.json
  'type', 'command', 'args', 'env', 'envFile', 'cwd', 'url', 'headers', 'dev', 'sandboxEnabled', 'oauth', 'gallery', 'version',
  // ours
  'enabled', 'lazy', 'idleStopMinutes', 'timeoutSeconds', 'maxTimeoutSeconds', 'tools', 'limits', 'retry', 'breaker', 'cache', 'failover', 'hedge', 'outlier', 'canary', 'mirror',
  'output', 'isolation', 'shared', 'newVersion',
] as const;

export const TOOLS_KEYS = ['allow', 'deny', 'alias', 'overrides'] as const;
export const OVERRIDE_KEYS = ['description', 'hide', 'pin', 'defaults', 'rename', 'tier'] as const;
export const LIMITS_KEYS = ['perMinute', 'tools', 'concurrent', 'queue', 'queueSeconds', 'maxArguments'] as const;
export const RETRY_KEYS = ['attempts', 'backoffMs', 'budget'] as const;
export const BREAKER_KEYS = ['failures', 'calls', 'windowSeconds', 'openSeconds', 'trials', 'on'] as const;
export const HEDGE_KEYS = ['afterMs', 'quantile', 'budget', 'tools'] as const;
export const OUTLIER_KEYS = ['consecutive', 'failures', 'latency', 'calls', 'windowSeconds', 'ejectSeconds', 'maxEjectSeconds', 'share', 'on'] as const;
export const GATEWAY_LIMITS_KEYS = ['perMinute', 'perAgent', 'budget'] as const;
export const BUDGET_KEYS = ['maxCalls', 'maxTokens', 'per'] as const;
export const AUTONOMOUS_KEYS = ['registries', 'hosts'] as const;
export const JWT_KEYS = ['issuer', 'audience', 'jwksUrl', 'algorithms', 'clockSkewSeconds', 'rolesClaim', 'roles'] as const;
export const INTROSPECTION_KEYS = ['issuer', 'audience', 'url', 'clientId', 'clientSecret', 'authentication', 'cacheSeconds', 'rolesClaim', 'roles'] as const;
export const ROLE_KEYS = ['servers', 'tools', 'tier', 'profile', 'perMinute', 'budget'] as const;
export const SHARE_KEYS = ['server', 'share', 'tools'] as const;
export const CACHE_KEYS = ['seconds', 'tools', 'resources', 'resourceSeconds'] as const;
export const OUTPUT_KEYS = ['limit', 'injections', 'secrets'] as const;
/** `enterpriseManaged` is VS Code's own. */
export const OAUTH_KEYS = [
  'clientId', 'clientSecret', 'scopes', 'issuer', 'clientMetadataUrl', 'redirectPort', 'pkce', 'privateNetwork', 'grant', 'privateKey', 'algorithm', 'enterprise',
  'editorAccount', 'enterpriseManaged',
] as const;
export const ENTERPRISE_KEYS = ['tokenEndpoint', 'clientId', 'idToken'] as const;
export const ISOLATION_KEYS = ['kind', 'engine', 'image', 'network', 'mounts', 'memoryMb', 'cpus'] as const;
export const INPUT_KEYS = ['id', 'type', 'description', 'default', 'password', 'options', 'command', 'args'] as const;
export const GATEWAY_KEYS = ['mode', 'topK', 'responseLimit', 'instructions', 'autonomy', 'directThreshold', 'pinned', 'codeExecution', 'metrics', 'traces', 'learn', 'limits', 'cache', 'jwt', 'introspection', 'autonomous'] as const;
export const CACHE_STORE_KEYS = ['store', 'url'] as const;
export const PROFILE_KEYS = ['servers', 'tools', 'mode', 'pinned'] as const;

/** Keys of other clients' files, and what to write instead. */
export const FOREIGN_SERVER_KEYS: ReadonlyMap<string, string> = new Map([
  ['disabled', 'Write "enabled": false to switch a server off.'],
  ['httpUrl', 'Write "url".'],
  ['serverUrl', 'Write "url".'],
  ['transport', 'Write "type": "stdio", "http" or "sse".'],
  ['transportType', 'Write "type": "stdio", "http" or "sse".'],
  ['timeout', 'Write "timeoutSeconds", in seconds.'],
  ['autoApprove', 'Remove it: tools are approved by a person in the quarantine, not by a file.'],
  ['alwaysAllow', 'Remove it: tools are approved by a person in the quarantine, not by a file.'],
  ['trust', 'Remove it: tools are approved by a person in the quarantine, not by a file.'],
  ['includeTools', 'Write "tools": { "allow": [...] }.'],
  ['excludeTools', 'Write "tools": { "deny": [...] }.'],
  ['disabledTools', 'Write "tools": { "deny": [...] }.'],
]);
