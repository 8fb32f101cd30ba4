import type { LaunchDescription } from '../api.ts';
import { envNamesOf } from '../config/env-names.ts';
import { isolatedArgv, isolationText } from '../config/isolation.ts';
import type { IsolationSettings, StdioTransport, UpstreamConfig } from '../config/types.ts';
import { VestibuleError } from '../errors.ts';
import { sha256 } from '../json/canonical.ts';
import type { Digest } from '../model.ts';
import { scanLaunch } from '../scanner/launch.ts';

/**
 * The fingerprint a launch is approved at (contract §5): what is started or dialled, with variables unresolved so
 * that it is the same on every machine. Values of environment variables and headers do not count, their names do
 * (but see `envNamesOf`).
 */
export function fingerprintOf({ transport }: UpstreamConfig): Digest {
  let fingerprint = fingerprints.get(transport);
  if (fingerprint === undefined) {
    fingerprint = digestOfLaunch(transport);
    fingerprints.set(transport, fingerprint);
  }
  return fingerprint;
}

/** A configuration never changes, it is replaced; every look at all servers asks for these again. */
const fingerprints = new WeakMap<UpstreamConfig['transport'], Digest>();

function digestOfLaunch(transport: UpstreamConfig['transport']): Digest {
  // Members in sorted order and nothing but strings, so this text is RFC 8785 canonical as it is.
  return sha256(
    transport.type === 'stdio'
      ? JSON.stringify({
          args: transport.args,
          command: transport.command,
          cwd: transport.cwd,
          env: envNamesOf(transport.env),
          envFile: transport.envFile,
          // What changes how it is kept apart is another launch; without it the digest is what it always was.
          ...(transport.isolation !== undefined && { isolation: sortedIsolation(transport.isolation) }),
          type: transport.type,
        })
      : JSON.stringify({ headers: Object.keys(transport.headers).sort(), type: transport.type, url: transport.url }),
  );
}

/**
 * True when the command fetches a package without an exact version: the program behind an approved launch can be another
 * one tomorrow (security W12).
 */
export function namesNoVersion({ transport }: Pick<UpstreamConfig, 'transport'>): boolean {
  return transport.type === 'stdio' && scanLaunch([transport.command, ...transport.args]).length > 0;
}

/** What approving this launch means, for a person: whole, variables unresolved, names of variables but no values. */
export function describeLaunch(config: UpstreamConfig): Omit<LaunchDescription, 'approved'> {
  const { transport } = config;
  const fingerprint = fingerprintOf(config);
  if (transport.type === 'stdio') {
    return {
      fingerprint,
      argv: [transport.command, ...transport.args],
      cwd: transport.cwd,
      envNames: envNamesOf(transport.env),
      envFile: transport.envFile,
      url: undefined,
      headerNames: [],
      ...(transport.isolation !== undefined && isolated(transport, transport.isolation)),
    };
  }
  return {
    fingerprint,
    argv: undefined,
    cwd: undefined,
    envNames: [],
    envFile: undefined,
    url: transport.url,
    headerNames: Object.keys(transport.headers).sort(),
  };
}

function sortedIsolation(isolation: IsolationSettings): object {
  return Object.fromEntries(Object.entries(isolation).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The vector that is started instead, by the same lines that make it at the launch; variables unresolved. */
function isolated({ command, args, cwd, env }: StdioTransport, isolation: IsolationSettings): Pick<LaunchDescription, 'isolation' | 'isolated'> {
  const { platform } = process;
  const envNames = Object.entries(env).flatMap(([name, value]) => (value === null ? [] : [name]));
  const text = isolationText({ command, cwd, isolation, platform });
  try {
    return { isolation: text, isolated: isolatedArgv({ command, args, isolation, cwd, envNames, home: '${userHome}', platform }) };
  } catch (error) {
    if (!VestibuleError.is(error)) throw error;
    return { isolation: `${text}: ${error.message}` };
  }
}
