/** The scopes of a space-separated list (RFC 6749 §3.3), each once, in order. */
export function scopesOf(text: string | undefined): readonly string[] {
  return [...new Set((text ?? '').split(/\s+/).filter((scope) => /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(scope)))];
}

/** Every scope of several lists, each once, as one list; undefined when there is none. */
export function unionOf(...lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())];
}

/**
 * The scopes to ask for (2026-07-28, scope selection): what the person configured, else those of the challenge, else
 * all the resource names, else none. `offline_access` is added only where the authorization server lists it.
 */
export function chooseScopes(options: {
  readonly configured: readonly string[] | undefined;
  readonly challenged: readonly string[];
  readonly ofResource: readonly string[] | undefined;
  readonly ofServer: readonly string[] | undefined;
}): readonly string[] {
  const { configured, challenged, ofResource, ofServer } = options;
  const wanted = configured ?? (challenged.length > 0 ? challenged : (ofResource ?? []));
  // Asking for it where nothing else is asked for would narrow what the server grants by itself.
  return ofServer?.includes('offline_access') === true && wanted.length > 0 ? unionOf(wanted, ['offline_access']) : wanted;
}
