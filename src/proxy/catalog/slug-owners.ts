import { VestibuleError } from '../errors.ts';
import { Emitter, type Event } from '../events.ts';
import type { ServerName } from '../model.ts';
import { folderError } from '../storage/fs-error.ts';
import { BadShapeError, entriesAt, recordAt, stringAt } from '../storage/parse-state.ts';
import { StateFile } from '../storage/state-file.ts';
import { assignSlugs } from './names.ts';

type Owners = ReadonlyMap<string, ServerName>;

/** Which server has which slug, remembered so that a server that is added never renames another's tools. */
export class SlugOwners {
  readonly #file: StateFile<Owners>;
  readonly #path: string;
  readonly #report: (problem: VestibuleError) => void;
  readonly #changed = new Emitter<void>();
  #servers: readonly ServerName[] = [];
  #slugs: ReadonlyMap<ServerName, string> = new Map();
  /** What is in the file, and what is on its way into it. */
  #owners: Owners;
  #saving: Promise<void> = Promise.resolve();

  /** @throws VestibuleError `data-folder-unreadable` */
  static async open(path: string, report: (problem: VestibuleError) => void): Promise<SlugOwners> {
    return new SlugOwners(path, report, await StateFile.open<Owners>({ path, version: 1, empty: new Map(), decode, encode, report }));
  }

  private constructor(path: string, report: (problem: VestibuleError) => void, file: StateFile<Owners>) {
    this.#path = path;
    this.#report = report;
    this.#file = file;
    this.#owners = file.state;
    file.onDidChange((owners) => this.#take(owners));
  }

  /** Fires when another process had given one of our slugs away, so that names changed after all. */
  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  /** Makes sure that each of these servers has a slug. */
  assign(servers: readonly ServerName[]): void {
    this.#servers = servers;
    const before = this.#owners;
    this.#owners = assignSlugs(before, servers);
    this.#slugs = slugsBy(this.#owners);
    if (this.#owners !== before) this.#saving = this.#saving.then(() => this.#save());
  }

  /** The slug of a server that was assigned one. */
  slugOf(server: ServerName): string {
    const slug = this.#slugs.get(server);
    if (slug === undefined) throw new Error(`${JSON.stringify(server)} was not assigned a slug`);
    return slug;
  }

  /** Resolves when all slugs are on disk, or the failure was reported. */
  async dispose(): Promise<void> {
    await this.#saving;
    this.#file.dispose();
    this.#changed.dispose();
  }

  async #save(): Promise<void> {
    try {
      await this.#file.update((now) => assignSlugs(joined(now, this.#owners), this.#servers));
    } catch (error) {
      // Names hold for this run; the next start gives the same ones unless servers were added meanwhile.
      this.#report(VestibuleError.is(error) ? error : folderError(error, 'write', this.#path));
    }
  }

  #take(owners: Owners): void {
    const slugs = this.#slugs;
    this.#owners = assignSlugs(joined(owners, this.#owners), this.#servers);
    this.#slugs = slugsBy(this.#owners);
    if (this.#servers.some((server) => slugs.get(server) !== this.#slugs.get(server))) this.#changed.fire();
  }
}

/** `first`, and of `second` what does not contradict it. */
function joined(first: Owners, second: Owners): Owners {
  const known = new Set(first.values());
  const missing = [...second].filter(([slug, server]) => !known.has(server) && !first.has(slug));
  return missing.length === 0 ? first : new Map([...first, ...missing]);
}

function slugsBy(owners: Owners): Map<ServerName, string> {
  return new Map([...owners].map(([slug, server]) => [server, slug]));
}

function encode(owners: Owners): unknown {
  return { slugs: Object.fromEntries(owners) };
}

function decode(state: unknown): Owners {
  const path = ['state', 'slugs'];
  const owners = new Map<string, ServerName>();
  for (const [slug, server] of entriesAt(recordAt(state, ['state'])['slugs'], path)) {
    if (!/^[a-zA-Z0-9-]{1,12}$/.test(slug)) throw new BadShapeError([...path, slug], 'a slug of at most 12 letters, digits and hyphens');
    owners.set(slug, stringAt(server, [...path, slug]));
  }
  return owners;
}
