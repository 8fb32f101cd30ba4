import type { ServerName } from '../model.ts';
import { BadShapeError, entriesAt, listAt, numberAt, recordAt, stringAt, type JsonPath } from '../storage/parse-state.ts';
import { NO_APPROVALS, type Approvals, type Decision, type DefinitionBefore, type LaunchesBefore } from './approvals.ts';
import { decodeApprovals, decodeDecisions, decodeDefinition, decodeLaunches, digestAt, encodeApprovals } from './approvals-format.ts';
import { MAX_HISTORY, type PastDecision } from './history.ts';
import { MAX_LOCK_DECISIONS, MAX_LOCK_FILES, NO_LOCK_DECISIONS, type LockDecision, type LockDecisions } from './lock-decisions.ts';
import { DECIDED, DEFINITION_KINDS, isDefinitionKind } from './types.ts';

/** Everything a person decided: what `approvals.json` holds. */
export interface ApprovalState {
  readonly servers: Approvals;
  readonly locks: LockDecisions;
  /** Servers whose clean description-only changes are accepted, each at the launch the person wrote the rule for. */
  readonly rules: ReadonlyMap<ServerName, Decision>;
  /** Servers whose waiting definitions agents may look at, each at the launch the person opened it for. */
  readonly inspections: ReadonlyMap<ServerName, Decision>;
  /** The newest decisions with what stood before each, so that they can be undone; oldest first. */
  readonly history: readonly PastDecision[];
}

export const NO_STATE: ApprovalState = { servers: NO_APPROVALS, locks: NO_LOCK_DECISIONS, rules: new Map(), inspections: new Map(), history: [] };

const MAX_RULES = 1_000;

/** What `approvals.json` holds under `state`. */
export function encodeState({ servers, locks, rules, inspections, history }: ApprovalState): unknown {
  return { ...encodeApprovals(servers), locks: Object.fromEntries(locks), rules: Object.fromEntries(rules), inspections: Object.fromEntries(inspections), history };
}

/** Reads what `encodeState` wrote, or an earlier version that knew approvals only. @throws BadShapeError */
export function decodeState(state: unknown): ApprovalState {
  const { locks = {}, rules = {}, inspections = {}, history = [] } = recordAt(state, ['state']);
  return {
    servers: decodeApprovals(state),
    locks: bounded(entriesAt(locks, ['state', 'locks']), ['state', 'locks'], MAX_LOCK_FILES, decodeLocks),
    rules: bounded(entriesAt(rules, ['state', 'rules']), ['state', 'rules'], MAX_RULES, decodeDecision),
    inspections: bounded(entriesAt(inspections, ['state', 'inspections']), ['state', 'inspections'], MAX_RULES, decodeDecision),
    history: items(history, ['state', 'history'], MAX_HISTORY, decodePast),
  };
}

function decodeLocks(value: unknown, path: JsonPath): readonly LockDecision[] {
  return items(value, path, MAX_LOCK_DECISIONS, (item, at) => {
    const { decision, launches } = recordAt(item, at);
    if (decision !== 'accepted' && decision !== 'declined') throw new BadShapeError([...at, 'decision'], '"accepted" or "declined"');
    const fingerprints = listAt(launches, [...at, 'launches']).map((digest, i) => digestAt(digest, [...at, 'launches', i]));
    return { ...decodeDecision(item, at), decision, launches: fingerprints };
  });
}

function decodeDecision(value: unknown, path: JsonPath): Decision {
  const [decision] = decodeDecisions([value], path, 1);
  if (decision === undefined) throw new BadShapeError(path, 'a decision');
  return decision;
}

function decodePast(value: unknown, path: JsonPath): PastDecision {
  const { id, action, at, by, definitions, launches, lock, digest } = recordAt(value, path);
  const known = DECIDED.find((candidate) => candidate === action);
  if (known === undefined) throw new BadShapeError([...path, 'action'], 'a kind of decision');
  return {
    id: stringAt(id, [...path, 'id']),
    action: known,
    at: numberAt(at, [...path, 'at']),
    by: stringAt(by, [...path, 'by']),
    definitions: listAt(definitions, [...path, 'definitions']).map((item, i) => decodeDefinitionBefore(item, [...path, 'definitions', i])),
    launches: listAt(launches, [...path, 'launches']).map((item, i) => decodeLaunchesBefore(item, [...path, 'launches', i])),
    lock: lock === undefined ? undefined : decodeLockBefore(lock, [...path, 'lock']),
    digest: digest === undefined ? undefined : digestAt(digest, [...path, 'digest']),
  };
}

function decodeDefinitionBefore(value: unknown, path: JsonPath): DefinitionBefore {
  const { ref, was } = recordAt(value, path);
  const { server, kind, name, digest } = recordAt(ref, [...path, 'ref']);
  if (!isDefinitionKind(kind)) throw new BadShapeError([...path, 'ref', 'kind'], `one of ${DEFINITION_KINDS.join(', ')}`);
  return {
    ref: { server: stringAt(server, [...path, 'ref', 'server']), kind, name: stringAt(name, [...path, 'ref', 'name']), digest: digestAt(digest, [...path, 'ref', 'digest']) },
    was: was === undefined ? undefined : decodeDefinition(was, [...path, 'was']),
  };
}

function decodeLaunchesBefore(value: unknown, path: JsonPath): LaunchesBefore {
  const { server, was } = recordAt(value, path);
  return { server: stringAt(server, [...path, 'server']), was: decodeLaunches(was, [...path, 'was']) };
}

function decodeLockBefore(value: unknown, path: JsonPath): PastDecision['lock'] {
  const { file, was } = recordAt(value, path);
  return { file: stringAt(file, [...path, 'file']), was: decodeLocks(was, [...path, 'was']) };
}

function items<T>(value: unknown, path: JsonPath, max: number, decode: (value: unknown, path: JsonPath) => T): readonly T[] {
  const list = listAt(value, path);
  if (list.length > max) throw new BadShapeError(path, `at most ${max} entries`);
  return list.map((item, i) => decode(item, [...path, i]));
}

function bounded<T>(entries: ReadonlyMap<string, unknown>, path: JsonPath, max: number, decode: (value: unknown, path: JsonPath) => T): Map<string, T> {
  if (entries.size > max) throw new BadShapeError(path, `at most ${max} entries`);
  return new Map([...entries].map(([key, value]) => [key, decode(value, [...path, key])]));
}
