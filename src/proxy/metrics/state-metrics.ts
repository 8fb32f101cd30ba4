import { Counter, Gauge, type Registry } from 'prom-client';
import type { GatewaySnapshot, UpstreamSnapshot } from '../api.ts';
import type { CircuitState } from '../policy/flow/breaker.ts';

/** Sets a metric to what is true now. */
export type StateMetric = (state: GatewaySnapshot) => void;

const CIRCUITS: readonly CircuitState[] = ['closed', 'half-open', 'open'];

/**
 * What is told of the present state: worked out when somebody looks, never on the way of a call.
 * @param labelOf the label of a server's name, which is bounded
 */
export function stateMetrics(registers: Registry[], labelOf: (server: string) => string): readonly StateMetric[] {
  /** How many there are of each value of a label. */
  const counted = (name: string, help: string, label: string, valuesOf: (state: GatewaySnapshot) => Iterable<string>): StateMetric => {
    const gauge = new Gauge({ name, help, labelNames: [label], registers });
    return (state) => {
      gauge.reset();
      for (const value of valuesOf(state)) gauge.inc({ [label]: value });
    };
  };
  /** A figure of each server that has one; servers beyond the bound are one. */
  const perServer = (metric: Gauge | Counter, valueOf: (upstream: UpstreamSnapshot) => number | undefined): StateMetric => (state) => {
    metric.reset();
    for (const upstream of state.upstreams) {
      const value = valueOf(upstream);
      if (value !== undefined) metric.inc({ server: labelOf(upstream.name) }, value);
    }
  };
  const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, labelNames: ['server'], registers });
  const counter = (name: string, help: string): Counter => new Counter({ name, help, labelNames: ['server'], registers });

  const circuits = new Gauge({ name: 'vestibule_circuit', help: '1 for the state that the circuit of a server is in.', labelNames: ['server', 'state'], registers });
  const lost = new Gauge({ name: 'vestibule_records_lost', help: 'Records of calls that the disk did not take since the gateway began.', registers });
  return [
    counted('vestibule_sessions', 'Agents connected now.', 'era', ({ sessions }) => sessions.map(({ era }) => era)),
    counted('vestibule_upstreams', 'Configured servers by what they are doing.', 'state', ({ upstreams }) => upstreams.map(({ state }) => state.kind)),
    counted('vestibule_tools', 'Known tools by what a person decided.', 'status', ({ upstreams }) => upstreams.flatMap(({ tools }) => tools.map(({ status }) => status))),
    counted('vestibule_awaiting_approval', 'What waits for a person to approve it, by kind.', 'kind', ({ upstreams }) => upstreams.flatMap(waitingOf)),
    counted('vestibule_paused', 'Pauses in force, by how far they reach.', 'reach', ({ pause }) => [
      ...(pause.all ? ['all'] : []),
      ...pause.servers.map(() => 'server'),
      ...pause.tools.map(() => 'tool'),
    ]),
    perServer(gauge('vestibule_calls_running', 'Calls under way at servers that take so many at once.'), ({ flow }) => flow?.lane?.active),
    perServer(gauge('vestibule_calls_queued', 'Calls that wait for their turn.'), ({ flow }) => flow?.lane?.queued),
    perServer(gauge('vestibule_cache_answers', 'Answers that may be used again.'), ({ flow }) => flow?.cache?.entries),
    perServer(counter('vestibule_cache_hits_total', 'Calls that were answered from memory.'), ({ flow }) => flow?.cache?.hits),
    perServer(counter('vestibule_cache_misses_total', 'Calls that could have been answered from memory and were not.'), ({ flow }) => flow?.cache?.misses),
    perServer(counter('vestibule_retries_total', 'Calls that were sent again.'), ({ flow }) => flow?.retries),
    ({ upstreams }) => {
      circuits.reset();
      for (const { flow, name } of upstreams) {
        if (flow?.circuit === undefined) continue;
        for (const state of CIRCUITS) circuits.inc({ server: labelOf(name), state }, state === flow.circuit ? 1 : 0);
      }
    },
    ({ lostRecords }) => lost.set(lostRecords),
  ];
}

/** The kind of each definition that waits; `launch` for a server that may not start yet. */
function waitingOf({ config, definitions = [], instructions, launch, tools }: UpstreamSnapshot): readonly string[] {
  if (!config.enabled) return [];
  const all = [
    ...tools.map(({ status }) => ({ kind: 'tool', status })),
    ...definitions,
    ...(instructions === undefined ? [] : [{ kind: 'instructions', status: instructions.status }]),
  ];
  return [...(launch.approved ? [] : ['launch']), ...all.filter(({ status }) => status === 'pending' || status === 'changed').map(({ kind }) => kind)];
}
