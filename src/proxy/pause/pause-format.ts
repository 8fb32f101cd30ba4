import { BadShapeError, listAt, numberAt, recordAt, stringAt, type JsonPath } from '../storage/parse-state.ts';
import type { Paused, PauseTarget } from './types.ts';

/** Version of `paused.json`. */
export const PAUSED_VERSION = 1;

/** That calls under way were to be cancelled, and when. */
export interface Cancellation {
  readonly target: PauseTarget;
  /** Milliseconds since epoch; calls that came in later are not meant. */
  readonly at: number;
}

/** What `paused.json` holds under `state`. */
export interface PausedFile {
  readonly paused: Paused;
  /** The latest ones, oldest first; every process acts once on each. */
  readonly cancellations: readonly Cancellation[];
}

/** More than anybody pauses by hand; a file with more is not ours, hence corrupt, hence everything is paused. */
const MAX_ENTRIES = 1_000;

/** `{"all": true, "servers": ["s"], "tools": [{"server": "s", "tool": "t"}], "cancelled": [{"server": "s", "at": 0}]}`. */
export function encodePaused({ paused, cancellations }: PausedFile): unknown {
  return { ...paused, cancelled: cancellations.map(({ target, at }) => ({ ...target, at })) };
}

/**
 * Reads what `encodePaused` wrote, or a person: every member may be left out, but none may be unknown, since a pause
 * that is misspelled must not be one that does not hold.
 * @throws BadShapeError
 */
export function decodePaused(state: unknown): PausedFile {
  const { all = false, servers = [], tools = [], cancelled = [], ...unknown } = recordAt(state, ['state']);
  refuseUnknown(unknown, ['state']);
  if (typeof all !== 'boolean') throw new BadShapeError(['state', 'all'], 'true or false');
  return {
    paused: {
      all,
      servers: entries(servers, ['state', 'servers']).map((name, i) => stringAt(name, ['state', 'servers', i])),
      tools: entries(tools, ['state', 'tools']).map((item, i) => {
        const path = ['state', 'tools', i];
        const { server, tool, ...more } = recordAt(item, path);
        refuseUnknown(more, path);
        return { server: stringAt(server, [...path, 'server']), tool: stringAt(tool, [...path, 'tool']) };
      }),
    },
    cancellations: entries(cancelled, ['state', 'cancelled']).map((item, i) => {
      const path = ['state', 'cancelled', i];
      const { server, tool, at, ...more } = recordAt(item, path);
      refuseUnknown(more, path);
      return { target: targetAt(server, tool, path), at: numberAt(at, [...path, 'at']) };
    }),
  };
}

function targetAt(server: unknown, tool: unknown, path: JsonPath): PauseTarget {
  if (server === undefined && tool === undefined) return {};
  const named = { server: stringAt(server, [...path, 'server']) };
  return tool === undefined ? named : { ...named, tool: stringAt(tool, [...path, 'tool']) };
}

function entries(value: unknown, path: JsonPath): readonly unknown[] {
  const list = listAt(value, path);
  if (list.length > MAX_ENTRIES) throw new BadShapeError(path, `at most ${MAX_ENTRIES} entries`);
  return list;
}

function refuseUnknown(members: Readonly<Record<string, unknown>>, path: JsonPath): void {
  const [first] = Object.keys(members);
  if (first !== undefined) throw new BadShapeError([...path, first], 'no member of this name');
}
