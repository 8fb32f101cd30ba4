import { elements, members, stringOf } from '../json/slice.ts';
import type { RawJson, RawReply } from '../model.ts';
import { rpcError } from '../json/frame.ts';

const LOCAL_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
const URL_ELICITATION_REQUIRED = '-32042';

/**
 * True unless raw `params` of an elicitation name a URL that a browser must not be sent to: only https, and http on
 * this computer (security B5). Nothing is fetched to find out.
 */
export function isSafeElicitation(params: RawJson | undefined): boolean {
  const url = params === undefined ? undefined : members(params)?.get('url');
  return url === undefined || isSafeUrl(stringOf(url));
}

/**
 * A reply as it may pass to an agent: errors that send a person to a URL (-32042, 2025-11-25) and results that do so by
 * their input requests (2026-07-28) only with URLs that are safe.
 */
export function withSafeUrls(reply: RawReply): RawReply {
  return ('error' in reply ? isSafeError(reply.error) : isSafeResult(reply.result)) ? reply : UNSAFE;
}

const UNSAFE: RawReply = { error: rpcError(-32603, 'The server asked to open a URL that is neither https nor on this computer.') };

function isSafeError(error: RawJson): boolean {
  if (!error.includes(URL_ELICITATION_REQUIRED)) return true;
  const all = members(error);
  if (all?.get('code') !== URL_ELICITATION_REQUIRED) return true;
  const elicitations = elements(members(all.get('data') ?? '')?.get('elicitations') ?? '') ?? [];
  return elicitations.every(isSafeElicitation);
}

function isSafeResult(result: RawJson): boolean {
  if (!result.includes('"inputRequests"')) return true;
  const asked = members(members(result)?.get('inputRequests') ?? '') ?? new Map<string, RawJson>();
  return [...asked.values()].every((request) => isSafeElicitation(members(request)?.get('params')));
}

function isSafeUrl(text: string | undefined): boolean {
  if (text === undefined || !URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && LOCAL_HOSTS.has(hostname));
}
