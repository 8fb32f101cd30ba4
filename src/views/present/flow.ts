import type { UpstreamSnapshot } from '../../proxy/api.ts';
import { t, tn } from '../l10n.ts';

/** How calls of a server flow, line by line; nothing where no rule says anything. */
export function flowLines({ flow, config }: Pick<UpstreamSnapshot, 'flow' | 'config'>): readonly string[] {
  const { limits, cache } = config.flow;
  return [
    ...(flow?.circuit === undefined ? [] : [CIRCUIT[flow.circuit]()]),
    ...(limits?.perMinute === undefined ? [] : [tn(limits.perMinute, 'At most {0} call a minute', 'At most {0} calls a minute')]),
    ...(flow?.lane === undefined ? [] : [t('{0} under way of {1} at a time, {2} waiting', flow.lane.active, limits?.concurrent ?? flow.lane.active, flow.lane.queued)]),
    ...(flow?.cached === undefined ? [] : [tn(flow.cached, '{0} answer kept for {1} s', '{0} answers kept for {1} s', cache?.seconds ?? 0)]),
  ];
}

type Circuit = NonNullable<NonNullable<UpstreamSnapshot['flow']>['circuit']>;

const CIRCUIT: Readonly<Record<Circuit, () => string>> = {
  closed: () => t('Breaker closed: calls pass'),
  open: () => t('Breaker open: calls are refused for a while, because too many failed'),
  'half-open': () => t('Breaker half open: a few calls are let through to try'),
};
