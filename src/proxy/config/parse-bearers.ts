import type { Tier } from '../model.ts';
import { checkKeys, choiceField, fieldsOf, numberField, objectField, quote, soundSection, textField, textsField, type Field, type Fields } from './fields.ts';
import { INTROSPECTION_KEYS, JWT_KEYS, ROLE_KEYS } from './keys.ts';
import { parseBudget } from './parse-budget.ts';
import { globsField } from './parse-tools.ts';
import { RANGES } from './ranges.ts';
import type { FileReport } from './report.ts';
import { JWT_ALGORITHMS, type IntrospectionSettings, type JwtAlgorithm, type JwtSettings, type RoleGrant } from './types.ts';

const DEFAULT_ALGORITHMS: readonly JwtAlgorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];
const DEFAULT_SKEW_SECONDS = 60;
const DEFAULT_INTROSPECTED_SECONDS = 60;
const TIERS: readonly Tier[] = ['read', 'write', 'destructive'];
const MAX_ROLES = 200;
const MAX_AUDIENCES = 20;

/** What both sections say. */
interface Shared {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly roles: ReadonlyMap<string, RoleGrant>;
  /** Of the provider. */
  readonly address: string;
}

/**
 * The section `jwt` of the gateway. One with anything wrong in it lets nobody in: who may use what is no place for a
 * guess.
 */
export function parseJwt(report: FileReport, gateway: Fields): JwtSettings | undefined {
  return soundSection(report, gateway, 'jwt', JWT_KEYS, (fields) => {
    const shared = sharedOf(report, gateway, fields, { section: 'jwt', address: 'jwksUrl', hint: 'Write the jwks_uri of the identity provider.', needs: [] });
    const algorithms = algorithmsOf(report, fields);
    const clockSkewSeconds = numberField(report, fields, 'clockSkewSeconds', RANGES.clockSkewSeconds) ?? DEFAULT_SKEW_SECONDS;
    const rolesClaim = textField(report, fields, 'rolesClaim', 500) ?? 'roles';
    if (shared === undefined) return undefined;
    const { address, ...rest } = shared;
    return { ...rest, jwksUrl: address, algorithms, clockSkewSeconds, rolesClaim };
  });
}

/** The section `introspection` of the gateway, as strict. */
export function parseIntrospection(report: FileReport, gateway: Fields): IntrospectionSettings | undefined {
  return soundSection(report, gateway, 'introspection', INTROSPECTION_KEYS, (fields) => {
    const shared = sharedOf(report, gateway, fields, { section: 'introspection', address: 'url', hint: 'Write the introspection_endpoint of the identity provider.', needs: ['clientId', 'clientSecret'] });
    const clientId = textField(report, fields, 'clientId', 500);
    const clientSecret = secretField(report, fields);
    const authentication = choiceField(report, fields, 'authentication', ['basic', 'post'] as const) ?? 'basic';
    const cacheSeconds = numberField(report, fields, 'cacheSeconds', RANGES.introspectedSeconds) ?? DEFAULT_INTROSPECTED_SECONDS;
    const rolesClaim = textField(report, fields, 'rolesClaim', 500) ?? 'scope';
    if (shared === undefined || clientId === undefined || clientSecret === undefined) return undefined;
    const { address, ...rest } = shared;
    return { ...rest, url: address, clientId, clientSecret, authentication, cacheSeconds, rolesClaim };
  });
}

function sharedOf(report: FileReport, gateway: Fields, fields: Fields, { address: key, hint, needs, section: name }: { readonly section: string; readonly address: string; readonly hint: string; readonly needs: readonly string[] }): Shared | undefined {
  const issuer = textField(report, fields, 'issuer', 2_000);
  const audience = audienceOf(report, fields);
  const address = addressField(report, fields, key, hint);
  const roles = rolesOf(report, fields);
  const missing = ['issuer', 'audience', key, ...needs, 'roles'].filter((needed) => !fields.has(needed));
  const field = gateway.get(name);
  if (missing.length > 0 && field !== undefined) report.error(field.keyNode, `${quote(name)} needs ${missing.map(quote).join(', ')}.`, 'Add what is missing; nobody is let in by it until then.');
  return issuer === undefined || audience === undefined || address === undefined || roles === undefined ? undefined : { issuer, audience, address, roles };
}

