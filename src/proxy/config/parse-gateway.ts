import type { Node } from 'jsonc-parser';
import type { FilePosition } from '../errors.ts';
import { checkKeys, choiceField, fieldsOf, flagField, numberField, objectField, soundSection, textField, textsField, type Fields } from './fields.ts';
import { AUTONOMOUS_KEYS, CACHE_STORE_KEYS, GATEWAY_KEYS, GATEWAY_LIMITS_KEYS } from './keys.ts';
import { parseBudget } from './parse-budget.ts';
import { parseIntrospection, parseJwt } from './parse-bearers.ts';
import { globsField } from './parse-tools.ts';
import { RANGES } from './ranges.ts';
import type { FileReport } from './report.ts';
import type { AutonomousSettings, CacheStoreSettings, GatewayLimits, GatewaySettings } from './types.ts';

/** What one file says of the gateway; absent members say nothing. */
export type WrittenGateway = { readonly [K in keyof GatewaySettings]?: NonNullable<GatewaySettings[K]> };

/** What a workspace file cannot loosen. */
const PERSONAL = ['autonomy', 'codeExecution', 'traces', 'jwt', 'introspection', 'autonomous', 'cache'] as const satisfies readonly (keyof GatewaySettings)[];
export type PersonalKey = (typeof PERSONAL)[number];
type Positions = Partial<Record<PersonalKey, FilePosition>>;

/** The `gateway` section of one file, and where those members stand that a workspace file cannot loosen. */
export interface GatewaySection {
  readonly settings: WrittenGateway;
  readonly at: Readonly<Positions>;
}

/** Of a file without one. */
export const NO_GATEWAY: GatewaySection = { settings: {}, at: {} };

export const MODES = ['adaptive', 'retrieve', 'direct'] as const;
/** From the strictest on. */
export const AUTONOMIES = ['manual', 'assisted', 'autonomous'] as const;
/** Instructions go into every agent's system prompt: short or not at all. In characters. */
const MAX_INSTRUCTIONS = 2_000;

/** Reads the `gateway` section; a bad member is reported and says nothing. */
export function parseGateway(report: FileReport, node: Node | undefined): GatewaySection {
  const fields = node === undefined ? undefined : fieldsOf(report, node, '"gateway"');
  if (fields === undefined) return NO_GATEWAY;
  checkKeys(report, fields, GATEWAY_KEYS);
  const mode = choiceField(report, fields, 'mode', MODES);
  const topK = numberField(report, fields, 'topK', RANGES.topK);
  const responseLimit = numberField(report, fields, 'responseLimit', RANGES.responseLimit);
  const instructions = textField(report, fields, 'instructions', MAX_INSTRUCTIONS);
  const autonomy = choiceField(report, fields, 'autonomy', AUTONOMIES);
  const auto = fields.get('directThreshold')?.value.value === 'auto';
  const directThreshold = auto ? 'auto' : numberField(report, fields, 'directThreshold', RANGES.directThreshold);
  const pinned = globsField(report, fields, 'pinned');
  const codeExecution = flagField(report, fields, 'codeExecution');
  const metrics = flagField(report, fields, 'metrics');
  const traces = endpointField(report, fields);
  const learn = flagField(report, fields, 'learn');
  const limits = parseLimits(report, fields);
  const autonomous = parseAutonomous(report, fields);
  const jwt = parseJwt(report, fields);
  const cache = parseCacheStore(report, fields);
  const introspection = parseIntrospection(report, fields);
  return {
    settings: {
      ...(mode !== undefined && { mode }),
      ...(topK !== undefined && { topK }),
      ...(responseLimit !== undefined && { responseLimit }),
      ...(instructions !== undefined && { instructions }),
      ...(autonomy !== undefined && { autonomy }),
      ...(directThreshold !== undefined && { directThreshold }),
      ...(pinned !== undefined && { pinned }),
      ...(codeExecution !== undefined && { codeExecution }),
      ...(metrics !== undefined && { metrics }),
      ...(traces !== undefined && { traces }),
      ...(learn !== undefined && { learn }),
      ...(limits !== undefined && { limits }),
      ...(autonomous !== undefined && { autonomous }),
      ...(jwt !== undefined && { jwt }),
      ...(cache !== undefined && { cache }),
      ...(introspection !== undefined && { introspection }),
    },
    at: positionsIn(report, fields),
  };
}

function positionsIn(report: FileReport, fields: Fields): Positions {
  const positions: Positions = {};
  for (const key of PERSONAL) {
    const value = fields.get(key)?.value;
    if (value !== undefined) positions[key] = report.at(value.offset);
  }
  return positions;
}

const NOTHING_ALLOWED: AutonomousSettings = { registries: [], hosts: [] };

/** One with anything wrong in it allows nothing. */
function parseAutonomous(report: FileReport, gateway: Fields): AutonomousSettings | undefined {
  const settings = soundSection(report, gateway, 'autonomous', AUTONOMOUS_KEYS, (fields) => {
    const registries = textsField(report, fields, 'registries', 20) ?? [];
    for (const [i, registry] of registries.entries()) {
      const node = fields.get('registries')?.value.children?.[i];
      const url = URL.canParse(registry) ? new URL(registry) : undefined;
      const local = url?.protocol === 'http:' && ['localhost', '127.0.0.1'].includes(url.hostname);
      if (node !== undefined && url?.protocol !== 'https:' && !local) report.error(node, 'A registry is an https:// address, or http:// on this machine.', 'Write the address before /v0.1.');
    }
    return { registries, hosts: globsField(report, fields, 'hosts') ?? [] };
  });
  return settings ?? (gateway.has('autonomous') ? NOTHING_ALLOWED : undefined);
}

function parseLimits(report: FileReport, gateway: Fields): GatewayLimits | undefined {
  const fields = objectField(report, gateway, 'limits');
  if (fields === undefined) return undefined;
  checkKeys(report, fields, GATEWAY_LIMITS_KEYS);
  const perMinute = numberField(report, fields, 'perMinute', RANGES.perMinute);
  const perAgent = numberField(report, fields, 'perAgent', RANGES.perAgent);
  const budget = parseBudget(report, fields);
  return { ...(perMinute !== undefined && { perMinute }), ...(perAgent !== undefined && { perAgent }), ...(budget !== undefined && { budget }) };
}

function parseCacheStore(report: FileReport, gateway: Fields): CacheStoreSettings | undefined {
  return soundSection(report, gateway, 'cache', CACHE_STORE_KEYS, (fields) => {
    const store = choiceField(report, fields, 'store', ['sqlite', 'redis'] as const);
    const url = textField(report, fields, 'url', 2_000);
    const node = fields.get('url')?.value;
    const parsed = url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
    if (node !== undefined && url !== undefined) {
      if (parsed === undefined || !/^rediss?:$/.test(parsed.protocol)) report.error(node, '"url" must be a redis:// or rediss:// address.', 'Write it like redis://127.0.0.1:6379.');
      else if (parsed.password !== '') report.error(node, 'A password has no place in this file.', 'Set VESTIBULE_REDIS_URL in the environment of vestibule instead; it counts before "url".');
    }
    return store === undefined ? undefined : { store, ...(url !== undefined && { url }) };
  });
}

/** An address that OTLP can be sent to. */
function endpointField(report: FileReport, fields: Fields): string | undefined {
  const text = textField(report, fields, 'traces', 2_000);
  if (text === undefined || (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol))) return text;
  const value = fields.get('traces')?.value;
  if (value !== undefined) report.error(value, '"traces" must be an http:// or https:// address.', 'Write the address of an OTLP receiver, such as http://127.0.0.1:4318.');
  return undefined;
}
