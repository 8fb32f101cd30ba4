import type { UpstreamSnapshot } from '../../proxy/api.ts';
import { t, tn } from '../l10n.ts';
import { oneLine } from '../text.ts';

type Flow = NonNullable<UpstreamSnapshot['flow']>;

/** Lines about rates at most. */
const MAX_RATES = 5;

/** How calls of a server flow, line by line: its rules' state, and why some were refused. */
export function flowLines({ flow, underWay = 0 }: Pick<UpstreamSnapshot, 'flow' | 'underWay'>): readonly string[] {
  if (flow === undefined) return [];
  const { breaker, cache, circuit, lane, rates = [], refused, resources, retries } = flow;
  return [
    ...(circuit === undefined ? [] : [CIRCUIT[circuit](breaker?.retryAfterSeconds)]),
    ...(breaker === undefined || breaker.calls === 0 ? [] : [t('{0} of the last {1} calls failed', breaker.failed, breaker.calls)]),
    ...(lane === undefined ? (underWay === 0 ? [] : [tn(underWay, '{0} call under way', '{0} calls under way')]) : [t('{0} of {1} calls under way, {2} of {3} waiting', lane.active, lane.concurrent, lane.queued, lane.queue)]),
    ...rates.slice(0, MAX_RATES).map(({ what, tool, left, perMinute }) => t('{0} of {1} left this minute: {2}', left, perMinute, oneLine(tool === undefined ? what : `${what}, ${tool}`, 120))),
    ...(retries === undefined || retries === 0 ? [] : [tn(retries, '{0} call sent again', '{0} calls sent again')]),
    ...(cache === undefined ? [] : [cache.entries === undefined ? storeLine(cache) : t('{0} answers kept; {1} reads answered by one, {2} fetched', cache.entries, cache.hits, cache.misses)]),
    ...(resources === undefined ? [] : [resources.entries === undefined ? storeLine(resources) : t('{0} resources kept; {1} reads answered by one, {2} fetched', resources.entries, resources.hits, resources.misses)]),
    ...routeLines(flow),
    ...(refused === undefined ? [] : refusedLines(refused)),
  ];
}

function storeLine({ hits, misses, storeFails }: NonNullable<Flow['cache']>): string {
  return storeFails === true ? t('The store of kept answers does not work; {0} reads fetched', misses) : t('{0} reads answered by a kept answer, {1} fetched', hits, misses);
}

function routeLines({ canary, failover, group = [], hedge, mirror }: Flow): readonly string[] {
  return [
    ...group.flatMap(({ out, server }) => (out === undefined ? [] : [OUT[out.why](oneLine(server, 60), out.secondsLeft)])),
    ...(hedge === undefined ? [] : [t('{0} reads asked of a second server as well; {1} answered by it first', hedge.calls, hedge.won)]),
    ...(failover === undefined ? [] : [tn(failover.calls, '{0} call taken by another server ({1})', '{0} calls taken by another server ({1})', oneLine(failover.to.join(', '), 120))]),
    ...(canary === undefined ? [] : [tn(canary.calls, '{0} call by the canary {1}, {2} % of sessions', '{0} calls by the canary {1}, {2} % of sessions', oneLine(canary.server, 60), percent(canary.share))]),
    ...(mirror === undefined
      ? []
      : [t('Copies of {0} % of reads to {1}: {2} answered alike, {3} otherwise, {4} not, {5} not made', percent(mirror.share), oneLine(mirror.server, 60), mirror.same, mirror.different, mirror.failed, mirror.skipped)]),
  ];
}

function percent(share: number): number {
  return Math.round(share * 1000) / 10;
}

function refusedLines({ counts, last }: NonNullable<Flow['refused']>): readonly string[] {
  return [
    t('Refused since the start: {0}', Object.entries(counts).map(([code, count]) => `${code} ${count}`).join(', ')),
    t('Latest refusal: {0}, at {1}', last.code, new Date(last.at).toLocaleTimeString()),
  ];
}

const OUT: Readonly<Record<NonNullable<NonNullable<Flow['group']>[number]['out']>['why'], (server: string, seconds: number) => string>> = {
  'in-a-row': (server, seconds) => t('{0} is taken out for {1} s: calls failed one after the other', server, seconds),
  failures: (server, seconds) => t('{0} is taken out for {1} s: more calls fail than of the others', server, seconds),
  latency: (server, seconds) => t('{0} is taken out for {1} s: slower than the others', server, seconds),
};

const CIRCUIT: Readonly<Record<NonNullable<Flow['circuit']>, (seconds: number | undefined) => string>> = {
  closed: () => t('Breaker closed: calls pass'),
  open: (seconds = 0) => t('Breaker open: too many calls failed; one is let through in {0} s', Math.ceil(seconds)),
  'half-open': () => t('Breaker half open: a few calls are let through to try'),
};
