import type { ResolvedTransport, UpstreamConfig } from '../config/types.ts';
import { createUpstream } from '../upstream/supervisor.ts';
import type { UpstreamDeps, UpstreamState } from '../upstream/types.ts';

/** How a server is tried. */
export interface TrialOptions {
  /** Resolves `${…}`. @throws VestibuleError `unknown-variable`, `missing-input` */
  readonly resolve: (config: UpstreamConfig) => Promise<ResolvedTransport>;
  readonly redact: (text: string) => string;
  /** Milliseconds the handshake may take. */
  readonly handshakeMs: number;
  /** Where a launched process is recorded, for whoever sweeps orphans. */
  readonly stateDir: string;
  readonly version: string;
  /** Access tokens of HTTP upstreams; none without. */
  readonly keys?: UpstreamDeps['keys'];
}

/** What a trial showed. */
export interface Trial {
  readonly state: UpstreamState;
  /** Lines on stdout that are no MCP. */
  readonly noise: readonly string[];
}

const MAX_NOISE = 20;

/** Starts or dials an approved server once, lists what it offers, and ends it. Never rejects. */
export async function tryServer(config: UpstreamConfig, { handshakeMs, keys, redact, resolve, stateDir, version }: TrialOptions): Promise<Trial> {
  const noise: string[] = [];
  const upstream = createUpstream(
    config,
    {
      launchApproved: () => true,
      resolve,
      redact,
      stateDir,
      clientVersion: version,
      ...(keys !== undefined && { keys }),
      log: ({ source, text }) => {
        if (source === 'stdout-noise' && noise.length < MAX_NOISE) noise.push(redact(text));
      },
    },
    { times: { handshakeMs } },
  );
  try {
    await upstream.connect().catch(() => undefined);
    const { state } = upstream;
    await upstream.stop();
    return { state, noise };
  } finally {
    upstream.dispose();
  }
}
