import { members, objectOf, stringOf, withMembers } from '../json/slice.ts';
import type { RawJson, ServerName } from '../model.ts';
import { mapUris } from './map-uris.ts';
import type { Exposure } from './notifications.ts';

/** Raw params of what a server asks, as its agent may have them: resources under its names, and the words of whom they are. */
export function exposedQuestion(server: ServerName, { slug, expose }: Exposure, method: string, params: RawJson): RawJson {
  const exposed = mapUris(params, expose);
  const message = method === 'elicitation/create' && slug !== '' ? stringOf(members(params)?.get('message')) : undefined;
  // Through a proxy every question seems to come from the proxy.
  return message === undefined ? exposed : withMembers(exposed, { message: JSON.stringify(`${server}: ${message}`) });
}

/** A raw result with the questions it holds, if it does (2026-07-28, `inputRequests`), as its agent may have them. */
export function exposedInputRequests(server: ServerName, exposure: Exposure, result: RawJson): RawJson {
  if (!result.includes('"inputRequests"')) return result;
  const asked = members(members(result)?.get('inputRequests') ?? '');
  if (asked === undefined) return result;
  for (const [key, entry] of asked) {
    const all = members(entry);
    const [method, params] = [stringOf(all?.get('method')), all?.get('params')];
    if (method !== undefined && params?.startsWith('{') === true) asked.set(key, withMembers(entry, { params: exposedQuestion(server, exposure, method, params) }));
  }
  return withMembers(result, { inputRequests: objectOf(asked) });
}
