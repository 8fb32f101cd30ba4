import { homedir } from 'node:os';
import { CLIENTS, type ClientId } from '../proxy/clients/client-files.ts';
import { visible } from '../proxy/json/visible.ts';
import { applyImport } from '../proxy/import/apply.ts';
import { findServers } from '../proxy/import/find.ts';
import { planImport } from '../proxy/import/plan.ts';
import type { Importable, ImportPlan } from '../proxy/import/types.ts';
import { commandOrAddress, isOwnEntry } from '../proxy/import/describe.ts';
import type { VestibuleError } from '../proxy/errors.ts';
import { SECRET_KEYS } from '../proxy/variable-scope.ts';
import { usage, type Arguments } from './args.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, JSON_OPTION, type Command } from './command.ts';
import { describeError, EXIT } from './exit-code.ts';
import { placesOf } from './places.ts';
import { printJson, printLine, printNote, printTable } from './print.ts';
import { variableFor } from './secrets.ts';
import { readConfig } from './state.ts';

/** Words of the contract for clients whose id is another. */
const NAMES: Readonly<Record<string, ClientId>> = { claude: 'claude-desktop' };

export const importServers: Command = {
  name: 'import',
  summary: 'Takes over servers from the files of other clients. Their launches and tools wait for approval.',
  options: {
    ...COMMON_OPTIONS,
    ...CONFIG_OPTION,
    ...JSON_OPTION,
    from: { value: 'CLIENT', repeatable: true, help: `Only from this client: ${[...Object.keys(NAMES), ...CLIENTS.map(({ id }) => id)].join(', ')}.` },
    to: { value: 'FILE', help: '"user" (default) or "workspace": whose servers file they go to.' },
    'dry-run': { help: 'Show what would be imported, and write nothing.' },
  },
  async run(args) {
    const places = placesOf(args);
    const clients = clientsOf(args);
    const found = await findServers({ machine: { platform: process.platform, env: process.env, home: homedir() }, workspaceFolder: places.workspace, ...(clients !== undefined && { clients }) });
    for (const problem of found.problems) printNote(visible(describeError(problem)));
    const plan = planImport(found.servers, { there: (await readConfig(places)).upstreams, isOwn: isOwnEntry, platform: process.platform });
    const file = targetOf(args) === 'workspace' ? places.workspaceFile : places.userFile;
    const dry = args.has('dry-run');
    // Values stay where they are: without a person at a keychain a reference is all that can be written.
    if (!dry && plan.servers.length > 0) await applyImport(plan.servers, file, undefined);
    if (args.has('json')) printJson({ file, imported: !dry && plan.servers.length > 0, files: found.files, problems: found.problems.map(problemRow), ...rowsOf(plan) });
    else print(plan, file, dry, found.files.length);
    return found.problems.length > 0 && plan.servers.length === 0 ? EXIT.refused : EXIT.ok;
  },
};

function clientsOf(args: Arguments): readonly ClientId[] | undefined {
  const asked = args.texts('from');
  if (asked.length === 0) return undefined;
  return asked.map((name) => {
    const id = NAMES[name] ?? CLIENTS.find((client) => client.id === name)?.id;
    if (id === undefined) throw usage(`There is no client "${name}".`, `Give one of ${[...Object.keys(NAMES), ...CLIENTS.map((client) => client.id)].join(', ')}.`);
    return id;
  });
}

function targetOf(args: Arguments): 'user' | 'workspace' {
  const to = args.text('to') ?? 'user';
  if (to === 'user' || to === 'workspace') return to;
  throw usage(`There is no servers file "${to}".`, 'Give --to user or --to workspace.');
}

/** Everything but values of secrets. */
function rowsOf({ servers, skipped }: ImportPlan): object {
  return {
    servers: servers.map(({ name, found, entry, secrets, notes, twins }) => ({
      name,
      client: found.client,
      file: found.file,
      entry,
      secrets: secrets.map(({ name: secret, place }) => ({ name: secret, place, variable: variableFor(SECRET_KEYS.secret(secret)) })),
      notes,
      alsoIn: twins.map(({ client, file }) => ({ client, file })),
    })),
    skipped: skipped.map(({ found, reason, why }) => ({ name: found.name, client: found.client, file: found.file, reason, why })),
  };
}

function problemRow({ reason, message, action, at }: VestibuleError): object {
  return { reason, message, action, at };
}

function print({ servers, skipped }: ImportPlan, file: string, dry: boolean, files: number): void {
  const rows = servers.map(({ name, found, entry }) => [visible(name), found.client, visible(commandOrAddress(entry))]);
  printTable(['SERVER', 'FROM', 'COMMAND OR ADDRESS'], rows, files === 0 ? 'No file of another client was found.' : 'There is nothing to import.');
  for (const server of servers) for (const note of notesOf(server)) printNote(visible(note));
  for (const { found, why } of skipped) printNote(visible(`${found.name} (${found.client}) was left out: ${why}`));
  if (servers.length === 0) return;
  if (dry) printLine(`Nothing was written. Without --dry-run they go to ${visible(file)}.`);
  else printLine(`Added ${servers.length} to ${visible(file)}. Nothing starts before you approve it: vestibule quarantine list`);
}

function notesOf({ name, notes, secrets, twins }: Importable): string[] {
  return [
    ...notes.map((note) => `${name}: ${note}`),
    ...secrets.map(({ name: secret, place }) => `${name}: the secret in ${place} was not copied. Give it in the environment: ${variableFor(SECRET_KEYS.secret(secret))}`),
    ...twins.map(({ client }) => `${name}: ${client} has it, too.`),
  ];
}
