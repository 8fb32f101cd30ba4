const MAX_ROLES = 200;
const MAX_ROLE = 200;

/** A claim by its name, or by a JSON Pointer (RFC 6901). */
export function claimAt(payload: object, claim: string): unknown {
  if (!claim.startsWith('/')) return Object.hasOwn(payload, claim) ? (payload as Record<string, unknown>)[claim] : undefined;
  let value: unknown = payload;
  for (const part of claim.slice(1).split('/')) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** A list of roles, or a text with spaces between them, as scopes are written. */
export function rolesIn(value: unknown): readonly string[] {
  const roles: readonly unknown[] = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : [];
  return roles.filter((role): role is string => typeof role === 'string' && role !== '' && role.length <= MAX_ROLE).slice(0, MAX_ROLES);
}
