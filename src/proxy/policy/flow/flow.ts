import { SYSTEM_CLOCK, type Clock } from '../../clock.ts';
import type { CatalogTool } from '../../catalog/types.ts';
import type { CacheConfig, ConfigSnapshot, FailureClass, FlowConfig, GatewayLimits } from '../../config/types.ts';
import type { Principal, RateSnapshot, ServerName } from '../../model.ts';
import { compileGlobs } from '../glob.ts';
import { Answers } from './answers.ts';
import { Breaker, type CircuitState } from './breaker.ts';
import { Health } from './health.ts';
import { Lane } from './lane.ts';
import { Rates, type Rate } from './rates.ts';
import { Refusals, type RefusalSnapshot } from './refusals.ts';
import { RetryBudget } from './retry-budget.ts';
import { Routes, type RoutesSnapshot } from './routes.ts';
import type { SharedAnswers } from './shared-answers.ts';

/** How calls to a server flow now, as a person sees it; absent where no rule says anything. */
export interface FlowSnapshot extends RoutesSnapshot {
  readonly circuit?: CircuitState;
  /** Calls the circuit counts now and how many of them failed; seconds until an open one lets a call through. */
  readonly breaker?: { readonly calls: number; readonly failed: number; readonly retryAfterSeconds?: number };
  /** Calls at the server and waiting for their turn, and how many of each there may be. */
  readonly lane?: { readonly active: number; readonly queued: number; readonly concurrent: number; readonly queue: number };
  /** What is left of the rates of the server, and of its tools that were called lately. */
  readonly rates?: readonly RateSnapshot[];
  /** Retries that the budget would allow now. */
  readonly retriesLeft?: number;
  /** Calls that were sent again since the rule stands. */
  readonly retries?: number;
  /** Answers that are kept, and how often reads were answered by one, or had to be fetched. */
  readonly cache?: KeptAnswers;
  /** Contents of resources that are kept, likewise. */
  readonly resources?: KeptAnswers;
  /** Calls of it that were refused since the gateway started, by code, and the latest. Also without any rule. */
  readonly refused?: RefusalSnapshot;
}

/** Answers that are kept, and how often reads were answered by one, or had to be fetched. */
export interface KeptAnswers {
  /** In the memory of this process; absent where they are kept elsewhere. */
  readonly entries?: number;
  /** Present where they are kept outside of the process: whether that does not work now. */
  readonly storeFails?: boolean;
  readonly hits: number;
  readonly misses: number;
}

/** Takes note of how calls of one server end. */
export interface Watching {
  /** @param failure how it failed; undefined when it was answered @param ms from sending to its end */
  ended(tool: string, failure: FailureClass | undefined, ms: number): void;
  /** It was called off before it was answered. */
  calledOff(tool: string, ms: number): void;
}

/** The rules of one server, ready for calls, with their state. */
export interface ServerFlow {
  readonly config: FlowConfig;
  /** The server as a store outside of the process knows it: one of the same name that is reached otherwise is another. */
  readonly area: string;
  readonly lane: Lane | undefined;
  readonly breaker: Breaker | undefined;
  readonly retries: RetryBudget;
  /** Other servers of the same tools; undefined where none are named. */
  readonly routes: Routes | undefined;
  /** How long answers of a tool may be used again, in milliseconds; 0 for never. */
  cacheMs(tool: CatalogTool): number;
  /** How long the contents of a resource may be used again, in milliseconds; 0 for never. @param uri as the server calls it */
  resourceMs(uri: string): number;
  /** The rates of calls of a tool, apart from the caller's. */
  rates(tool: CatalogTool): readonly Rate[];
  /** The rates that anything was counted under lately. */
  known(): Iterable<Rate>;
}

const DEFAULT_QUEUE = 100;
const DEFAULT_QUEUE_SECONDS = 30;
/** Rates of tools that are shown, of one server. */
const MAX_SHOWN_RATES = 100;

