import type { ServerName, ToolId } from '../../model.ts';
import { terms } from '../analyse.ts';
import { GENERIC_SERVER_WORDS } from '../lexicon/generic-words.ts';
import { evidenceOf, evidenceOfFiles, type Evidence } from './evidence.ts';

/** What a server, or else a tool, that is named like a product of the workspace gains, as a share of its score. */
const SERVER_SHARE = 0.12;
const TOOL_SHARE = 0.06;
/** A workspace is looked at anew when somebody searches and the last look is older than this. */
const FRESH_MS = 5 * 60_000;
const MAX_NAME = 128;
const MAX_KEPT = 4_096;

/** Where the evidence is. */
export interface WorkspaceSources {
  /** Undefined without a workspace, or while it is not trusted. */
  readonly folder: string | undefined;
  /** Names of the files a person has open. */
  readonly openFiles: () => readonly string[];
  readonly now?: () => number;
}

/**
 * What the workspace is about, as a prior for what agents search for: a GitHub server's tool comes before its equals
 * where the repository is on GitHub. It only orders what matches and may be used anyway.
 */
export class WorkspacePrior {
  readonly #sources: WorkspaceSources;
  #evidence: Evidence = new Set();
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  /** What names are worth by the evidence of now. */
  readonly #shares = new Map<string, number>();

  constructor(sources: WorkspaceSources) {
    this.#sources = sources;
  }

  /** Looks at the workspace. Never fails. */
  look(): Promise<void> {
    const { folder, now = Date.now } = this.#sources;
    this.#lookedAt = now();
    this.#looking ??= (folder === undefined ? Promise.resolve(new Set<string>()) : evidenceOf(folder)).then((evidence) => {
      this.#evidence = evidence;
      this.#shares.clear();
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** What the workspace adds to a tool, as a share of its score from 0 to 0.12; undefined when it says nothing. */
  prior(): ((id: ToolId, server: ServerName) => number) | undefined {
    const { now = Date.now, openFiles } = this.#sources;
    // This search does not wait for it.
    if (now() - this.#lookedAt > FRESH_MS) void this.look();
    const open = evidenceOfFiles(openFiles());
    if (this.#evidence.size + open.size === 0) return undefined;
    if ([...open].every((word) => this.#evidence.has(word))) return (id, server) => this.#share(id, server);
    const both = new Set([...this.#evidence, ...open]);
    return (id, server) => workspaceShare(id, server, both);
  }

  #share(id: ToolId, server: ServerName): number {
    let share = this.#shares.get(id);
    if (share === undefined) {
      share = workspaceShare(id, server, this.#evidence);
      if (this.#shares.size >= MAX_KEPT) this.#shares.clear();
      this.#shares.set(id, share);
    }
    return share;
  }
}

/** What evidence adds to a tool, as a share of its score. */
export function workspaceShare(id: ToolId, server: ServerName, evidence: Evidence): number {
  const says = (name: string): boolean => terms(name, MAX_NAME).some((term) => evidence.has(term) && !GENERIC_SERVER_WORDS.has(term));
  if (says(server)) return SERVER_SHARE;
  return says(id.slice(server.length + 1)) ? TOOL_SHARE : 0;
}
