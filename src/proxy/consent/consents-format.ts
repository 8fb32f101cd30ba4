import type { Digest } from '../model.ts';
import { BadShapeError, listAt, numberAt, recordAt, stringAt, type JsonPath } from '../storage/parse-state.ts';
import { MAX_STANDING } from './standing.ts';
import type { StandingConsent } from './types.ts';

/** Version of `consents.json`. Version 1 had no authentication code. */
export const CONSENTS_VERSION = 2;
export const UNSEALED_CONSENTS_VERSION = 1;

const DIGEST = /^sha256-[A-Za-z0-9+/]{43}=$/;

/** What `consents.json` holds under `state`: `{"consents": [{"kind": "tool", "principal": …, "server": …, …}]}`. */
export function encodeConsents(consents: readonly StandingConsent[]): unknown {
  return { consents };
}

/** Reads what `encodeConsents` wrote. One bad entry makes the whole file bad. @throws BadShapeError */
export function decodeConsents(state: unknown): readonly StandingConsent[] {
  const path: JsonPath = ['state', 'consents'];
  const list = listAt(recordAt(state, ['state'])['consents'], path);
  if (list.length > MAX_STANDING) throw new BadShapeError(path, `at most ${MAX_STANDING} entries`);
  return list.map((item, i) => consentAt(item, [...path, i]));
}

function consentAt(value: unknown, path: JsonPath): StandingConsent {
  const entry = recordAt(value, path);
  const text = (key: string): string => stringAt(entry[key], [...path, key]);
  const digest = (key: string): Digest => digestAt(entry[key], [...path, key]);
  const base = { server: text('server'), at: numberAt(entry['at'], [...path, 'at']) };
  switch (entry['kind']) {
    case 'tool':
      return { kind: 'tool', ...base, tool: text('tool'), principal: text('principal'), digest: digest('digest') };
    case 'arguments':
      return { kind: 'arguments', ...base, tool: text('tool'), principal: text('principal'), digest: digest('digest'), arguments: digest('arguments') };
    case 'session':
      return { kind: 'session', ...base, tool: text('tool'), principal: text('principal'), digest: digest('digest'), session: digest('session'), until: numberAt(entry['until'], [...path, 'until']) };
    case 'never':
      return { kind: 'never', ...base, tool: text('tool'), principal: text('principal') };
    case 'ask':
      return { kind: 'ask', ...base, ...(entry['tool'] !== undefined && { tool: text('tool') }) };
    default:
      throw new BadShapeError([...path, 'kind'], 'tool, arguments, session, never or ask');
  }
}

function digestAt(value: unknown, path: JsonPath): Digest {
  const text = stringAt(value, path);
  if (!DIGEST.test(text)) throw new BadShapeError(path, 'a digest (sha256-…)');
  return text as Digest;
}
