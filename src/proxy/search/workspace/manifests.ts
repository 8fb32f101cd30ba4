import { jsonOf, recordOf } from '../../json/data.ts';

/** How a manifest names what a project depends on. */
export type ManifestFormat = 'json' | 'lines';

/** The manifests that are read. */
export const MANIFESTS: ReadonlyMap<string, ManifestFormat> = new Map([
  ['package.json', 'json'],
  ['composer.json', 'json'],
  ['pyproject.toml', 'lines'],
  ['requirements.txt', 'lines'],
  ['Cargo.toml', 'lines'],
  ['go.mod', 'lines'],
  ['Gemfile', 'lines'],
  ['pubspec.yaml', 'lines'],
]);

const MEMBERS = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies', 'require', 'require-dev'];
const MAX_LINES = 2_000;
/** The first name of a line, in or out of quotes: `requests==2`, `gem "pg"`, `serde = "1"`, `"boto3>=1",`. */
const FIRST_NAME = /^\s*(?:gem\s+|require\s+|-\s+)?["']?([A-Za-z@][\w@./-]{1,127})/;

/** Names of packages that a manifest's text mentions as dependencies, and of a few other things: they say nothing then. */
export function dependenciesOf(text: string, format: ManifestFormat): string[] {
  return format === 'json' ? ofJson(text) : ofLines(text);
}

function ofJson(text: string): string[] {
  const manifest = recordOf(jsonOf(text));
  return MEMBERS.flatMap((member) => {
    const dependencies: unknown = manifest[member];
    return typeof dependencies === 'object' && dependencies !== null ? Object.keys(dependencies) : [];
  });
}

function ofLines(text: string): string[] {
  return text
    .split('\n', MAX_LINES)
    .flatMap((line) => [...(FIRST_NAME.exec(line)?.slice(1) ?? []), ...(line.includes('[') ? quotedNames(line) : [])]);
}

/** `dependencies = ["boto3>=1", "stripe"]`. */
function quotedNames(line: string): string[] {
  return [...line.matchAll(/["']([A-Za-z][\w.-]{1,127})/g)].flatMap(([, name]) => name ?? []);
}
