import type { Digest } from '../model.ts';
import { BadShapeError, entriesAt, listAt, numberAt, recordAt, stringAt, type JsonPath } from '../storage/parse-state.ts';
import { MAX_APPROVED, MAX_BLOCKED, MAX_LAUNCHES, MAX_REFUSED, type Approvals, type Decision, type DefinitionDecisions, type ServerDecisions } from './approvals.ts';

/** Version of `approvals.json`. Version 1 had no authentication code. */
export const APPROVALS_VERSION = 2;
export const UNSEALED_APPROVALS_VERSION = 1;

const DIGEST = /^sha256-[A-Za-z0-9+/]{43}=$/;

/** Decisions as `approvals.json` holds them under `state`: `{servers: {<name>: {launches, refusedLaunches, definitions: {"tool:<name>": …}}}}`. */
export function encodeApprovals(approvals: Approvals): { readonly servers: object } {
  const servers = [...approvals].map(([name, { definitions, ...launches }]) => [name, { ...launches, definitions: Object.fromEntries(definitions) }] as const);
  return { servers: Object.fromEntries(servers) };
}

/** Reads what `encodeApprovals` wrote. One bad entry makes the whole file bad. @throws BadShapeError */
export function decodeApprovals(state: unknown): Approvals {
  const servers = entriesAt(recordAt(state, ['state'])['servers'], ['state', 'servers']);
  return mapValues(servers, ['state', 'servers'], decodeServer);
}

function decodeServer(value: unknown, path: JsonPath): ServerDecisions {
  const entries = entriesAt(recordAt(value, path)['definitions'], [...path, 'definitions']);
  return { ...decodeLaunches(value, path), definitions: mapValues(entries, [...path, 'definitions'], decodeDefinition) };
}

/** Reads the launches of a server. @throws BadShapeError */
export function decodeLaunches(value: unknown, path: JsonPath): Pick<ServerDecisions, 'launches' | 'refusedLaunches'> {
  const { launches, refusedLaunches = [] } = recordAt(value, path);
  return {
    launches: decodeDecisions(launches, [...path, 'launches'], MAX_LAUNCHES),
    // Files of earlier versions have no refusals.
    refusedLaunches: decodeDecisions(refusedLaunches, [...path, 'refusedLaunches'], MAX_REFUSED),
  };
}

/** Reads the decisions about one definition. @throws BadShapeError */
export function decodeDefinition(value: unknown, path: JsonPath): DefinitionDecisions {
  const { approved, blocked, refused = [] } = recordAt(value, path);
  return {
    approved: decodeDecisions(approved, [...path, 'approved'], MAX_APPROVED),
    blocked: decodeDecisions(blocked, [...path, 'blocked'], MAX_BLOCKED),
    refused: decodeDecisions(refused, [...path, 'refused'], MAX_REFUSED),
  };
}

/** Reads a list of decisions. @throws BadShapeError */
export function decodeDecisions(value: unknown, path: JsonPath, max: number): readonly Decision[] {
  const list = listAt(value, path);
  if (list.length > max) throw new BadShapeError(path, `at most ${max} entries`);
  return list.map((item, i) => {
    const { digest, at, by } = recordAt(item, [...path, i]);
    return { digest: digestAt(digest, [...path, i, 'digest']), at: numberAt(at, [...path, i, 'at']), by: stringAt(by, [...path, i, 'by']) };
  });
}

/** Reads a digest. @throws BadShapeError */
export function digestAt(value: unknown, path: JsonPath): Digest {
  const text = stringAt(value, path);
  if (!DIGEST.test(text)) throw new BadShapeError(path, 'a digest (sha256-…)');
  return text as Digest;
}

function mapValues<T>(entries: ReadonlyMap<string, unknown>, path: JsonPath, decode: (value: unknown, path: JsonPath) => T): Map<string, T> {
  return new Map([...entries].map(([key, value]) => [key, decode(value, [...path, key])]));
}
