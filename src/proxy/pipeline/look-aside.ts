import { members, objectOf, withMembers } from '../json/slice.ts';
import type { RawJson, RawNotification, ServerName } from '../model.ts';
import { scanAtOnce, scanResult, type ResultPolicy, type ScanPlaces, type ScannedResult } from '../scanner/scan-result.ts';
import type { LookThroughDeps } from './look-through.ts';

/** Takes note of what was found, by code and place, for the record of a call. */
export type Found = (finding: string) => void;

/** Looks through what a server says beside its answers, by the same policy as those. */
export interface LookAside {
  /** A notification as the agent may have it; undefined when it is withheld. */
  notification(server: ServerName, notification: RawNotification, found?: Found): RawNotification | undefined;
  /** Raw params of a progress notification; the progress itself always passes. */
  progress(server: ServerName, params: RawJson, found?: Found): RawJson;
  /** Raw params of a question to the agent, its model or its person; undefined when it is withheld. */
  question(server: ServerName, params: RawJson, found?: Found): Promise<RawJson | undefined>;
}

/** Longer ones are not read while others wait for their turn: their text is left out. */
const MAX_ASIDE = 256 * 1024;
/** Characters of a place that are recorded. */
const MAX_PATH = 200;

/** Ids, tokens and addresses of resources, which programs compare; nobody reads them as text. */
const ASIDE: ScanPlaces = { inPlace: true, identifiers: /^\/(?:uri|elicitationId|taskId|progressToken|requestId|level|status|createdAt|lastUpdatedAt)$/ };
/** A URL a person is asked to open holds what signs them in. */
const QUESTION: ScanPlaces = { inPlace: true, addresses: /^\/url$/, identifiers: /^\/(?:mode|elicitationId|_meta\/progressToken)$/ };

const LEFT_OUT = JSON.stringify('[left out by Vestibule: too long to be looked through]');

/** Notifications and questions of servers as agents may have them. */
export function createLookAside(deps: LookThroughDeps): LookAside {
  return {
    notification(server, { method, params }, found) {
      if (params === undefined) return { method, params };
      const looked = lookedAside(server, params, deps, found);
      if (looked !== undefined) return { method, params: looked };
      switch (method) {
        case 'notifications/message':
          // Why it is not there stands in its place, unless the policy is to say nothing of it.
          return params.length > MAX_ASIDE ? { method, params: only(params, ['level', 'logger'], { data: LEFT_OUT }) } : undefined;
        case 'notifications/tasks/status':
          return { method, params: only(params, ['taskId', 'status', 'ttl', 'pollInterval', 'createdAt', 'lastUpdatedAt']) };
        default:
          return { method, params: only(params, ['uri', 'elicitationId']) };
      }
    },
    progress: (server, params, found) => lookedAside(server, params, deps, found) ?? only(params, ['progressToken', 'progress', 'total']),
    async question(server, params, found) {
      const policy = deps.policy(server);
      // What is asked at once is asked in order: a picture alone makes its question wait for its turn.
      const scanned = params.length > MAX_ASIDE ? await scanResult(params, policy, deps.held, QUESTION) : scanAtOnce(params, policy, deps.held, QUESTION);
      note(scanned, found);
      return scanned.blocked ? undefined : scanned.raw;
    },
  };
}

/** What passes of raw params; undefined when nothing of their text may. */
function lookedAside(server: ServerName, params: RawJson, deps: LookThroughDeps, found: Found | undefined): RawJson | undefined {
  const policy = deps.policy(server);
  if (isOff(policy)) return params;
  if (params.length > MAX_ASIDE) return undefined;
  const scanned = scanAtOnce(params, policy, deps.held, ASIDE);
  note(scanned, found);
  return scanned.blocked ? undefined : scanned.raw;
}

function isOff({ injections, secrets }: ResultPolicy): boolean {
  return injections === 'off' && secrets === 'off';
}

function note({ findings }: ScannedResult, found: Found | undefined): void {
  for (const one of new Set(findings.map(({ code, path }) => `${code} ${path.slice(0, MAX_PATH)}`))) found?.(one);
}

/** An object with these members of another, as far as they are short, and others. */
function only(params: RawJson, names: readonly string[], more: Readonly<Record<string, RawJson>> = {}): RawJson {
  const all = members(params);
  const kept = names.flatMap((name): [string, RawJson][] => {
    const value = all?.get(name);
    return value === undefined || value.length > MAX_KEPT ? [] : [[name, value]];
  });
  return withMembers(objectOf(kept), more);
}

/** Characters of a member that is kept of what is withheld. */
const MAX_KEPT = 2_000;
