import type { LaunchDescription } from '../../proxy/api.ts';
import type { HttpTransport, StdioTransport } from '../../proxy/config/types.ts';
import { visible } from '../text.ts';

const PLAIN_ARGUMENT = /^[\w@%+=:,./~^\\-]+$/;

/**
 * An argument vector on one line, whole: arguments that hold anything but plain characters are in JSON quotes, so
 * that no two vectors look alike; invisible characters are spelled out.
 */
export function commandLine(argv: readonly string[]): string {
  return argv.map((argument) => (PLAIN_ARGUMENT.test(argument) ? argument : visible(JSON.stringify(argument)))).join(' ');
}

/** What approving this launch would let happen, in one line: the whole command line or address. */
export function launchLine(launch: Pick<LaunchDescription, 'argv' | 'url'>): string {
  return launch.argv === undefined ? visible(launch.url ?? '') : commandLine(launch.argv);
}

/** The other facts of a launch, as label and whole value, in the order a person asks for them. */
export function launchFacts(launch: LaunchDescription): readonly (readonly [label: string, value: string])[] {
  const facts: [string, string][] = [];
  if (launch.cwd !== undefined) facts.push(['Working folder', visible(launch.cwd)]);
  if (launch.envNames.length > 0) facts.push(['Environment variables', names(launch.envNames)]);
  if (launch.envFile !== undefined) facts.push(['Environment file', visible(launch.envFile)]);
  if (launch.headerNames.length > 0) facts.push(['Headers', names(launch.headerNames)]);
  return facts;
}

/** The launch of an entry that is not configured yet, described as `LaunchDescription` describes a configured one. */
export function describeTransport(transport: StdioTransport | HttpTransport): Omit<LaunchDescription, 'fingerprint' | 'approved'> {
  return transport.type === 'stdio'
    ? {
        argv: [transport.command, ...transport.args],
        cwd: transport.cwd,
        envNames: Object.keys(transport.env),
        envFile: transport.envFile,
        url: undefined,
        headerNames: [],
      }
    : {
        argv: undefined,
        cwd: undefined,
        envNames: [],
        envFile: undefined,
        url: transport.url,
        headerNames: Object.keys(transport.headers),
      };
}

function names(list: readonly string[]): string {
  return list.map(visible).join(', ');
}
