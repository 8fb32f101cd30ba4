import { parse as parseToml } from 'smol-toml';
import { CLIENTS, type Client, type ClientFile, type ClientId, type Machine } from '../clients/client-files.ts';
import { readJsonc, valueOf, withoutByteOrderMark } from '../config/jsonc.ts';
import { VestibuleError, messageOf } from '../errors.ts';
import { readTextIfExists } from '../storage/atomic-file.ts';
import type { Found, FoundServer } from './types.ts';
import { isRecord, jsonOf, recordOf } from '../json/data.ts';

/** Claude Code keeps its whole history in the file that holds its servers. */
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_SERVERS = 1_000;

/** Where servers are looked for. */
export interface FindOptions {
  readonly machine: Machine;
  /** Absolute; its files are read too. */
  readonly workspaceFolder: string | undefined;
  /** All clients when left out. */
  readonly clients?: readonly ClientId[];
  /** Files that only the caller knows: those of the editor it runs in. */
  readonly more?: readonly (ClientFile & { readonly client: ClientId })[];
}

/** Reads every file of other clients that is there. A file that cannot be read costs no more than itself. */
export async function findServers({ machine, workspaceFolder, clients, more = [] }: FindOptions): Promise<Found> {
  const wanted = CLIENTS.filter(({ id }) => clients === undefined || clients.includes(id));
  const files = [...more.filter(({ client }) => wanted.some(({ id }) => id === client)), ...wanted.flatMap((client) => filesOf(client, machine, workspaceFolder))];
  const seen = new Set<string>();
  const found: { servers: FoundServer[]; files: Found['files'][number][]; problems: VestibuleError[] } = { servers: [], files: [], problems: [] };
  for (const file of files) {
    if (seen.has(file.path)) continue;
    seen.add(file.path);
    try {
      const text = await readTextIfExists(file.path, MAX_BYTES);
      if (text === undefined) continue;
      const servers = serversIn(text, file, workspaceFolder).slice(0, MAX_SERVERS);
      found.files.push({ client: file.client, file: file.path, servers: servers.length });
      found.servers.push(...servers);
    } catch (error) {
      found.problems.push(problemOf(file.path, error));
    }
  }
  return found;
}

type OwnedFile = ClientFile & { readonly client: ClientId };

function filesOf({ id, userFiles, workspaceFiles }: Client, machine: Machine, folder: string | undefined): readonly OwnedFile[] {
  const files = [...userFiles(machine), ...(folder === undefined ? [] : workspaceFiles(machine, folder))];
  // Continue's own list is YAML with another grammar; it reads JSON files beside it, and those are read here.
  return files.filter(({ format }) => format !== 'yaml').map((file) => ({ ...file, client: id }));
}

/** @throws VestibuleError when the text is broken */
function serversIn(text: string, file: OwnedFile, folder: string | undefined): FoundServer[] {
  const root = contentOf(text, file);
  const inputs = at(root, ['inputs']);
  const sandbox = at(root, ['sandbox']);
  return membersFor(file, folder).flatMap((path) =>
    Object.entries(recordOf(at(root, path))).flatMap(([name, written]): FoundServer[] =>
      isRecord(written) ? [{ client: file.client, file: file.path, path: [...path, name], name, written, inputs: Array.isArray(inputs) ? inputs : [], ...(sandbox !== undefined && { sandbox }) }] : [],
    ),
  );
}

/** Claude Code also keeps servers by project. */
function membersFor({ client, member, scope }: OwnedFile, folder: string | undefined): readonly (readonly string[])[] {
  return client === 'claude-code' && scope === 'user' && folder !== undefined ? [member, ['projects', folder, ...member]] : [member];
}

function contentOf(text: string, { path, format }: OwnedFile): unknown {
  if (format === 'toml') return parseToml(text);
  // Nearly every file is plain JSON, also those that are too large for the reader of files with comments.
  const strict = jsonOf(withoutByteOrderMark(text));
  if (strict !== undefined) return strict;
  const { root, broken, at: positionOf } = readJsonc(text, path);
  if (broken !== undefined) throw new VestibuleError('bad-config', `${path} cannot be read: ${broken.message}`, { action: broken.fix, at: positionOf(broken.offset) });
  return root === undefined ? {} : valueOf(root);
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => recordOf(inner)[key], value);
}

function problemOf(path: string, error: unknown): VestibuleError {
  if (VestibuleError.is(error)) return error;
  return new VestibuleError('bad-config', `${path} cannot be read: ${messageOf(error)}`, { action: 'Mend the file in its own client, then import again.' });
}
