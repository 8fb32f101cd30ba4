/** What a server asks for with a 401 or 403 (RFC 6750 §3, RFC 9728 §5.1). Untrusted. */
export interface Challenge {
  readonly resourceMetadata: string | undefined;
  readonly scope: string | undefined;
  readonly error: string | undefined;
}

const MAX_LENGTH = 8_192;
const NONE: Challenge = { resourceMetadata: undefined, scope: undefined, error: undefined };

/** A scheme, a `name=value` pair with a token or quoted value, or a comma (RFC 9110 §11.6.1). */
const PART = /([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([\w!#$%&'*+.^`|~-]+)(?=\s|,|$)/g;

/** Reads the `Bearer` challenge out of a `WWW-Authenticate` field that may hold several. */
export function parseChallenge(field: string | undefined): Challenge {
  if (field === undefined || field.length > MAX_LENGTH) return NONE;
  const found = new Map<string, string>();
  let scheme = '';
  for (const [, name, quoted, plain, word] of field.matchAll(PART)) {
    if (name === undefined) scheme = word?.toLowerCase() ?? '';
    else if (scheme === 'bearer' && !found.has(name.toLowerCase())) found.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '');
  }
  const value = (name: string): string | undefined => (found.get(name) === '' ? undefined : found.get(name));
  return { resourceMetadata: value('resource_metadata'), scope: value('scope'), error: value('error') };
}
