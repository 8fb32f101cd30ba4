import type { UpstreamConfig } from '../config/types.ts';
import type { DiagnosisCode } from './codes.ts';
import { diagnosis } from './diagnosis.ts';
import type { Diagnosis } from './types.ts';

/** Variables of our own process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Failures that a network which only a proxy leads out of has. */
const UNREACHED: ReadonlySet<DiagnosisCode> = new Set(['connection-failed', 'connection-refused', 'name-not-resolved', 'handshake-timeout']);
const VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'];
const LOCAL = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Says that a proxy in the environment was not used, where that may be why a server was not reached. */
export function proxyNotUsed({ name: server, at, transport }: UpstreamConfig, code: DiagnosisCode, environment: Environment): readonly Diagnosis[] {
  if (transport.type === 'stdio' || !UNREACHED.has(code) || !URL.canParse(transport.url)) return [];
  const { hostname } = new URL(transport.url);
  const variable = VARIABLES.find((name) => (environment[name] ?? '') !== '');
  if (variable === undefined || LOCAL.test(hostname)) return [];
  return [
    diagnosis('proxy-not-used', {
      level: 'warning',
      server,
      at,
      message: `${variable} is set, and ${hostname} was dialled without it.`,
      // Its value may hold a password.
      evidence: [`${variable} is set`],
      fix: 'Let this machine reach the address directly, or run a bridge such as mcp-remote as a stdio server, which uses the proxy.',
      remedies: [{ kind: 'act', title: 'Open its entry', act: 'open-entry', server }],
    }),
  ];
}
