import { Emitter, DisposableStore, type Disposable, type Event } from '../events.ts';
import { messageOf, VestibuleError } from '../errors.ts';
import { readTextIfExists } from '../storage/atomic-file.ts';
import { watchFile } from '../storage/watch-file.ts';
import { mergeFiles } from './merge.ts';
import type { WrittenGateway } from './parse-gateway.ts';
import type { JsoncDocument } from './jsonc.ts';
import { emptyServersFile, parseServersFile, type ServersFile } from './servers-file.ts';
import type { ConfigSnapshot, ConfigSource, UpstreamConfig } from './types.ts';

/** Reads a text of another language than JSONC as if it were that. @param file the path for positions */
export type ReadText = (content: string, file: string) => JsoncDocument;

/** What reads the file at a path; undefined for JSONC. */
export type FormatOf = (path: string) => Promise<ReadText | undefined>;

/** Which files make the configuration. */
export interface ConfigStoreOptions {
  /** The user's own servers file; may not exist yet. */
  readonly userFile: string;
  /** `.vscode/vestibule.json` of the workspace; may not exist yet. */
  readonly workspaceFile?: string;
  /** More files a person named; each should exist. */
  readonly configFiles: readonly string[];
  /** What reads those in other languages; without it all are JSONC. */
  readonly formatOf?: FormatOf | undefined;
  /** Default true. */
  readonly workspaceTrusted?: boolean;
  /** Gateway settings that win over every file. */
  readonly overrides?: WrittenGateway;
}

/** A watched configuration. */
export interface ConfigStore extends ConfigSource, Disposable {
  /** Reads the files again now, for example after an edit of our own; resolves when the snapshot is up to date. */
  reload(): Promise<void>;
}

/** Editors write in several steps; half a file is not worth a look. In milliseconds. */
const SETTLE_MS = 100;
/** Bytes of a servers file that are read at all; UTF-8 needs up to three per UTF-16 unit. */
const MAX_BYTES = 3 * 1_048_576;

/**
 * Reads the files, watches them, and fires when what they say has changed, within a second of the change. A file
 * whose syntax breaks keeps what it said before until it is mended; its problem is in the snapshot at once.
 */
export async function createConfigStore(options: ConfigStoreOptions): Promise<ConfigStore> {
  const store = new WatchedConfig(options);
  await store.reload();
  return store;
}

/**
 * Reads one servers file from disk. Never throws: a file that cannot be read is one with a problem.
 * @param required report it when there is no such file
 * @param formatOf what reads it, where it is no JSONC
 */
export async function readServersFile(path: string, origin: UpstreamConfig['origin'], required = false, formatOf: FormatOf = jsonc): Promise<ServersFile> {
  let content: string | undefined;
  try {
    content = await readTextIfExists(path, MAX_BYTES);
  } catch (error) {
    const fix = VestibuleError.is(error) ? error.action : 'Check that it is a file you may read.';
    return unreadable(path, origin, `The file cannot be read: ${messageOf(error)}`, fix);
  }
  if (content !== undefined) return parseServersFile(content, path, origin, await formatOf(path));
  return required ? unreadable(path, origin, 'There is no such file.', 'Check the path, or create the file with { "servers": {} }.') : emptyServersFile(path, origin);
}

const jsonc: FormatOf = () => Promise.resolve(undefined);

function unreadable(path: string, origin: UpstreamConfig['origin'], message: string, fix: string): ServersFile {
  const at = { file: path, line: 1, column: 1 };
  return { ...emptyServersFile(path, origin, [{ severity: 'error', message, fix, at, server: undefined }]), sound: false };
}

class WatchedConfig implements ConfigStore {
  readonly #options: ConfigStoreOptions;
  readonly #files: readonly WatchedFile[];
  readonly #watches = new DisposableStore();
  readonly #changed = new Emitter<ConfigSnapshot>();
  #snapshot: ConfigSnapshot;
  #fingerprint = '';
  #settling: NodeJS.Timeout | undefined;
  #reloading: Promise<void> = Promise.resolve();

  constructor(options: ConfigStoreOptions) {
    this.#options = options;
    this.#files = [
      new WatchedFile(options.userFile, 'user', false),
      ...options.configFiles.map((path) => new WatchedFile(path, 'user', true, options.formatOf)),
      ...(options.workspaceFile === undefined ? [] : [new WatchedFile(options.workspaceFile, 'workspace', false)]),
    ];
    this.#snapshot = this.#merge();
    // Watch first and read then, so that no change falls between.
    for (const { path } of this.#files) this.#watches.add(watchFile(path, () => this.#reloadSoon()));
  }

  get snapshot(): ConfigSnapshot {
    return this.#snapshot;
  }

  get onDidChange(): Event<ConfigSnapshot> {
    return this.#changed.event;
  }

  reload(): Promise<void> {
    // One at a time and in order, so that an older read never overwrites a newer one.
    this.#reloading = this.#reloading.then(() => this.#read());
    return this.#reloading;
  }

  dispose(): void {
    clearTimeout(this.#settling);
    this.#watches.dispose();
    this.#changed.dispose();
  }

  #reloadSoon(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => void this.reload(), SETTLE_MS);
    this.#settling.unref();
  }

  async #read(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.read()));
    const snapshot = this.#merge();
    const fingerprint = fingerprintOf(snapshot);
    if (fingerprint === this.#fingerprint) return;
    this.#fingerprint = fingerprint;
    this.#snapshot = snapshot;
    this.#changed.fire(snapshot);
  }

  #merge(): ConfigSnapshot {
    const said = this.#files.map((file) => file.says);
    return mergeFiles(
      said.filter((file) => file.origin === 'user'),
      said.find((file) => file.origin === 'workspace'),
      { workspaceTrusted: this.#options.workspaceTrusted ?? true, overrides: this.#options.overrides ?? {} },
    );
  }
}

/** One file, and the last of it that could be read. */
class WatchedFile {
  readonly path: string;
  readonly #origin: UpstreamConfig['origin'];
  readonly #required: boolean;
  readonly #formatOf: FormatOf | undefined;
  #says: ServersFile;
  #everSound = false;

  constructor(path: string, origin: UpstreamConfig['origin'], required: boolean, formatOf?: FormatOf) {
    this.path = path;
    this.#formatOf = formatOf;
    this.#origin = origin;
    this.#required = required;
    this.#says = emptyServersFile(path, origin);
  }

  get says(): ServersFile {
    return this.#says;
  }

  async read(): Promise<void> {
    const now = await readServersFile(this.path, this.#origin, this.#required, this.#formatOf);
    this.#says = now.sound || !this.#everSound ? now : { ...this.#says, problems: now.problems };
    this.#everSound ||= now.sound;
  }
}

/** Everything a snapshot says, positions included: "go to" and Problems entries must follow a moved line. */
function fingerprintOf(snapshot: ConfigSnapshot): string {
  return JSON.stringify({ ...snapshot, inputs: [...snapshot.inputs] });
}