/**
 * Every rule about how calls flow, compiled when the configuration changes, and the state behind the rules, which
 * outlives them: a circuit does not close because a line of the file moved.
 */
export class Flow {
  readonly rates: Rates;
  readonly answers: Answers;
  /** Contents of resources, with room of their own. */
  readonly resources: Answers;
  /** Where both are kept instead, if anywhere. */
  shared: SharedAnswers | undefined;
  readonly refusals = new Refusals();
  readonly clock: Clock;
  readonly #changed: () => void;
  readonly #servers = new Map<ServerName, ServerFlow>();
  /** Of the servers that others are compared with, or that a second server is asked beside; and the groups they are in. */
  readonly #health = new Map<ServerName, Health>();
  #enabled: ReadonlySet<ServerName> = new Set();
  #groups: ReadonlyMap<ServerName, readonly Routes[]> = new Map();
  #gateway: GatewayLimits = {};

  /** @param changed called after a circuit opened or closed */
  constructor(clock: Clock = SYSTEM_CLOCK, changed: () => void = () => undefined) {
    this.#changed = changed;
    this.clock = clock;
    this.rates = new Rates(clock);
    this.answers = new Answers(clock);
    this.resources = new Answers(clock);
  }

  /** Takes in the configuration of now; calls under way end by the rules they began with. */
  apply({ upstreams, gateway }: Pick<ConfigSnapshot, 'upstreams' | 'gateway'>): void {
    this.#gateway = gateway.limits;
    const names = new Set(upstreams.map(({ name }) => name));
    this.#enabled = new Set(upstreams.filter(({ enabled }) => enabled).map(({ name }) => name));
    for (const server of [...this.#servers.keys()]) if (!names.has(server)) this.#drop(server);
    this.refusals.keep(names);
    for (const { flow, name, transport } of upstreams) {
      if (isEmpty(flow)) {
        this.#drop(name);
        continue;
      }
      const before = this.#servers.get(name);
      const area = `${name}\0${JSON.stringify(transport)}`;
      if (before?.area !== area || JSON.stringify(before.config) !== JSON.stringify(flow)) this.#servers.set(name, this.#compile(name, area, flow, before));
    }
    this.#watchGroups();
  }

  /** Takes note of how a call of a server ended, where servers are compared; undefined where nobody wants to know. */
  watching(server: ServerName): Watching | undefined {
    const groups = this.#groups.get(server);
    if (groups === undefined) return undefined;
    const health = this.#healthOf(server);
    return {
      ended(tool, failure, ms) {
        health.ended(tool, failure, ms);
        for (const { outliers } of groups) outliers?.judge(server);
      },
      calledOff(tool, ms) {
        health.calledOff(tool, ms);
        for (const { outliers } of groups) outliers?.judge(server);
      },
    };
  }

  /** The rules of a server; undefined when there are none, which is the common case. */
  of(server: ServerName): ServerFlow | undefined {
    return this.#servers.get(server);
  }

  /**
   * Nothing that is kept of this server counts any more: something was written to it, or it is another one now.
   * @param rules those that what was written began with, which may have been dropped since
   */
  forget(server: ServerName, rules = this.#servers.get(server)): void {
    this.answers.forget(server);
    this.resources.forget(server);
    if (rules?.config.cache === undefined) return;
    this.shared?.forget('tool', rules.area);
    this.shared?.forget('resource', rules.area);
  }

  /** Contents of this resource of a server, of its parts and of what it is a part of, do not count any more; without a URI none of it. */
  forgetResource(server: ServerName, uri: string | undefined): void {
    if (uri === undefined) this.resources.forget(server);
    else this.resources.forgetAbout(server, uri);
    const rules = this.#servers.get(server);
    if (rules?.config.cache?.resources !== undefined) this.shared?.forget('resource', rules.area);
  }

  /** The rates a caller falls under, whatever it calls. */
  ratesOf(caller: Principal): readonly Rate[] {
    const all = this.#rateOfAll();
    const own = this.#rateOfCaller(caller);
    if (all === undefined && own === undefined) return NO_RATES;
    return [all, own].filter((rate) => rate !== undefined);
  }

  /** How calls of a server flow now. */
  snapshot(server: ServerName): FlowSnapshot {
    const flow = this.#servers.get(server);
    const refused = this.refusals.of(server);
    return { ...(flow !== undefined && this.#ruled(server, flow)), ...(refused !== undefined && { refused }) };
  }

  /** What is left of the rate of everybody together; undefined without such a limit. */
  rateOfAll(): RateSnapshot | undefined {
    const rate = this.#rateOfAll();
    return rate && this.rates.snapshot(rate);
  }

  /** What is left of a caller's own rate; undefined without such a limit. */
  rateOf(caller: Pick<Principal, 'id' | 'perMinute'>): RateSnapshot | undefined {
    const rate = this.#rateOfCaller(caller);
    return rate && this.rates.snapshot(rate);
  }

  #ruled(server: ServerName, flow: ServerFlow): FlowSnapshot {
    const { lane, breaker, config, retries, routes } = flow;
    const rates = [...flow.known()].map((rate) => this.rates.snapshot(rate));
    return {
      ...(breaker !== undefined && { circuit: breaker.state, breaker: breaker.snapshot() }),
      ...(lane !== undefined && { lane: { active: lane.active, queued: lane.queued, concurrent: lane.limits.concurrent, queue: lane.limits.queue } }),
      ...(rates.length > 0 && { rates }),
      ...(config.retry !== undefined && { retriesLeft: retries.left, retries: retries.spent }),
      ...routes?.snapshot(),
      ...(config.cache !== undefined && { cache: keptIn(this.answers, server, this.shared) }),
      ...(config.cache?.resources !== undefined && { resources: keptIn(this.resources, server, this.shared) }),
    };
  }

  #rateOfAll(): Rate | undefined {
    const { perMinute } = this.#gateway;
    return perMinute === undefined ? undefined : { key: 'all', perMinute, what: 'all calls together' };
  }

  #rateOfCaller({ id, perMinute = this.#gateway.perAgent }: Pick<Principal, 'id' | 'perMinute'>): Rate | undefined {
    return perMinute === undefined ? undefined : { key: `agent\0${id}`, perMinute, what: 'calls of this agent' };
  }

  #drop(server: ServerName): void {
    if (!this.#servers.has(server)) return;
    this.forget(server);
    this.#servers.delete(server);
    this.answers.drop(server);
    this.resources.drop(server);
  }

  #compile(server: ServerName, area: string, config: FlowConfig, before: ServerFlow | undefined): ServerFlow {
    // What was kept before the start is of the same rules as far as anybody knows.
    if (before !== undefined) this.forget(server);
    const { limits } = config;
    const perTool = Object.entries(limits?.tools ?? {}).map(([glob, perMinute]) => ({ matches: compileGlobs([glob]), perMinute }));
    const whole: readonly Rate[] = limits?.perMinute === undefined ? [] : [{ key: `server\0${server}`, perMinute: limits.perMinute, what: 'calls of this server' }];
    // Definitions are few and stay the same objects: what is worked out for one is kept with it.
    const ratesOfTool = new WeakMap<CatalogTool, readonly Rate[]>();
    const cacheOf = new WeakMap<CatalogTool, number>();
    const { resources, resourceSeconds = config.cache?.seconds ?? 0 } = config.cache ?? {};
    const keepsResource = compileGlobs(resources ?? []);
    const shown = new Map(whole.map((rate) => [rate.key, rate]));
    return {
      config,
      area,
      lane: this.#lane(config, before),
      breaker: this.#breaker(config, before),
      retries: before?.retries ?? new RetryBudget(),
      routes: this.#routes(server, config, before),
      cacheMs: (tool) => {
        let ms = cacheOf.get(tool);
        if (ms === undefined) cacheOf.set(tool, (ms = cacheMsOf(tool, config.cache)));
        return ms;
      },
      resourceMs: (uri) => (keepsResource(uri) ? resourceSeconds * 1000 : 0),
      rates: (tool) => {
        let rates = ratesOfTool.get(tool);
        if (rates === undefined) {
          const own = perTool.filter(({ matches }) => matches(tool.name)).map(({ perMinute }) => ({ key: `tool\0${server}\0${tool.name}\0${perMinute}`, perMinute, what: 'calls of this tool', tool: tool.name }));
          for (const rate of own) if (shown.size < MAX_SHOWN_RATES) shown.set(rate.key, rate);
          ratesOfTool.set(tool, (rates = [...whole, ...own]));
        }
        return rates;
      },
      known: () => shown.values(),
    };
  }

