import { join } from 'node:path';
import type { VestibuleError } from '../errors.ts';
import { Emitter, type Event } from '../events.ts';
import type { ServerName } from '../model.ts';
import { prepareFolder } from '../storage/atomic-file.ts';
import { Seal, type SealMemory } from '../storage/seal.ts';
import { StateFile } from '../storage/state-file.ts';
import { CONSENTS_VERSION, decodeConsents, encodeConsents, UNSEALED_CONSENTS_VERSION } from './consents-format.ts';
import { withConsent, withoutConsents } from './standing.ts';
import type { ConsentStore, StandingConsent } from './types.ts';

const NONE: readonly StandingConsent[] = [];

/**
 * Opens the consents of a data folder: `consents.json`, shared by every process that uses the folder. A file that
 * cannot be read, was changed by something else or is an older copy allows nothing.
 * @param options.onProblem hears of a file that could not be used, once per content
 * @param options.memory remembers elsewhere how far the file had come
 * @throws VestibuleError `data-folder-unreadable`
 */
export async function openConsentStore(dataDir: string, options: { readonly onProblem: (problem: VestibuleError) => void; readonly memory?: SealMemory }): Promise<ConsentStore> {
  await prepareFolder(dataDir);
  const file = await StateFile.open<readonly StandingConsent[]>({
    path: join(dataDir, 'consents.json'),
    version: CONSENTS_VERSION,
    seal: { by: new Seal(join(dataDir, 'consents.key'), 'consents', options.memory), unsealedVersion: UNSEALED_CONSENTS_VERSION },
    empty: NONE,
    decode: decodeConsents,
    encode: encodeConsents,
    report: options.onProblem,
  });
  return new FileConsentStore(file);
}

class FileConsentStore implements ConsentStore {
  readonly #file: StateFile<readonly StandingConsent[]>;
  readonly #changed = new Emitter<void>();
  /** Decisions that hold here although they are not written yet, or could not be. */
  readonly #unwritten = new Set<StandingConsent>();
  #all: readonly StandingConsent[] = NONE;
  #byServer: ReadonlyMap<ServerName, StandingConsent[]> = new Map();

  constructor(file: StateFile<readonly StandingConsent[]>) {
    this.#file = file;
    this.#settle();
    file.onDidChange(() => {
      this.#settle();
      this.#changed.fire();
    });
  }

  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  get all(): readonly StandingConsent[] {
    return this.#all;
  }

  of(server: ServerName, tool: string): readonly StandingConsent[] {
    const all = this.#byServer.get(server);
    return all === undefined ? NONE : all.filter((consent) => consent.tool === undefined || consent.tool === tool);
  }

  async add(consents: readonly StandingConsent[]): Promise<void> {
    // Before anything that can wait or fail: the very next call must find it.
    for (const consent of consents) this.#unwritten.add(consent);
    this.#settle();
    this.#changed.fire();
    await this.#file.update((now) => consents.reduce(withConsent, now));
    for (const consent of consents) this.#unwritten.delete(consent);
    this.#settle();
  }

  async revoke(consents: readonly StandingConsent[]): Promise<void> {
    await this.#file.update((now) => withoutConsents(now, consents));
    for (const held of this.#unwritten) if (withoutConsents([held], consents).length === 0) this.#unwritten.delete(held);
    this.#settle();
    this.#changed.fire();
  }

  dispose(): void {
    this.#file.dispose();
    this.#changed.dispose();
  }

  #settle(): void {
    this.#all = [...this.#unwritten].reduce(withConsent, this.#file.state);
    this.#byServer = byServer(this.#all);
  }
}

function byServer(all: readonly StandingConsent[]): Map<ServerName, StandingConsent[]> {
  const groups = new Map<ServerName, StandingConsent[]>();
  for (const consent of all) {
    const group = groups.get(consent.server);
    if (group === undefined) groups.set(consent.server, [consent]);
    else group.push(consent);
  }
  return groups;
}
