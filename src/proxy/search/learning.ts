import { join } from 'node:path';
import type { VestibuleError } from '../errors.ts';
import { KeptText } from '../storage/kept-text.ts';
import { fileSignature, watchFile, type FileWatch } from '../storage/watch-file.ts';
import type { Prior } from './types.ts';
import { Usage } from './usage.ts';
import { WorkspacePrior, type WorkspaceSources } from './workspace/workspace-prior.ts';

/** What learning works with. */
export interface LearningOptions {
  readonly file: string;
  readonly workspace: WorkspaceSources;
  /** Whether a person lets it learn (`gateway.learn`). */
  readonly wanted: () => boolean;
  readonly report: (problem: VestibuleError) => void;
}

/** A call, as far as it is learnt from. */
export interface LearntCall {
  readonly agent: string;
  readonly session: string;
  readonly server: string;
  readonly tool: string;
  readonly outcome: string;
  readonly route: string;
}

/** Where a data folder keeps what was learnt. */
export function learnedFileIn(dataDir: string): string {
  return join(dataDir, 'learned.json');
}

/**
 * What is known before a search: what this agent called, and what the workspace is about. Stays on this machine; the
 * former is kept in a file, and is forgotten when that is removed or learning is switched off.
 */
export class Learning {
  readonly #options: LearningOptions;
  readonly #usage: Usage;
  readonly #workspace: WorkspacePrior;
  readonly #file: KeptText;
  readonly #watch: FileWatch;

  /** Opens what was learnt before. A file that cannot be used is reported and as good as none. */
  static async open(options: LearningOptions): Promise<Learning> {
    return new Learning(options, await KeptText.open(options.file, 'What agents called before', options.report));
  }

  private constructor(options: LearningOptions, file: KeptText) {
    this.#options = options;
    this.#file = file;
    this.#usage = Usage.from(file.text);
    this.#workspace = new WorkspacePrior(options.workspace);
    this.#watch = watchFile(options.file, () => {
      if (fileSignature(options.file) === 'ENOENT') this.#usage.clear();
    });
    if (options.wanted()) void this.#workspace.look();
  }

  /** What is known of the needs of an agent. */
  priors(agent: string, session: string): readonly Prior[] {
    if (!this.#options.wanted()) return [];
    const history = this.#usage.prior(agent, session);
    const workspace = this.#workspace.prior();
    return [
      ...(history === undefined ? [] : [{ name: 'history', share: history } as const]),
      ...(workspace === undefined ? [] : [{ name: 'workspace', share: workspace } as const]),
    ];
  }

  /** Every way a call can go is learnt from, but for a person's own and copies. */
  called({ agent, session, server, tool, outcome, route }: LearntCall): void {
    if (outcome !== 'ok' || server === '' || route === 'person' || route === 'mirror' || route === 'hedge' || !this.#options.wanted()) return;
    this.#usage.called(agent, session, server, tool);
    this.#file.save(() => this.#usage.serialise());
  }

  /** The configuration changed. */
  apply(): void {
    if (!this.#options.wanted() && !this.#usage.isEmpty) this.forget().catch(this.#options.report);
  }

  /** Forgets what agents called. @throws VestibuleError when the file cannot be removed */
  async forget(): Promise<void> {
    this.#usage.clear();
    await this.#file.remove();
  }

  /** Resolves when everything is on disk. */
  async close(): Promise<void> {
    this.#watch.dispose();
    await this.#file.flush();
  }
}
