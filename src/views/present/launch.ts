import { visible } from '../../proxy/json/visible.ts';
import type { LaunchDescription } from '../../proxy/api.ts';
import { envNamesOf } from '../../proxy/config/env-names.ts';

/** A launch without what the gateway makes of it. */
type LaunchFacts = Omit<LaunchDescription, 'fingerprint' | 'approved'>;

const PLAIN_ARGUMENT = /^[\w@%+=:,./~^\\-]+$/;

/**
 * An argument vector on one line, whole: arguments that hold anything but plain characters are in JSON quotes, so
 * that no two vectors look alike; invisible characters are spelled out.
 */
export function commandLine(argv: readonly string[]): string {
  return argv.map((argument) => (PLAIN_ARGUMENT.test(argument) ? argument : visible(JSON.stringify(argument)))).join(' ');
}

/** What approving this launch would let happen, in one line: the whole command line or address. */
export function launchLine(launch: Pick<LaunchDescription, 'argv' | 'isolated' | 'url'>): string {
  const argv = launch.isolated ?? launch.argv;
  return argv === undefined ? visible(launch.url ?? '') : commandLine(argv);
}

/** The other facts of a launch, as label and whole value, in the order a person asks for them. */
export function launchFacts(launch: LaunchFacts): readonly (readonly [label: string, value: string])[] {
  const facts: [string, string][] = launch.isolation === undefined ? [] : [['Isolation', visible(launch.isolation)]];
  if (launch.cwd !== undefined) facts.push(['Working folder', visible(launch.cwd)]);
  if (launch.envNames.length > 0) facts.push(['Environment variables', names(launch.envNames)]);
  if (launch.envFile !== undefined) facts.push(['Environment file', visible(launch.envFile)]);
  if (launch.headerNames.length > 0) facts.push(['Headers', names(launch.headerNames)]);
  return facts;
}

/**
 * The launch of an entry in the grammar of a servers file that is not in one yet, described as a configured one is.
 * The parser has accepted the entry; members of another type than it demands count as absent.
 */
export function launchOfEntry(entry: Readonly<Record<string, unknown>>): LaunchFacts {
  const { command, args, env, headers } = entry;
  return {
    argv: typeof command === 'string' ? [command, ...(Array.isArray(args) ? args.map(String) : [])] : undefined,
    cwd: textOf(entry['cwd']),
    envNames: isVariables(env) ? envNamesOf(env) : [],
    envFile: textOf(entry['envFile']),
    url: textOf(entry['url']),
    headerNames: keysOf(headers),
  };
}

function isVariables(env: unknown): env is Readonly<Record<string, string | number | null>> {
  return typeof env === 'object' && env !== null && !Array.isArray(env);
}

/** True when both would run or dial the same: everything a fingerprint covers. */
export function sameLaunch(a: LaunchFacts, b: LaunchFacts): boolean {
  return comparable(a) === comparable(b);
}

function comparable({ argv, isolated, cwd, envFile, envNames, headerNames, url }: LaunchFacts): string {
  return JSON.stringify({ argv, isolated, cwd, envFile, url, env: [...envNames].sort(), headers: [...headerNames].sort() });
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function keysOf(value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}

function names(list: readonly string[]): string {
  return list.map(visible).join(', ');
}
