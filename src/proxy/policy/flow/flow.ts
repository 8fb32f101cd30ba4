import { SYSTEM_CLOCK, type Clock } from '../../clock.ts';
import type { CatalogTool } from '../../catalog/types.ts';
import type { CacheConfig, ConfigSnapshot, FlowConfig, GatewayLimits } from '../../config/types.ts';
import type { Principal, ServerName } from '../../model.ts';
import { compileGlobs } from '../glob.ts';
import { Answers } from './answers.ts';
import { Breaker, type CircuitState } from './breaker.ts';
import { Lane } from './lane.ts';
import { Rates, type Rate } from './rates.ts';
import { RetryBudget } from './retry-budget.ts';

/** How calls to a server flow now, as a person sees it; absent where no rule says anything. */
export interface FlowSnapshot {
  readonly circuit?: CircuitState;
  readonly lane?: { readonly active: number; readonly queued: number };
  readonly cached?: number;
}

/** The rules of one server, ready for calls, with their state. */
export interface ServerFlow {
  readonly config: FlowConfig;
  readonly lane: Lane | undefined;
  readonly breaker: Breaker | undefined;
  readonly retries: RetryBudget;
  /** How long answers of a tool may be used again, in milliseconds; 0 for never. */
  cacheMs(tool: CatalogTool): number;
  /** The rates of calls of a tool, apart from the caller's. */
  rates(tool: CatalogTool): readonly Rate[];
}

const DEFAULT_QUEUE = 100;
const DEFAULT_QUEUE_SECONDS = 30;

/**
 * Every rule about how calls flow, compiled when the configuration changes, and the state behind the rules, which
 * outlives them: a circuit does not close because a line of the file moved.
 */
export class Flow {
  readonly rates: Rates;
  readonly answers: Answers;
  readonly clock: Clock;
  readonly #changed: () => void;
  readonly #servers = new Map<ServerName, ServerFlow>();
  #gateway: GatewayLimits = {};

  /** @param changed called after a circuit opened or closed */
  constructor(clock: Clock = SYSTEM_CLOCK, changed: () => void = () => undefined) {
    this.#changed = changed;
    this.clock = clock;
    this.rates = new Rates(clock);
    this.answers = new Answers(clock);
  }

  /** Takes in the configuration of now; calls under way end by the rules they began with. */
  apply({ upstreams, gateway }: Pick<ConfigSnapshot, 'upstreams' | 'gateway'>): void {
    this.#gateway = gateway.limits;
    const names = new Set(upstreams.map(({ name }) => name));
    for (const server of [...this.#servers.keys()]) if (!names.has(server)) this.#forget(server);
    for (const { name, flow } of upstreams) {
      const before = this.#servers.get(name);
      if (isEmpty(flow)) this.#forget(name);
      else if (before === undefined || JSON.stringify(before.config) !== JSON.stringify(flow)) this.#servers.set(name, this.#compile(name, flow, before));
    }
  }

  /** The rules of a server; undefined when there are none, which is the common case. */
  of(server: ServerName): ServerFlow | undefined {
    return this.#servers.get(server);
  }

  /** The rates a caller falls under, whatever it calls. */
  ratesOf({ id, perMinute }: Principal): readonly Rate[] {
    const { perMinute: all, perAgent } = this.#gateway;
    const own = perMinute ?? perAgent;
    if (all === undefined && own === undefined) return NO_RATES;
    return [
      ...(all === undefined ? [] : [{ key: 'all', perMinute: all, what: 'all calls together' }]),
      ...(own === undefined ? [] : [{ key: `agent\0${id}`, perMinute: own, what: 'calls of this agent' }]),
    ];
  }

  snapshot(server: ServerName): FlowSnapshot {
    const flow = this.#servers.get(server);
    if (flow === undefined) return {};
    const { lane, breaker, config } = flow;
    return {
      ...(breaker !== undefined && { circuit: breaker.state }),
      ...(lane !== undefined && { lane: { active: lane.active, queued: lane.queued } }),
      ...(config.cache !== undefined && { cached: this.answers.count(server) }),
    };
  }

  #forget(server: ServerName): void {
    if (this.#servers.delete(server)) this.answers.forget(server);
  }

  #compile(server: ServerName, config: FlowConfig, before: ServerFlow | undefined): ServerFlow {
    this.answers.forget(server);
    const { limits } = config;
    const perTool = Object.entries(limits?.tools ?? {}).map(([glob, perMinute]) => ({ matches: compileGlobs([glob]), perMinute }));
    const whole: readonly Rate[] = limits?.perMinute === undefined ? [] : [{ key: `server\0${server}`, perMinute: limits.perMinute, what: 'calls of this server' }];
    // Definitions are few and stay the same objects: what is worked out for one is kept with it.
    const ratesOfTool = new WeakMap<CatalogTool, readonly Rate[]>();
    const cacheOf = new WeakMap<CatalogTool, number>();
    return {
      config,
      lane: this.#lane(config, before),
      breaker: this.#breaker(config, before),
      retries: before?.retries ?? new RetryBudget(),
      cacheMs: (tool) => {
        let ms = cacheOf.get(tool);
        if (ms === undefined) cacheOf.set(tool, (ms = cacheMsOf(tool, config.cache)));
        return ms;
      },
      rates: (tool) => {
        let rates = ratesOfTool.get(tool);
        if (rates === undefined) {
          const own = perTool.filter(({ matches }) => matches(tool.name)).map(({ perMinute }) => ({ key: `tool\0${server}\0${tool.name}\0${perMinute}`, perMinute, what: 'calls of this tool' }));
          ratesOfTool.set(tool, (rates = [...whole, ...own]));
        }
        return rates;
      },
    };
  }

  #lane({ limits }: FlowConfig, before: ServerFlow | undefined): Lane | undefined {
    if (limits?.concurrent === undefined) return undefined;
    const { concurrent, queue = DEFAULT_QUEUE, queueSeconds = DEFAULT_QUEUE_SECONDS } = limits;
    const now = { concurrent, queue, queueMs: queueSeconds * 1000 };
    if (before?.lane === undefined) return new Lane(now, this.clock);
    before.lane.limits = now;
    return before.lane;
  }

  #breaker({ breaker }: FlowConfig, before: ServerFlow | undefined): Breaker | undefined {
    if (breaker === undefined) return undefined;
    if (before?.breaker === undefined) return new Breaker(breaker, this.clock, this.#changed);
    before.breaker.config = breaker;
    return before.breaker;
  }
}

const NO_RATES: readonly Rate[] = [];

function isEmpty({ limits, retry, breaker, cache }: FlowConfig): boolean {
  return limits === undefined && retry === undefined && breaker === undefined && cache === undefined;
}

/** Only what a person approved as read-only is ever answered from memory. */
function cacheMsOf({ tier, id, name }: CatalogTool, cache: CacheConfig | undefined): number {
  if (cache === undefined || tier !== 'read') return 0;
  const matches = cache.tools === undefined ? () => true : compileGlobs(cache.tools);
  return matches(name) || matches(id) ? cache.seconds * 1000 : 0;
}