  #healthOf(server: ServerName): Health {
    let health = this.#health.get(server);
    if (health === undefined) this.#health.set(server, (health = new Health(this.clock)));
    return health;
  }

  /** Only servers that a rule compares are watched: for all others nothing is kept. */
  #watchGroups(): void {
    const groups = new Map<ServerName, Routes[]>();
    for (const [name, { routes }] of this.#servers) {
      if (routes === undefined || (routes.outliers === undefined && routes.config.hedge?.quantile === undefined)) continue;
      // Whichever is tried first may be the one that is slow.
      const { canary } = routes.config;
      for (const member of new Set([name, ...routes.failover, ...(canary ? [canary.server] : [])])) groups.set(member, [...(groups.get(member) ?? []), routes]);
    }
    this.#groups = groups;
    for (const server of this.#health.keys()) if (!groups.has(server)) this.#health.delete(server);
  }

  #lane({ limits }: FlowConfig, before: ServerFlow | undefined): Lane | undefined {
    if (limits?.concurrent === undefined) return undefined;
    const { concurrent, queue = DEFAULT_QUEUE, queueSeconds = DEFAULT_QUEUE_SECONDS } = limits;
    const now = { concurrent, queue, queueMs: queueSeconds * 1000 };
    if (before?.lane === undefined) return new Lane(now, this.clock);
    before.lane.limits = now;
    return before.lane;
  }

  #routes(server: ServerName, config: FlowConfig, before: ServerFlow | undefined): Routes | undefined {
    if (config.failover === undefined && config.canary === undefined && config.mirror === undefined) return undefined;
    if (before?.routes === undefined) return new Routes(server, config, { clock: this.clock, healthOf: (of) => this.#healthOf(of), isKnown: (name) => this.#enabled.has(name), changed: this.#changed });
    before.routes.config = config;
    return before.routes;
  }

  #breaker({ breaker }: FlowConfig, before: ServerFlow | undefined): Breaker | undefined {
    if (breaker === undefined) return undefined;
    if (before?.breaker === undefined) return new Breaker(breaker, this.clock, this.#changed);
    before.breaker.config = breaker;
    return before.breaker;
  }
}

const NO_RATES: readonly Rate[] = [];

function isEmpty(config: FlowConfig): boolean {
  return Object.values(config).every((section) => section === undefined);
}

function keptIn(answers: Answers, server: ServerName, shared: SharedAnswers | undefined): KeptAnswers {
  const uses = answers.uses(server);
  return shared === undefined ? { entries: answers.count(server), ...uses } : { ...uses, storeFails: shared.fails };
}

/** Only what a person approved as read-only is ever answered from memory. */
function cacheMsOf({ tier, id, name }: CatalogTool, cache: CacheConfig | undefined): number {
  if (cache === undefined || tier !== 'read') return 0;
  const matches = cache.tools === undefined ? () => true : compileGlobs(cache.tools);
  return matches(name) || matches(id) ? cache.seconds * 1000 : 0;
}
