import { createHash } from 'node:crypto';
import type { JwtSettings, RoleGrant } from '../config/types.ts';
import { messageOf } from '../errors.ts';
import { Emitter, type Disposable, type Event } from '../events.ts';
import type { Principal } from '../model.ts';
import type { JwtClaims, JwtVerifier, OpenJwt } from './jwt.ts';

/** What such agents are let in by. */
export interface JwtAccessDeps {
  readonly open: OpenJwt;
  /** The principal as it is behind a profile; one that is not configured shows nothing. */
  through(principal: Principal, profile: string): Principal;
  readonly warn: (message: string) => void;
  /** Milliseconds since epoch; for tests. */
  readonly now?: () => number;
}

/** A token is looked at again after this, so that a key its issuer withdrew does not count for as long as the token. */
const RECHECK_MS = 60_000;
/** Tokens that are remembered, and bearers; more than one gateway on one machine has. */
const MAX_TOKENS = 1_000;
/** Tokens that are looked at at the same time: forged ones cost their sender nothing and us a signature. */
const MAX_AT_ONCE = 64;
/** Node fires a longer timer at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Longer names, and such with characters that do not print, are known by their digest. */
const PLAIN = /^[\x21-\x7e]{1,150}$/;

interface Bearer {
  readonly principal: Principal;
  /** Name of the profile it always comes through, if any. */
  readonly profile: string | undefined;
}

interface Admitted {
  readonly bearer: Bearer;
  readonly expiresAt: number;
  readonly checkedAt: number;
}

/**
 * Lets agents in by tokens of an identity provider (`gateway.jwt`): a token that checks out and carries a role of the
 * section, and nothing else. Each bearer is one principal for as long as its role says the same.
 */
export class JwtAccess implements Disposable {
  readonly #deps: JwtAccessDeps;
  readonly #now: () => number;
  readonly #ended = new Emitter<string>();
  /** By the SHA-256 of the token, the least recently checked first. */
  readonly #tokens = new Map<string, Admitted>();
  readonly #checking = new Map<string, Promise<Principal | undefined>>();
  /** By issuer, subject and role. */
  readonly #bearers = new Map<string, Bearer>();
  /** When the last token of each bearer ends, by principal. */
  readonly #until = new Map<string, number>();
  #settings: JwtSettings | undefined;
  #verifier: Promise<JwtVerifier> | undefined;
  #expiry: NodeJS.Timeout | undefined;

  constructor(deps: JwtAccessDeps) {
    this.#deps = deps;
    this.#now = deps.now ?? Date.now;
  }

  /** No token of the principal of this id counts any more: its sessions have to end. */
  get onDidEnd(): Event<string> {
    return this.#ended.event;
  }

