import { BadShapeError, listAt, numberAt, recordAt, stringAt, type JsonPath } from '../storage/parse-state.ts';
import { CLIENT_IDS } from '../clients/client-files.ts';
import type { ConnectableId, Connection } from './types.ts';

/** Version of `connections.json`. */
export const CONNECTIONS_VERSION = 1;

/** Every client that can be connected. */
export const CONNECTABLE_IDS: readonly ConnectableId[] = CLIENT_IDS.filter((id) => id !== 'vscode' && id !== 'vscode-insiders');

const DIGEST = /^sha256-[A-Za-z0-9+/]{43}=$/;

/** What `connections.json` holds under `state`: `{"connections": […]}`, one per client. */
export function encodeConnections(connections: readonly Connection[]): unknown {
  return { connections };
}

/** Reads what `encodeConnections` wrote. @throws BadShapeError */
export function decodeConnections(state: unknown): readonly Connection[] {
  const path: JsonPath = ['state', 'connections'];
  const list = listAt(recordAt(state, ['state'])['connections'], path);
  if (list.length > CONNECTABLE_IDS.length) throw new BadShapeError(path, 'one connection per client');
  return list.map((item, i) => connectionAt(item, [...path, i]));
}

function connectionAt(value: unknown, path: JsonPath): Connection {
  const record = recordAt(value, path);
  const text = (key: string): string => stringAt(record[key], [...path, key]);
  const client = CONNECTABLE_IDS.find((id) => id === record['client']);
  if (client === undefined) throw new BadShapeError([...path, 'client'], 'a known client');
  const way = record['way'];
  if (way !== 'http' && way !== 'bridge') throw new BadShapeError([...path, 'way'], 'http or bridge');
  if (!DIGEST.test(text('written'))) throw new BadShapeError([...path, 'written'], 'a SHA-256 digest');
  const existed = record['existed'];
  if (typeof existed !== 'boolean') throw new BadShapeError([...path, 'existed'], 'true or false');
  return {
    client,
    agent: text('agent'),
    path: text('path'),
    way,
    mark: text('mark'),
    connectedAt: numberAt(record['connectedAt'], [...path, 'connectedAt']),
    written: text('written'),
    existed,
    mode: numberAt(record['mode'], [...path, 'mode']) & 0o777,
  };
}
