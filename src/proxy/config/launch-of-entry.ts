import type { LaunchFacts } from '../api.ts';
import { envNamesOf } from './env-names.ts';

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

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function keysOf(value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}