  /** Takes in the section of now. Another one ends whoever came in by the one before. */
  apply(settings: JwtSettings | undefined): void {
    if (textOf(settings) === textOf(this.#settings)) return;
    this.#settings = settings;
    this.#verifier = undefined;
    this.#tokens.clear();
    this.#checking.clear();
    this.#bearers.clear();
    this.#end([...this.#until.keys()]);
  }

  /** Who bears this token; undefined for nobody. A token that was looked at a moment ago costs a look-up only. */
  find(token: string): Principal | undefined | Promise<Principal | undefined> {
    const settings = this.#settings;
    if (settings === undefined) return undefined;
    const key = createHash('sha256').update(token, 'utf8').digest('base64');
    const now = this.#now();
    const known = this.#tokens.get(key);
    if (known !== undefined && known.expiresAt <= now) return undefined;
    if (known !== undefined && now - known.checkedAt < RECHECK_MS) return this.#through(known.bearer);
    const underWay = this.#checking.get(key);
    if (underWay !== undefined) return underWay;
    if (this.#checking.size >= MAX_AT_ONCE) return undefined;
    const checking = this.#check(token, key, settings).finally(() => {
      if (this.#checking.get(key) === checking) this.#checking.delete(key);
    });
    this.#checking.set(key, checking);
    return checking;
  }

  dispose(): void {
    clearTimeout(this.#expiry);
    this.#ended.dispose();
  }

  async #check(token: string, key: string, settings: JwtSettings): Promise<Principal | undefined> {
    let claims: JwtClaims | undefined;
    try {
      this.#verifier ??= this.#deps.open(settings, this.#deps.warn);
      claims = await (await this.#verifier).verify(token);
    } catch (error) {
      this.#deps.warn(`Tokens of ${settings.issuer} cannot be checked: ${messageOf(error)}`);
    }
    // The section may have changed meanwhile: what it said then lets nobody in now.
    if (this.#settings !== settings) return undefined;
    this.#tokens.delete(key);
    const role = claims && roleOf(claims, settings);
    if (claims === undefined || role === undefined || claims.expiresAt <= this.#now()) return undefined;
    const bearer = this.#bearerOf(claims, role, settings);
    const { principal } = bearer;
    this.#tokens.set(key, { bearer, expiresAt: claims.expiresAt, checkedAt: this.#now() });
    for (const [oldest] of this.#tokens) if (this.#tokens.size > MAX_TOKENS) this.#tokens.delete(oldest);
    this.#until.set(principal.id, Math.max(claims.expiresAt, this.#until.get(principal.id) ?? 0));
    this.#end([...this.#until.keys()].slice(0, Math.max(0, this.#until.size - MAX_TOKENS)));
    this.#expireLater();
    return this.#through(bearer);
  }

  #bearerOf({ subject }: JwtClaims, [name, { grant, profile, perMinute, budget }]: readonly [string, RoleGrant], { issuer }: JwtSettings): Bearer {
    const key = JSON.stringify([subject, name]);
    const known = this.#bearers.get(key);
    if (known !== undefined) return known;
    // No agent with a token of its own has a name with a colon or an @: neither is ever taken for the other.
    const label = `${plain(subject)}@${plain(issuer.replace(/^https:\/\//, ''))}`;
    const principal: Principal = { id: `jwt:${label}`, kind: 'agent', label, grant, ...(perMinute !== undefined && { perMinute }), ...(budget !== undefined && { budget }) };
    const bearer: Bearer = { principal, profile };
    this.#bearers.set(key, bearer);
    for (const [oldest] of this.#bearers) if (this.#bearers.size > MAX_TOKENS) this.#bearers.delete(oldest);
    return bearer;
  }

  /** At each request: a profile may be configured anew. */
  #through({ principal, profile }: Bearer): Principal {
    return profile === undefined ? principal : this.#deps.through(principal, profile);
  }

  #expireLater(): void {
    clearTimeout(this.#expiry);
    const next = Math.min(...this.#until.values());
    if (next === Infinity) return;
    const over = (): void => {
      const now = this.#now();
      this.#end([...this.#until].filter(([, until]) => until <= now).map(([id]) => id));
      this.#expireLater();
    };
    this.#expiry = setTimeout(over, Math.min(Math.max(next - this.#now(), 0) + 1, MAX_TIMER_MS)).unref();
  }

  #end(ids: readonly string[]): void {
    for (const id of ids) {
      this.#until.delete(id);
      this.#ended.fire(id);
    }
  }
}

/** The first role of the section that a token has. */
function roleOf({ roles }: JwtClaims, settings: JwtSettings): readonly [string, RoleGrant] | undefined {
  for (const entry of settings.roles) if (roles.includes(entry[0])) return entry;
  return undefined;
}

function plain(name: string): string {
  return PLAIN.test(name) ? name : createHash('sha256').update(name, 'utf8').digest('base64url');
}

function textOf(settings: JwtSettings | undefined): string | undefined {
  return settings && JSON.stringify({ ...settings, roles: [...settings.roles] });
}
