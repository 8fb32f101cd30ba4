import { createHash } from 'node:crypto';
import type { BearerSettings, RoleGrant } from '../config/types.ts';
import { messageOf } from '../errors.ts';
import { Emitter, type Disposable, type Event } from '../events.ts';
import type { Principal } from '../model.ts';
import type { BearerClaims, BearerVerifier, OpenVerifier } from './bearer.ts';

/** What such agents are let in by. */
export interface BearerAccessDeps<S extends BearerSettings> {
  /** Before the names of bearers: nobody let in another way is ever taken for one of them. */
  readonly kind: 'jwt' | 'token';
  readonly open: OpenVerifier<S>;
  /** How long a look at a token counts, in milliseconds. */
  readonly recheckMs: (settings: S) => number;
  /** How long a token that does not count is refused unseen, in milliseconds: 0 where looking costs nobody a request. */
  readonly refusedMs: number;
  /** Whether an agent of this name has a session open. Given where tokens can be taken back: then they are looked at while it has. */
  readonly hasSession?: (label: string) => boolean;
  /** The principal as it is behind a profile; one that is not configured shows nothing. */
  through(principal: Principal, profile: string): Principal;
  readonly warn: (message: string) => void;
  /** Milliseconds since epoch; for tests. */
  readonly now?: () => number;
}

/** A token of which nobody could tell whether it counts is asked about again after this, in milliseconds. */
const UNKNOWN_MS = 1_000;
/** From one word of a provider that is away to the next. */
const WARN_EVERY_MS = 30_000;
/** Tokens that are remembered, and bearers; more than one gateway on one machine has. */
const MAX_TOKENS = 1_000;
/** Tokens that are looked at at the same time: forged ones cost their sender nothing and us a signature. */
const MAX_AT_ONCE = 64;
/** Node fires a longer timer at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Longer names, such with characters that do not print, and such that look like a digest are known by their digest. */
const PLAIN = /^(?!sha256:)[\x21-\x7e]{1,150}$/;

interface Bearer {
  readonly principal: Principal;
  /** Name of the profile it always comes through, if any. */
  readonly profile: string | undefined;
}

interface Admitted {
  readonly bearer: Bearer;
  readonly expiresAt: number;
  readonly checkedAt: number;
  /** Kept where it has to be looked at again without a request. In memory only. */
  readonly token: string | undefined;
}

/**
 * Lets agents in by tokens of an identity provider (`gateway.jwt`, `gateway.introspection`): a token that checks out and
 * carries a role of the section, and nothing else. Each bearer is one principal for as long as its role says the same.
 */
export class BearerAccess<S extends BearerSettings> implements Disposable {
  readonly #deps: BearerAccessDeps<S>;
  readonly #now: () => number;
  readonly #ended = new Emitter<string>();
  /** By the SHA-256 of the token, the least recently checked first. */
  readonly #tokens = new Map<string, Admitted>();
  readonly #checking = new Map<string, Promise<Principal | undefined>>();
  /** By issuer, subject and role. */
  readonly #bearers = new Map<string, Bearer>();
  /** When the last token of each bearer ends, by principal. */
  readonly #until = new Map<string, number>();
  /** Until when tokens that did not count are refused unseen, by their SHA-256. */
  readonly #refused = new Map<string, number>();
  #warnedAt = -Infinity;
  #settings: S | undefined;
  #verifier: Promise<BearerVerifier> | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;

  constructor(deps: BearerAccessDeps<S>) {
    this.#deps = deps;
    this.#now = deps.now ?? Date.now;
  }

  /** No token of the principal of this id counts any more: its sessions have to end. */
  get onDidEnd(): Event<string> {
    return this.#ended.event;
  }

