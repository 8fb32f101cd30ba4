import { checkKeys, numberField, objectField, recordField, textField, textsField, type Fields } from './fields.ts';
import { BREAKER_KEYS, CACHE_KEYS, HEDGE_KEYS, LIMITS_KEYS, OUTLIER_KEYS, RETRY_KEYS, SHARE_KEYS } from './keys.ts';
import { globsField } from './parse-tools.ts';
import { RANGES } from './ranges.ts';
import type { FileReport } from './report.ts';
import type { BreakerConfig, CacheConfig, FailureClass, FlowConfig, HedgeConfig, LimitsConfig, OutlierConfig, RetryConfig, ShareConfig } from './types.ts';

const DEFAULT_RETRY: RetryConfig = { attempts: 2, backoffMs: 100, budget: 0.1 };
const DEFAULT_BREAKER: BreakerConfig = { failures: 0.5, calls: 5, windowSeconds: 30, openSeconds: 30, trials: 1, on: ['transport', 'timeout'] };
const DEFAULT_HEDGE: HedgeConfig = { afterMs: 1_000, budget: 0.05 };
const DEFAULT_OUTLIER: OutlierConfig = { consecutive: 5, failures: 0.3, calls: 10, windowSeconds: 60, ejectSeconds: 30, maxEjectSeconds: 300, share: 0.5, on: ['transport', 'timeout'] };
const CLASSES: readonly FailureClass[] = ['transport', 'timeout', 'protocol_error', 'tool_error'];
const DEFAULT_CACHE_SECONDS = 60;
const DEFAULT_CANARY_SHARE = 0.05;
/** A call that nobody takes is refused after this many servers. */
const MAX_FAILOVER = 8;

/** The sections of a server about how calls flow: `limits`, `retry`, `breaker`, `cache`, `failover`, `hedge`, `outlier`, `canary` and `mirror`. Reports what is wrong. */
export function parseFlow(report: FileReport, server: Fields): FlowConfig {
  const limits = parseLimits(report, server);
  const retry = parseNumbers(report, server, 'retry', RETRY_KEYS, DEFAULT_RETRY);
  const breaker = parseBreaker(report, server);
  const cache = parseCache(report, server);
  const failover = textsField(report, server, 'failover', MAX_FAILOVER);
  const hedge = parseHedge(report, server);
  const outlier = parseOutlier(report, server);
  const canary = parseShare(report, server, 'canary', DEFAULT_CANARY_SHARE);
  const mirror = parseShare(report, server, 'mirror', 1);
  return {
    ...(limits && { limits }),
    ...(retry && { retry }),
    ...(breaker && { breaker }),
    ...(cache && { cache }),
    ...(failover && { failover }),
    ...(hedge && { hedge }),
    ...(outlier && { outlier }),
    ...(canary && { canary }),
    ...(mirror && { mirror }),
  };
}

function parseLimits(report: FileReport, server: Fields): LimitsConfig | undefined {
  const fields = objectField(report, server, 'limits');
  if (fields === undefined) return undefined;
  checkKeys(report, fields, LIMITS_KEYS);
  const numbers = (['perMinute', 'concurrent', 'queue', 'queueSeconds', 'maxArguments'] as const).flatMap((key) => {
    const value = numberField(report, fields, key, RANGES[key]);
    return value === undefined ? [] : [[key, value] as const];
  });
  const tools = recordField(report, fields, 'tools', ({ key, keyNode, value }) => numberField(report, new Map([[key, { key, keyNode, value }]]), key, RANGES.perMinute));
  return { ...Object.fromEntries(numbers), ...(tools && { tools }) };
}

function parseNumbers<K extends keyof typeof RANGES, T extends Readonly<Record<K, number>>>(report: FileReport, server: Fields, section: string, keys: readonly K[], defaults: T): T | undefined {
  const fields = objectField(report, server, section);
  if (fields === undefined) return undefined;
  checkKeys(report, fields, keys);
  return { ...defaults, ...written(report, fields, keys) };
}

