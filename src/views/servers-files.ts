import type { GatewayApi, UpstreamSnapshot } from '../proxy/api.ts';
import { addInput, addServer, editServersFile, setServerEnabled } from '../proxy/config/edit.ts';
import { parseServerInput, problemOfEntry, type PasteResult } from '../proxy/config/paste.ts';
import type { Dialogs } from './dialogs.ts';
import { t } from './l10n.ts';
import { confirmAdding, describeNew, type NewServer } from './present/confirmation.ts';
import { launchOfEntry } from '../proxy/config/launch-of-entry.ts';
import { sameLaunch } from './present/launch.ts';
import { findUpstream } from './target.ts';
import { oneLine } from './text.ts';

/** A servers file a person may choose. */
export interface ServersFileChoice {
  readonly label: string;
  readonly description: string;
  readonly path: string;
}

/** What editing servers files needs from the rest of the editor side. */
export interface ServersFilesContext {
  readonly gateway: () => Promise<GatewayApi>;
  readonly dialogs: Dialogs;
  /** The files of this window: the person's own first, the workspace's if it has one and is trusted. */
  readonly files: () => readonly ServersFileChoice[];
  /** Shows a text whole in a read-only document. */
  readonly preview: (title: string, text: string) => Promise<void>;
  /** What adds the server of a registry that a text links to; undefined for any other text. */
  readonly fromRegistry: (text: string) => (() => Promise<boolean>) | undefined;
  /** Opens a file in an editor. */
  readonly openFile: (path: string) => Promise<void>;
}

/** Servers in the grammar of servers files, with the inputs they need. */
export type Pasted = Extract<PasteResult, { ok: true }>;

/** How long an entry may take from the file to the gateway, in milliseconds. */
const NOTICE_MS = 5_000;

/** Adding, switching and editing servers, all through the servers files. */
export class ServersFiles {
  readonly #context: ServersFilesContext;

  constructor(context: ServersFilesContext) {
    this.#context = context;
  }

  /**
   * Adds what a person pastes, after showing them what will be written. Adding is approving the launch (contract §5);
   * the tools still wait. Resolves with true when something was added.
   */
  async add(): Promise<boolean> {
    const { dialogs } = this.#context;
    const gateway = await this.#context.gateway();
    const names = new Set(gateway.snapshot().upstreams.map(({ name }) => name));
    const parse = (text: string): PasteResult => parseServerInput(text, { taken: (name) => names.has(name) });
    const pasted = await dialogs.prompt({
      title: 'Add a server',
      prompt: t('Paste an address, a command line, JSON from a mcp.json, or a link to a server of the registry'),
      placeholder: 'https://example.com/mcp  ·  npx -y some-mcp-server  ·  { "servers": … }',
      check: (text) => {
        const result = text.trim() === '' ? undefined : parse(text);
        return result?.ok === false ? `${result.problem} ${result.fix}` : undefined;
      },
    });
    if (pasted === undefined || pasted.trim() === '') return false;
    const linked = this.#context.fromRegistry(pasted);
    if (linked !== undefined) return linked();
    const parsed = parse(pasted);
    if (!parsed.ok) {
      dialogs.fail({ message: parsed.problem, action: parsed.fix });
      return false;
    }
    return this.addParsed(parsed);
  }

  /**
   * Adds servers that were read already, after showing them whole. Resolves with true when something was added.
   */
  async addParsed(parsed: Pasted): Promise<boolean> {
    const { dialogs } = this.#context;
    const gateway = await this.#context.gateway();
    const names = new Set(gateway.snapshot().upstreams.map(({ name }) => name));
    const servers = await this.#select(parsed, names);
    const file = servers === undefined ? undefined : await this.#pickFile('Where should it be kept?');
    if (servers === undefined || servers.length === 0 || file === undefined) return false;
    const question = confirmAdding(file.path, servers);
    if (question.needsDocument) await this.#context.preview('Servers to add', servers.map(describeNew).join('\n\n'));
    if (!(await dialogs.confirm(question))) return false;
    const edits = [...parsed.inputs.map((input) => addInput(input)), ...servers.map(({ name, entry }) => addServer(name, entry))];
    await editServersFile(file.path, edits);
    for (const server of servers) await this.#approveAdded(gateway, server, file);
    return true;
  }

  /** Switches a server on or off in the file it comes from. */
  async setEnabled(upstream: UpstreamSnapshot, enabled: boolean): Promise<void> {
    await editServersFile(upstream.config.file, [setServerEnabled(upstream.name, enabled)]);
  }

  /** Opens a servers file, made first if there is none yet. */
  async edit(): Promise<void> {
    const file = await this.#pickFile('Which servers file?');
    if (file === undefined) return;
    await editServersFile(file.path, []);
    await this.#context.openFile(file.path);
  }

  async #select({ servers, inputs }: Pasted, taken: ReadonlySet<string>): Promise<readonly NewServer[] | undefined> {
    const { dialogs } = this.#context;
    const [single] = servers;
    if (servers.length !== 1 || single === undefined) {
      return dialogs.pickMany(
        'Which servers should be added?',
        servers.map((server) => ({ label: oneLine(server.name, 60), detail: oneLine(JSON.stringify(server.entry), 200), value: server, picked: true })),
      );
    }
    const problem = (text: string): string | undefined => {
      if (taken.has(text.trim())) return 'There is a server of this name already.';
      const found = problemOfEntry(text.trim(), single.entry, inputs);
      return found && `${found.problem} ${found.fix}`;
    };
    const name = await dialogs.prompt({
      title: 'Add a server',
      prompt: 'Its name: agents and you know it by this',
      value: single.name,
      check: problem,
    });
    return name === undefined || problem(name) !== undefined ? undefined : [{ ...single, name: name.trim() }];
  }

  async #pickFile(title: string): Promise<ServersFileChoice | undefined> {
    const files = this.#context.files();
    if (files.length === 1) return files[0];
    return this.#context.dialogs.pick(
      title,
      files.map((file) => ({ label: file.label, description: file.description, detail: file.path, value: file })),
    );
  }

  /** Approves the launch that the person just confirmed, if that is what the gateway now reads. */
  async #approveAdded(gateway: GatewayApi, { name, entry }: NewServer, file: ServersFileChoice): Promise<void> {
    const upstream = await appears(gateway, name, file.path);
    if (upstream !== undefined && sameLaunch(upstream.launch, launchOfEntry(entry))) {
      if (!upstream.launch.approved) await gateway.approveLaunch(name, upstream.launch.fingerprint);
      return;
    }
    this.#context.dialogs.fail({
      message: `“${oneLine(name, 60)}” was written, but the gateway reads it differently.`,
      action: 'Review its launch in the Quarantine view.',
    });
  }
}

/** Resolves with the upstream once the gateway has read it from this file; undefined when it takes too long. */
function appears(gateway: GatewayApi, name: string, file: string): Promise<UpstreamSnapshot | undefined> {
  const look = (): UpstreamSnapshot | undefined => {
    const found = findUpstream(gateway.snapshot().upstreams, name);
    return found?.config.file === file ? found : undefined;
  };
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      subscription.dispose();
      resolve(look());
    };
    const timer = setTimeout(finish, NOTICE_MS);
    const subscription = gateway.onDidChange(() => {
      if (look() !== undefined) finish();
    });
    if (look() !== undefined) finish();
  });
}
