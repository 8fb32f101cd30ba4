import { isRecord, recordOf } from '../json/data.ts';

type Entry = Readonly<Record<string, unknown>>;

/** An entry, and what a person should know of how it was written differently. */
export interface Translated {
  readonly entry: Entry;
  readonly notes: readonly string[];
}

/**
 * VS Code's own sandbox in our words: an entry with `sandboxEnabled` keeps one, that of the system, instead of running
 * with more than its author meant. Where VS Code has none either (Windows) nothing is added.
 * @param sandbox section `sandbox` of the file, whose lists of hosts and folders hold for all its servers
 */
export function withOurSandbox(entry: Entry, sandbox: unknown, platform: NodeJS.Platform): Translated {
  const { sandboxEnabled, ...rest } = entry;
  if (sandboxEnabled !== true || typeof entry['command'] !== 'string') return { entry: sandboxEnabled === undefined ? entry : rest, notes: [] };
  if (platform === 'win32') return { entry: rest, notes: ['"sandboxEnabled" was left out: neither VS Code nor Vestibule has a sandbox on Windows; "isolation" of the kind "container" is one.'] };
  const { filesystem, network } = recordOf(sandbox);
  const hosts = textsOf(network, 'allowedDomains');
  const written = textsOf(filesystem, 'allowWrite');
  return {
    entry: { ...rest, isolation: { kind: 'sandbox', ...(hosts.length > 0 && { network: true }) } },
    notes: [
      'It ran in VS Code\'s sandbox, and runs in that of the system here ("isolation"), which hides your home folder.',
      ...(hosts.length > 0 ? [`It reaches the whole network: the sandbox of the system cannot let in ${hosts.join(', ')} alone.`] : []),
      ...(written.length > 0 ? [`It cannot write to ${written.join(', ')}: the sandbox of the system lets nothing be written but temporary files.`] : []),
    ],
  };
}

function textsOf(section: unknown, key: string): readonly string[] {
  const list = isRecord(section) ? section[key] : undefined;
  return Array.isArray(list) ? list.filter((text) => typeof text === 'string').slice(0, 20) : [];
}
