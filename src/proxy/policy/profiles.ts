import type { ProfileConfig } from '../config/types.ts';
import type { Principal, Profile } from '../model.ts';

const profiles = new WeakMap<ProfileConfig, Profile>();
// One object per principal and profile: what is computed for a principal is remembered under it.
const narrowed = new WeakMap<Principal, WeakMap<Profile, Principal>>();

/** The same principal, with no more than the profile shows. Never widens. */
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
