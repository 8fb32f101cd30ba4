import type { BearerClaims, BearerVerifier } from '../../proxy/agents/bearer.ts';
import type { IntrospectionSettings } from '../../proxy/config/types.ts';
import { boundedText } from './bounded-text.ts';
import { claimAt, rolesIn } from './claims.ts';

/** What asks an authorization server about tokens. Times in milliseconds. */
export interface IntrospectionOptions {
  readonly settings: IntrospectionSettings;
  /** The client's secret as it is now; rejects when there is none. */
  readonly secret: () => Promise<string>;
  readonly now?: () => number;
  /** For an answer; five seconds unless a test says otherwise. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 256 * 1024;
const MAX_SUBJECT = 1_000;

/**
 * Checks tokens by asking who gave them out (RFC 7662): one request each, authenticated as the section's client, without
 * redirects. What the answer does not say does not count: `active` must be true, the audience named, and the issuer the
 * section's where it is named.
 */
export function createIntrospection({ now = Date.now, secret, settings, timeoutMs = TIMEOUT_MS }: IntrospectionOptions): BearerVerifier {
  return {
    async verify(token) {
      const form = new URLSearchParams({ token, token_type_hint: 'access_token' });
      const headers = authenticated(settings, await secret(), form);
      const response = await answerTo(settings.url, headers, form, timeoutMs);
      if (!response.ok) {
        await response.body?.cancel();
        throw new Error(`its introspection endpoint answers with HTTP status ${response.status}`);
      }
      return claimsOf(await objectIn(response), settings, now());
    },
  };
}

/** Proves the client (RFC 6749 §2.3.1). */
function authenticated({ authentication, clientId }: IntrospectionSettings, secret: string, form: URLSearchParams): Readonly<Record<string, string>> {
  if (authentication === 'post') {
    form.set('client_id', clientId);
    form.set('client_secret', secret);
    return {};
  }
  return { authorization: `Basic ${Buffer.from(`${formEncoded(clientId)}:${formEncoded(secret)}`).toString('base64')}` };
}

async function answerTo(url: string, headers: Readonly<Record<string, string>>, form: URLSearchParams, timeoutMs: number): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      // The form holds a token: where a redirect leads to nobody wrote down.
      redirect: 'error',
      headers: { ...headers, accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (cause) {
    // What fetch says may quote what it was given.
    throw new Error('its introspection endpoint cannot be reached, or did not answer in time', { cause });
  }
}

async function objectIn(response: Response): Promise<Readonly<Record<string, unknown>>> {
  try {
    const answer: unknown = JSON.parse(await boundedText(response, MAX_BYTES));
    if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) return answer as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new Error('its introspection endpoint answers with something else than JSON', { cause });
  }
  throw new Error('its introspection endpoint answers with something else than an object');
}

/** What an answer says of the bearer (RFC 7662 §2.2); undefined for a token that does not count. */
function claimsOf(answer: Readonly<Record<string, unknown>>, settings: IntrospectionSettings, now: number): BearerClaims | undefined {
  const { active, aud, client_id: client, exp, iss, nbf, sub, token_type: type } = answer;
  if (active !== true) return undefined;
  if (iss !== undefined && iss !== settings.issuer) return undefined;
  // A token of another kind, bound to a key for one, is not one that whoever has it may use.
  if (type !== undefined && (typeof type !== 'string' || type.toLowerCase() !== 'bearer')) return undefined;
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!settings.audience.some((audience) => named.includes(audience))) return undefined;
  if (!isTime(exp) || !isTime(nbf) || (nbf !== undefined && nbf * 1_000 > now)) return undefined;
  // A client on its own behalf has no person as its subject.
  const subject = isName(sub) ? sub : sub === undefined && isName(client) ? `client\0${client}` : undefined;
  if (subject === undefined) return undefined;
  return { subject, expiresAt: exp === undefined ? Infinity : exp * 1_000, roles: rolesIn(claimAt(answer, settings.rolesClaim)) };
}

function isTime(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === 'number' && Number.isFinite(value));
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_SUBJECT;
}

/** `application/x-www-form-urlencoded`, as both halves of a Basic credential have to be. */
function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}