function written(report: FileReport, fields: Fields, keys: readonly (keyof typeof RANGES)[]): Record<string, number> {
  const numbers = keys.map((key) => [key, numberField(report, fields, key, RANGES[key])] as const);
  return Object.fromEntries(numbers.filter((pair): pair is readonly [keyof typeof RANGES, number] => pair[1] !== undefined));
}

function parseBreaker(report: FileReport, server: Fields): BreakerConfig | undefined {
  const fields = objectField(report, server, 'breaker');
  if (fields === undefined) return undefined;
  checkKeys(report, fields, BREAKER_KEYS);
  const on = classesField(report, fields);
  return { ...DEFAULT_BREAKER, ...written(report, fields, ['failures', 'calls', 'windowSeconds', 'openSeconds', 'trials']), ...(on && { on }) };
}

/** `on`: what counts as a failure. */
function classesField(report: FileReport, fields: Fields): readonly FailureClass[] | undefined {
  const names = textsField(report, fields, 'on');
  const on = names?.filter((name): name is FailureClass => CLASSES.some((known) => known === name));
  const field = fields.get('on');
  if (field !== undefined && on !== undefined && on.length !== names?.length) {
    report.error(field.value, `"on" may hold ${CLASSES.map((name) => JSON.stringify(name)).join(', ')} and nothing else.`, 'Remove what is not one of these.');
  }
  return on;
}

function parseHedge(report: FileReport, server: Fields): HedgeConfig | undefined {
  const fields = groupField(report, server, 'hedge');
  if (fields === undefined) return undefined;
  checkKeys(report, fields, HEDGE_KEYS);
  const tools = globsField(report, fields, 'tools');
  return { ...DEFAULT_HEDGE, ...written(report, fields, ['afterMs', 'quantile', 'budget']), ...(tools && { tools }) };
}

function parseOutlier(report: FileReport, server: Fields): OutlierConfig | undefined {
  const fields = groupField(report, server, 'outlier');
  if (fields === undefined) return undefined;
  checkKeys(report, fields, OUTLIER_KEYS);
  const on = classesField(report, fields);
  return { ...DEFAULT_OUTLIER, ...written(report, fields, ['consecutive', 'failures', 'latency', 'calls', 'windowSeconds', 'ejectSeconds', 'maxEjectSeconds', 'share']), ...(on && { on }) };
}

/** A section that says something about a server and its stand-ins: without any, it does nothing. */
function groupField(report: FileReport, server: Fields, section: 'hedge' | 'outlier'): Fields | undefined {
  const field = server.get(section);
  if (field !== undefined && !server.has('failover')) report.warn(field.keyNode, `"${section}" does nothing without "failover".`, 'Name the servers that offer the same tools: "failover": ["…"].');
  return objectField(report, server, section);
}

function parseCache(report: FileReport, server: Fields): CacheConfig | undefined {
  const fields = objectField(report, server, 'cache');
  if (fields === undefined) return undefined;
  checkKeys(report, fields, CACHE_KEYS);
  const tools = globsField(report, fields, 'tools');
  const resources = globsField(report, fields, 'resources');
  const resourceSeconds = numberField(report, fields, 'resourceSeconds', RANGES.resourceSeconds);
  return {
    seconds: numberField(report, fields, 'seconds', RANGES.cacheSeconds) ?? DEFAULT_CACHE_SECONDS,
    ...(tools && { tools }),
    ...(resources && { resources }),
    ...(resourceSeconds !== undefined && { resourceSeconds }),
  };
}

function parseShare(report: FileReport, server: Fields, section: 'canary' | 'mirror', otherwise: number): ShareConfig | undefined {
  const fields = objectField(report, server, section);
  if (fields === undefined) return undefined;
  checkKeys(report, fields, SHARE_KEYS);
  const to = textField(report, fields, 'server');
  const field = server.get(section);
  if (!fields.has('server') && field !== undefined) report.error(field.value, `"${section}" does not say which server.`, 'Write "server": the name of another server that offers the same tools.');
  const share = numberField(report, fields, 'share', RANGES.share) ?? otherwise;
  const tools = globsField(report, fields, 'tools');
  return to === undefined ? undefined : { server: to, share, ...(tools && { tools }) };
}
