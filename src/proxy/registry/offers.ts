import type { ServerEntry } from '../config/edit.ts';
import { isBundleUrl } from './bundle/download.ts';
import type { Offer } from './types.ts';
import { recordOf } from '../json/data.ts';
import { Asked, recordsOf, text, UnusableError } from './values.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Bounds of one server.json. */
const MAX_OFFERS = 16;
const MAX_ARGUMENTS = 64;

/**
 * The ways of using a server that its server.json (schema 2025-12-11) names, as entries of a servers file: exactly what
 * will be started or dialled. Packages are pinned to the version named. Ways that cannot be offered are told in `notes`.
 */
export function offersOf(server: Fields): { readonly offers: readonly Offer[]; readonly notes: readonly string[] } {
  const name = typeof server['name'] === 'string' ? server['name'] : 'server';
  const offers: Offer[] = [];
  const notes: string[] = [];
  const collect = (kind: unknown, make: () => Offer): void => {
    try {
      offers.push(make());
    } catch (error) {
      if (!(error instanceof UnusableError)) throw error;
      notes.push(`${typeof kind === 'string' ? kind : 'One way'} is not offered: ${error.message}.`);
    }
  };
  for (const remote of recordsOf(server['remotes'], MAX_OFFERS)) collect(remote['type'], () => remoteOffer(name, remote));
  for (const part of recordsOf(server['packages'], MAX_OFFERS)) collect(part['registryType'], () => packageOffer(name, part));
  return { offers, notes };
}

function remoteOffer(server: string, remote: Fields): Offer {
  const asked = new Asked(server);
  const kind = remote['type'] === 'sse' ? 'sse' : remote['type'] === 'streamable-http' ? 'http' : undefined;
  if (kind === undefined) throw new UnusableError('its transport is not known here');
  const url = asked.valueOf('url', { value: remote['url'], variables: remote['variables'] });
  if (url === undefined || !/^https?:\/\//.test(url)) throw new UnusableError('it names no address');
  const headers = namedValues(asked, remote['headers']);
  return { kind, what: url, entry: { type: kind, url, ...(Object.keys(headers).length > 0 && { headers }) }, inputs: asked.inputs };
}

function packageOffer(server: string, part: Fields): Offer {
  const asked = new Asked(server);
  const kind = text(part['registryType']) ?? '';
  const runner = RUNNERS.get(kind);
  if (runner === undefined && kind !== 'mcpb') throw new UnusableError('this kind of package is not known here');
  if (recordOf(part['transport'])['type'] !== 'stdio') throw new UnusableError('it serves an address instead of its standard streams; start it yourself and add that');
  const identifier = text(part['identifier']) ?? '';
  const version = text(part['version']);
  if (runner === undefined) return bundleOffer(identifier, part['fileSha256']);
  if (!runner.identifier.test(identifier)) throw new UnusableError('its package has no proper name');
  if (version !== undefined && !VERSION.test(version)) throw new UnusableError('its version is not one exact version');
  const env = namedValues(asked, part['environmentVariables']);
  const own = argumentsOf(asked, part['runtimeArguments']);
  const [command, ...words] = runner.words(identifier, version, own, Object.keys(env));
  const args = [...words, ...argumentsOf(asked, part['packageArguments'])];
  const entry: ServerEntry = { type: 'stdio', command, args, ...(Object.keys(env).length > 0 && { env }) };
  return { kind, what: version === undefined ? identifier : `${identifier} ${version}`, entry, inputs: asked.inputs };
}

function bundleOffer(url: string, digest: unknown): Offer {
  if (!isBundleUrl(url)) throw new UnusableError('it names no address that bundles are fetched from');
  const sha256 = text(digest)?.toLowerCase() ?? '';
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new UnusableError('it names no SHA-256 of the bundle, so that nobody could tell it from another');
  return { kind: 'mcpb', what: url, bundle: { url, sha256 } };
}

/** Ranges and tags move; a registry that is followed names exact versions. */
const VERSION = /^(?!latest$)[\w][\w.+-]{0,100}$/;

interface Runner {
  readonly identifier: RegExp;
  /** Program and arguments up to those of the package. */
  readonly words: (identifier: string, version: string | undefined, own: readonly string[], env: readonly string[]) => readonly [string, ...string[]];
}

const RUNNERS: ReadonlyMap<string, Runner> = new Map<string, Runner>([
  ['npm', { identifier: /^(?:@[\w.-]+\/)?[\w][\w.-]*$/, words: (identifier, version, own) => ['npx', '-y', ...own, at(identifier, '@', version)] }],
  ['pypi', { identifier: /^[\w][\w.-]*$/, words: (identifier, version, own) => ['uvx', ...own, at(identifier, '@', version)] }],
  ['nuget', { identifier: /^[\w][\w.]*$/, words: (identifier, version, own) => ['dnx', at(identifier, '@', version), '--yes', ...own] }],
  [
    'oci',
    {
      identifier: /^[a-z0-9][\w./:@-]*$/,
      words: (identifier, version, own, env) => [
        'docker',
        'run',
        '-i',
        '--rm',
        ...env.flatMap((name) => ['-e', name]),
        ...own,
        /[:@]/.test(identifier.slice(identifier.lastIndexOf('/') + 1)) ? identifier : at(identifier, ':', version),
      ],
    },
  ],
]);

function at(identifier: string, sign: string, version: string | undefined): string {
  if (version === undefined) throw new UnusableError('it names no version');
  return `${identifier}${sign}${version}`;
}

function argumentsOf(asked: Asked, list: unknown): string[] {
  return recordsOf(list, MAX_ARGUMENTS).flatMap((argument) => {
    const name = text(argument['name']);
    if (argument['type'] !== 'named' || name === undefined) {
      const value = asked.valueOf(text(argument['valueHint']) ?? 'argument', argument);
      return value === undefined ? [] : [value];
    }
    const takesValue = ['value', 'default', 'isRequired', 'choices', 'isSecret', 'valueHint', 'format'].some((key) => argument[key] !== undefined && argument[key] !== false);
    const value = asked.valueOf(name, argument);
    if (value !== undefined) return [name, value];
    return takesValue ? [] : [name];
  });
}

function namedValues(asked: Asked, list: unknown): Record<string, string> {
  return Object.fromEntries(
    recordsOf(list, MAX_ARGUMENTS).flatMap((field): [string, string][] => {
      const name = text(field['name']);
      const value = name === undefined ? undefined : asked.valueOf(name, field);
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
}
