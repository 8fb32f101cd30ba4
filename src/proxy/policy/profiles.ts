import type { ProfileConfig } from '../config/types.ts';
import type { Principal, Profile } from '../model.ts';

const profiles = new WeakMap<ProfileConfig, Profile>();
// One object per principal and profile: what is computed for a principal is remembered under it.
const narrowed = new WeakMap<Principal, WeakMap<Profile, Principal>>();

/** Who sees what through which profile, by the configuration of the moment. Nothing here ever widens. */
export class Profiles {
  readonly #configured: () => Readonly<Record<string, ProfileConfig>>;
  /** One per name that agents are bound to and nobody configured. */
  readonly #missing = new Map<string, ProfileConfig>();

  constructor(configured: () => Readonly<Record<string, ProfileConfig>>) {
    this.#configured = configured;
  }

  /**
   * The caller as it is behind the profile it asks for (`/mcp/p/<name>`). Undefined when there is none of this name, and
   * for an agent that is bound to another.
   */
  through(principal: Principal, name: string): Principal | undefined {
    if (principal.profile !== undefined) return principal.profile.name === name ? principal : undefined;
    const config = this.#configured()[name];
    return config && throughProfile(principal, name, config);
  }

  /** An agent that always comes through a profile; one that is not configured (any more) shows it nothing. */
  bound(principal: Principal, name: string): Principal {
    return throughProfile(principal, name, this.#configured()[name] ?? this.#nothing(name));
  }

  #nothing(name: string): ProfileConfig {
    const known = this.#missing.get(name) ?? { servers: [] };
    this.#missing.set(name, known);
    return known;
  }
}

/** The same principal, with no more than the profile shows. */
export function throughProfile(principal: Principal, name: string, config: ProfileConfig): Principal {
  let profile = profiles.get(config);
  if (profile === undefined) {
    profile = { name, grant: { servers: config.servers ?? 'all', tools: config.tools ?? 'all', tier: 'destructive' } };
    profiles.set(config, profile);
  }
  const known = narrowed.get(principal) ?? new WeakMap<Profile, Principal>();
  narrowed.set(principal, known);
  const before = known.get(profile);
  if (before !== undefined) return before;
  const now = { ...principal, profile };
  known.set(profile, now);
  return now;
}