/** A secret that stands in a file is none. */
function secretField(report: FileReport, fields: Fields): string | undefined {
  const text = textField(report, fields, 'clientSecret', 500);
  const field = fields.get('clientSecret');
  if (text === undefined || field === undefined || /^\$\{(?:env|secret):[^{}]+\}$/.test(text)) return text;
  report.error(field.value, '"clientSecret" must be a variable.', 'Write ${env:NAME}, or ${secret:NAME} for VESTIBULE_SECRET_<NAME> in the environment.');
  return undefined;
}

function audienceOf(report: FileReport, fields: Fields): readonly string[] | undefined {
  const field = fields.get('audience');
  if (field?.value.type !== 'array') {
    const one = textField(report, fields, 'audience', 2_000);
    return one === undefined ? undefined : [one];
  }
  const several = textsField(report, fields, 'audience', MAX_AUDIENCES);
  if (several?.length === 0 || several?.includes('') === true) report.error(field.value, '"audience" must name somebody.', 'Write the audience that tokens for this gateway carry.');
  return several;
}

/** Whatever anybody on the way could replace would let anybody in. */
function addressField(report: FileReport, fields: Fields, key: string, hint: string): string | undefined {
  const text = textField(report, fields, key, 2_000);
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local = url?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url !== undefined && url.username === '' && (url.protocol === 'https:' || local)) return text;
  const value = fields.get(key)?.value;
  if (value !== undefined) report.error(value, `${quote(key)} must be an https:// address, or http:// on this machine, without a user.`, hint);
  return undefined;
}

function algorithmsOf(report: FileReport, fields: Fields): readonly JwtAlgorithm[] {
  const written = textsField(report, fields, 'algorithms', JWT_ALGORITHMS.length);
  const field = fields.get('algorithms');
  if (written === undefined || field === undefined) return DEFAULT_ALGORITHMS;
  const known = JWT_ALGORITHMS.filter((algorithm) => written.includes(algorithm));
  if (known.length !== written.length || known.length === 0) {
    report.error(field.value, `"algorithms" may hold ${JWT_ALGORITHMS.join(', ')}, and at least one of them.`, 'Remove "none", HS256 and the like: the keys of a JWKS are public.');
  }
  return known;
}

function rolesOf(report: FileReport, fields: Fields): ReadonlyMap<string, RoleGrant> | undefined {
  const members = objectField(report, fields, 'roles');
  if (members === undefined) return undefined;
  const roles = new Map<string, RoleGrant>();
  for (const member of members.values()) {
    if (roles.size === MAX_ROLES) {
      report.error(member.keyNode, `There may be ${MAX_ROLES} roles.`, 'Remove roles that nobody has.');
      break;
    }
    const role = roleOf(report, member);
    if (role !== undefined) roles.set(member.key, role);
  }
  return roles;
}

/** Left out, a role reads only: what changes things has to be written. */
function roleOf(report: FileReport, { key, value }: Field): RoleGrant | undefined {
  const fields = fieldsOf(report, value, `The role ${quote(key)}`);
  if (fields === undefined) return undefined;
  checkKeys(report, fields, ROLE_KEYS);
  const profile = textField(report, fields, 'profile', 64);
  const perMinute = numberField(report, fields, 'perMinute', RANGES.perMinute);
  const budget = parseBudget(report, fields);
  return {
    grant: { servers: globsField(report, fields, 'servers') ?? 'all', tools: globsField(report, fields, 'tools') ?? 'all', tier: choiceField(report, fields, 'tier', TIERS) ?? 'read' },
    ...(profile !== undefined && { profile }),
    ...(perMinute !== undefined && { perMinute }),
    ...(budget !== undefined && { budget }),
  };
}