  /** Takes in the section of now. Another one ends whoever came in by the one before. */
  apply(settings: S | undefined): void {
    if (textOf(settings) === textOf(this.#settings)) return;
    this.#settings = settings;
    this.#verifier = undefined;
    this.#tokens.clear();
    this.#checking.clear();
    this.#bearers.clear();
    this.#refused.clear();
    this.#end([...this.#until.keys()]);
    this.#lookAgain();
  }

  /** Who bears this token; undefined for nobody. A token that was looked at a moment ago costs a look-up only. */
  find(token: string): Principal | undefined | Promise<Principal | undefined> {
    const settings = this.#settings;
    if (settings === undefined) return undefined;
    const key = createHash('sha256').update(token, 'utf8').digest('base64');
    const now = this.#now();
    const known = this.#tokens.get(key);
    if (known !== undefined && known.expiresAt <= now) return undefined;
    if (known !== undefined && now - known.checkedAt < this.#deps.recheckMs(settings)) return this.#through(known.bearer);
    if ((this.#refused.get(key) ?? 0) > now) return undefined;
    return this.#checked(token, key, settings);
  }

  #checked(token: string, key: string, settings: S): Promise<Principal | undefined> | undefined {
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
    clearInterval(this.#looking);
    this.#ended.dispose();
  }

  async #check(token: string, key: string, settings: S): Promise<Principal | undefined> {
    let claims: BearerClaims | undefined;
    let told = true;
    try {
      this.#verifier ??= this.#deps.open(settings, this.#deps.warn);
      claims = await (await this.#verifier).verify(token);
    } catch (error) {
      told = false;
      this.#warn(`Tokens of ${settings.issuer} cannot be checked: ${messageOf(error)}`);
    }
    // The section may have changed meanwhile: what it said then lets nobody in now.
    if (this.#settings !== settings) return undefined;
    const before = this.#tokens.get(key);
    this.#tokens.delete(key);
    const role = claims && roleOf(claims, settings);
    if (claims === undefined || role === undefined || claims.expiresAt <= this.#now()) {
      const { refusedMs } = this.#deps;
      if (refusedMs > 0) this.#refuse(key, told ? refusedMs : UNKNOWN_MS);
      if (before !== undefined && told) this.#endUnlessOther(before.bearer.principal);
      return undefined;
    }
    const bearer = this.#bearerOf(claims, role, settings);
    const { principal } = bearer;
    this.#tokens.set(key, { bearer, expiresAt: claims.expiresAt, checkedAt: this.#now(), token: this.#deps.hasSession && token });
    for (const [oldest] of this.#tokens) if (this.#tokens.size > MAX_TOKENS) this.#tokens.delete(oldest);
    this.#until.set(principal.id, Math.max(claims.expiresAt, this.#until.get(principal.id) ?? 0));
    this.#end([...this.#until.keys()].slice(0, Math.max(0, this.#until.size - MAX_TOKENS)));
    this.#expireLater();
    return this.#through(bearer);
  }

  /** A provider that is away is told of now and then, not with each token. */
  #warn(message: string): void {
    if (this.#now() - this.#warnedAt < WARN_EVERY_MS) return;
    this.#warnedAt = this.#now();
    this.#deps.warn(message);
  }

  #refuse(key: string, ms: number): void {
    this.#refused.delete(key);
    this.#refused.set(key, this.#now() + ms);
    for (const [oldest] of this.#refused) if (this.#refused.size > MAX_TOKENS) this.#refused.delete(oldest);
  }

  /** A token was taken back: who has no other loses its sessions, and with them what it is sent unasked. */
  #endUnlessOther({ id }: Principal): void {
    if (![...this.#tokens.values()].some(({ bearer }) => bearer.principal.id === id)) this.#end([id]);
  }

  /** Where tokens can be taken back, those of open sessions are looked at although nobody presents them. */
  #lookAgain(): void {
    clearInterval(this.#looking);
    const { hasSession, recheckMs } = this.#deps;
    const settings = this.#settings;
    if (hasSession === undefined || settings === undefined) return;
    this.#looking = setInterval(() => {
      const old = this.#now() - recheckMs(settings);
      for (const [key, { bearer, checkedAt, token }] of [...this.#tokens]) {
        if (token !== undefined && checkedAt <= old && hasSession(bearer.principal.label)) void this.#checked(token, key, settings);
      }
    }, recheckMs(settings)).unref();
  }

  #bearerOf({ subject }: BearerClaims, [name, { grant, profile, perMinute, budget }]: readonly [string, RoleGrant], { issuer }: S): Bearer {
    const key = JSON.stringify([subject, name]);
    const known = this.#bearers.get(key);
    if (known !== undefined) return known;
    // No agent with a token of its own has a name with a colon or an @: neither is ever taken for the other.
    const label = `${plain(subject)}@${plain(issuer.replace(/^https:\/\//, ''))}`;
    const principal: Principal = { id: `${this.#deps.kind}:${label}`, kind: 'agent', label, grant, ...(perMinute !== undefined && { perMinute }), ...(budget !== undefined && { budget }) };
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
function roleOf({ roles }: BearerClaims, settings: BearerSettings): readonly [string, RoleGrant] | undefined {
  for (const entry of settings.roles) if (roles.includes(entry[0])) return entry;
  return undefined;
}

function plain(name: string): string {
  return PLAIN.test(name) ? name : `sha256:${createHash('sha256').update(name, 'utf8').digest('base64url')}`;
}

function textOf(settings: BearerSettings | undefined): string | undefined {
  return settings && JSON.stringify({ ...settings, roles: [...settings.roles] });
}
