import { randomUUID } from 'node:crypto';
import { members, objectOf, stringOf, withMembers } from '../../json/slice.ts';
import type { RawJson } from '../../model.ts';

/* One question in the words of both eras: a request of the server (legacy), an entry of `inputRequests` (modern). */

/** Members of a request that only the legacy era has: ids of URL elicitations, and tasks made of questions. */
const LEGACY_ONLY: readonly string[] = ['elicitationId', 'task'];

/** A question to a legacy agent. */
export interface LegacyQuestion {
  readonly method: string;
  readonly params: RawJson | undefined;
  /** The id its URL elicitation was given, which `notifications/elicitation/complete` names. */
  readonly elicitationId?: string;
}

/** The entry of `inputRequests` that asks a modern agent what a legacy server asks. */
export function inputRequestOf(method: string, params: RawJson | undefined): RawJson {
  const all = new Map(params === undefined ? [] : members(params));
  for (const member of LEGACY_ONLY) all.delete(member);
  // Answers come in one piece: nobody reports progress with them.
  const meta = members(all.get('_meta') ?? '');
  if (meta?.delete('progressToken') === true) {
    if (meta.size > 0) all.set('_meta', objectOf(meta));
    else all.delete('_meta');
  }
  return objectOf([
    ['method', JSON.stringify(method)],
    ['params', objectOf(all)],
  ]);
}

/** What a legacy agent is asked for a raw entry of `inputRequests`; undefined for what is none. */
export function legacyQuestionOf(inputRequest: RawJson): LegacyQuestion | undefined {
  const all = members(inputRequest);
  const method = stringOf(all?.get('method'));
  const params = all?.get('params');
  if (method === undefined || (params !== undefined && !params.startsWith('{'))) return undefined;
  const asksForUrl = method === 'elicitation/create' && members(params ?? '')?.get('mode') === '"url"';
  if (!asksForUrl) return { method, params };
  const elicitationId = randomUUID();
  return { method, params: withMembers(params, { elicitationId: JSON.stringify(elicitationId) }), elicitationId };
}

const ACTIONS: ReadonlySet<string> = new Set(['accept', 'decline', 'cancel']);

/** True when a raw input response can be the answer to a question of this method. */
export function answers(method: string, response: RawJson): boolean {
  const all = members(response);
  if (all === undefined) return false;
  switch (method) {
    case 'elicitation/create':
      return ACTIONS.has(stringOf(all.get('action')) ?? '');
    case 'sampling/createMessage':
      return stringOf(all.get('role')) !== undefined && all.has('content');
    case 'roots/list':
      return all.get('roots')?.startsWith('[') === true;
    default:
      return true;
  }
}
