import type { GatewaySnapshot } from '../../proxy/api.ts';
import type { LastError } from '../last-errors.ts';
import type { ServerOrder } from './server-order.ts';
import type { TreeFilter } from './tree-filter.ts';

/** Everything a presenter looks at. */
export interface ViewState {
  readonly snapshot: GatewaySnapshot;
  /** False in Restricted Mode: nothing that the workspace brought starts. */
  readonly trusted: boolean;
  /** How a person ordered the servers; by name without. */
  readonly order?: ServerOrder;
  /** What the Upstreams view is narrowed to. */
  readonly filter?: TreeFilter | undefined;
  /** What servers failed with last, by name. */
  readonly lastErrors?: ReadonlyMap<string, LastError>;
}

/** The state before the core is there. */
export const EMPTY_SNAPSHOT: GatewaySnapshot = {
  endpoint: undefined,
  mode: 'adaptive',
  menu: { mode: 'adaptive', effective: 'adaptive', directTokens: 0, exact: true, menuTokens: 0, directThreshold: 0 },
  tokens: { sessions: [], total: { menuCalls: 0, menuTokens: 0, toolCalls: 0, toolTokens: 0, savedTokens: 0 } },
  pause: { all: false, servers: [], tools: [], problem: undefined },
  consents: [],
  lock: { standing: 'none', path: undefined, digest: undefined, text: '', asks: false, servers: [] },
  lastDecision: undefined,
  upstreams: [],
  sessions: [],
  agents: [],
  lostRecords: 0,
  diagnoses: [],
  problems: [],
  version: '',
};
