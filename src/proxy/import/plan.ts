import { parseServerInput } from '../config/paste.ts';
import { parseServersFile } from '../config/servers-file.ts';
import { freeName } from '../config/suggest-name.ts';
import type { InputEntry, ServerEntry } from '../config/edit.ts';
import type { UpstreamConfig } from '../config/types.ts';
import { fingerprintOf } from '../quarantine/launch.ts';
import type { Digest } from '../model.ts';
import { inOurWords } from './dialects.ts';
import { moveSecrets } from './move-secrets.ts';
import { withOurSandbox } from './sandbox.ts';
import type { FoundServer, Importable, ImportPlan, Skipped } from './types.ts';

/** What an import is planned against. */
export interface PlanOptions {
  /** Every server there is already. */
  readonly there: readonly UpstreamConfig[];
  /** Tells an entry that is this very proxy. */
  readonly isOwn: (name: string, entry: ServerEntry) => boolean;
  /** Of the machine the servers run on. */
  readonly platform: NodeJS.Platform;
}

/**
 * Plans the import of what was found: each launch once, under a free name, its literal secrets as references. What is
 * there already, is this proxy itself, or makes no server, is left out with the reason. Writes nothing.
 */
export function planImport(found: readonly FoundServer[], { there, isOwn, platform }: PlanOptions): ImportPlan {
  const known = new Map<Digest, string>(there.map((config) => [fingerprintOf(config), config.name]));
  const taken = new Set(there.map(({ name }) => name));
  const planned = new Map<Digest, Importable>();
  const skipped: Skipped[] = [];
  for (const server of found) {
    const read = readEntry(server, platform);
    if ('why' in read) {
      skipped.push({ found: server, reason: 'bad', why: read.why });
      continue;
    }
    if (isOwn(server.name, read.entry)) {
      skipped.push({ found: server, reason: 'own', why: 'This is Vestibule itself.' });
      continue;
    }
    const moved = moveSecrets(server.name, read.entry);
    const fingerprint = fingerprintOfEntry(moved.entry, read.inputs);
    const same = fingerprint && known.get(fingerprint);
    if (same !== undefined) {
      skipped.push({ found: server, reason: 'there', why: `The server "${same}" is the same.` });
      continue;
    }
    const twin = fingerprint && planned.get(fingerprint);
    if (fingerprint !== undefined && twin !== undefined) {
      planned.set(fingerprint, { ...twin, twins: [...twin.twins, server] });
      continue;
    }
    const name = freeName(server.name, (candidate) => taken.has(candidate));
    taken.add(name);
    const { entry, secrets } = name === server.name ? moved : moveSecrets(name, read.entry);
    planned.set(fingerprint ?? (`sha256-${name}`), { found: server, name, entry, secrets, inputs: read.inputs, notes: read.notes, twins: [] });
  }
  return { servers: [...planned.values()], skipped };
}

/** An entry in our grammar, or why it makes no server. */
function readEntry({ client, name, written, inputs, sandbox }: FoundServer, platform: NodeJS.Platform): { readonly entry: ServerEntry; readonly inputs: readonly InputEntry[]; readonly notes: readonly string[] } | { readonly why: string } {
  const { entry, notes } = withOurSandbox(inOurWords(client, written), sandbox, platform);
  // Only VS Code's grammar is ours; what stands under `mcpServers` is translated.
  const section = client === 'vscode' || client === 'vscode-insiders' ? 'servers' : 'mcpServers';
  const pasted = parseServerInput(JSON.stringify({ inputs, [section]: Object.fromEntries([[name, entry]]) }));
  if (!pasted.ok) return { why: `${pasted.problem} ${pasted.fix}` };
  const [server] = pasted.servers;
  return server === undefined ? { why: 'It makes no server.' } : { entry: server.entry, inputs: pasted.inputs, notes: [...notes, ...server.notes] };
}

function fingerprintOfEntry(entry: ServerEntry, inputs: readonly InputEntry[]): Digest | undefined {
  const [config] = parseServersFile(JSON.stringify({ inputs, servers: { server: entry } }), 'import', 'user').servers;
  return config && fingerprintOf(config);
}
