import { Counter, Histogram, Registry } from 'prom-client';
import type { GatewaySnapshot } from '../api.ts';
import type { Disposable, Event } from '../events.ts';
import { savedBy } from '../journal/tokens.ts';
import type { CallRecord } from '../journal/types.ts';
import { BoundedLabels } from './bounded-labels.ts';
import { stateMetrics, type StateMetric } from './state-metrics.ts';

/** What metrics are taken from. */
export interface MetricsSource {
  /** Calls as they are recorded: counting them costs the call itself nothing. */
  readonly onDidCall: Event<CallRecord>;
  /** What is true at the moment somebody looks. */
  readonly snapshot: () => GatewaySnapshot;
}

/** Names come from servers and agents: whatever is beyond these counts as `other`, so that nobody can fill the memory. */
const MAX_TOOLS = 1_000;
const MAX_AGENTS = 100;
const MAX_SERVERS = 500;
/** Seconds: a tool answers within milliseconds or takes minutes. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Counts calls from now on, and tells of them and of the present state in Prometheus' text format. */
export class Metrics implements Disposable {
  readonly #registry = new Registry();
  readonly #snapshot: () => GatewaySnapshot;
  readonly #subscription: Disposable;
  readonly #tools = new BoundedLabels(MAX_TOOLS);
  readonly #agents = new BoundedLabels(MAX_AGENTS);
  readonly #servers = new BoundedLabels(MAX_SERVERS);
  readonly #calls;
  readonly #seconds;
  readonly #bytes;
  readonly #truncated;
  readonly #saved;
  readonly #refused;
  readonly #state: readonly StateMetric[];

  constructor({ onDidCall, snapshot }: MetricsSource) {
    this.#snapshot = snapshot;
    const registers = [this.#registry];
    this.#calls = new Counter({ name: 'vestibule_calls_total', help: 'Tool calls by how they ended.', labelNames: ['server', 'tool', 'agent', 'outcome'], registers });
    this.#seconds = new Histogram({ name: 'vestibule_call_duration_seconds', help: 'Time from a call to its answer.', labelNames: ['server'], buckets: BUCKETS, registers });
    this.#bytes = new Counter({ name: 'vestibule_call_bytes_total', help: 'Bytes of arguments (in) and of answers (out).', labelNames: ['server', 'direction'], registers });
    this.#truncated = new Counter({ name: 'vestibule_results_shortened_total', help: 'Results over the budget, kept for read_cache.', labelNames: ['server'], registers });
    this.#saved = new Counter({ name: 'vestibule_tokens_saved_total', help: 'Tokens that shortening results kept from agents, estimated.', labelNames: ['server'], registers });
    this.#refused = new Counter({ name: 'vestibule_refusals_total', help: 'Calls that Vestibule did not let through, by why.', labelNames: ['server', 'code'], registers });
    this.#state = stateMetrics(registers, (server) => this.#servers.of(server));
    this.#subscription = onDidCall((record) => this.#count(record));
  }

  /** Everything as Prometheus reads it. */
  text(): Promise<string> {
    const state = this.#snapshot();
    for (const set of this.#state) set(state);
    return this.#registry.metrics();
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#registry.clear();
  }

  #count(record: CallRecord): void {
    const server = this.#servers.of(record.server);
    // One bound for pairs: a server with many tools must not take the room of one label each time.
    const tool = this.#tools.has(`${server}:${record.tool}`) ? record.tool : BoundedLabels.OTHER;
    this.#calls.inc({ server, tool, agent: this.#agents.of(record.agent), outcome: record.outcome });
    this.#seconds.observe({ server }, record.durationMs / 1_000);
    this.#bytes.inc({ server, direction: 'in' }, record.bytesIn);
    this.#bytes.inc({ server, direction: 'out' }, record.bytesOut);
    if (record.outcome === 'refused') this.#refused.inc({ server, code: record.code ?? BoundedLabels.OTHER });
    if (!record.truncated) return;
    this.#truncated.inc({ server });
    this.#saved.inc({ server }, savedBy(record));
  }
}
