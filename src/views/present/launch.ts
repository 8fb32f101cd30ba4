import { visible } from '../../proxy/json/visible.ts';
import type { LaunchDescription, LaunchFacts } from '../../proxy/api.ts';
import { shownAddress } from '../../proxy/config/shown-address.ts';

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
  return argv === undefined ? visible(shownAddress(launch.url ?? '')) : commandLine(argv);
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

/** True when both would run or dial the same: everything a fingerprint covers. */
export function sameLaunch(a: LaunchFacts, b: LaunchFacts): boolean {
  return comparable(a) === comparable(b);
}

function comparable({ argv, isolated, cwd, envFile, envNames, headerNames, url }: LaunchFacts): string {
  return JSON.stringify({ argv, isolated, cwd, envFile, url, env: [...envNames].sort(), headers: [...headerNames].sort() });
}

function names(list: readonly string[]): string {
  return list.map(visible).join(', ');
}
