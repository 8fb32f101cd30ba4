import type { Range } from './fields.ts';

/** Bounds of every number in a servers file; the schema states the same ones. */
export const RANGES = {
  /** 0: never stopped for being idle. */
  idleStopMinutes: { min: 0, max: 10_080 },
  timeoutSeconds: { min: 0.1, max: 86_400 },
  maxTimeoutSeconds: { min: 0.1, max: 86_400 },
  perMinute: { min: 1, max: 100_000, whole: true },
  concurrent: { min: 1, max: 1_000, whole: true },
  queue: { min: 0, max: 10_000, whole: true },
  redirectPort: { min: 1_024, max: 65_535, whole: true },
  queueSeconds: { min: 0, max: 3_600 },
  perAgent: { min: 1, max: 100_000, whole: true },
  /** Of one period; a budget of tokens counts what results hold. */
  maxCalls: { min: 1, max: 100_000_000, whole: true },
  maxTokens: { min: 1, max: 100_000_000_000, whole: true },
  memoryMb: { min: 16, max: 1_048_576, whole: true },
  cpus: { min: 0.1, max: 256 },
  /** A token that was taken back counts no longer than that. */
  introspectedSeconds: { min: 1, max: 300 },
  clockSkewSeconds: { min: 0, max: 300 },
  /** Characters. */
  maxArguments: { min: 2, max: 2_097_152, whole: true },
  attempts: { min: 1, max: 5, whole: true },
  backoffMs: { min: 1, max: 10_000 },
  budget: { min: 0, max: 1 },
  failures: { min: 0.01, max: 1 },
  calls: { min: 1, max: 1_000, whole: true },
  windowSeconds: { min: 1, max: 3_600 },
  openSeconds: { min: 1, max: 3_600 },
  trials: { min: 1, max: 100, whole: true },
  afterMs: { min: 1, max: 60_000 },
  quantile: { min: 0.5, max: 0.999 },
  consecutive: { min: 1, max: 100, whole: true },
  latency: { min: 1.1, max: 100 },
  ejectSeconds: { min: 1, max: 3_600 },
  maxEjectSeconds: { min: 1, max: 86_400 },
  /** Of sessions, calls or servers. */
  share: { min: 0, max: 1 },
  cacheSeconds: { min: 0, max: 86_400 },
  resourceSeconds: { min: 0, max: 86_400 },
  /** Characters. */
  responseLimit: { min: 500, max: 10_000_000, whole: true },
  topK: { min: 1, max: 50, whole: true },
  /** Tokens; 0: small catalogs never go direct by themselves. */
  directThreshold: { min: 0, max: 1_000_000, whole: true },
} as const satisfies Readonly<Record<string, Range>>;
