// What the trees cost with 300 servers and 10,000 tools: rows as VS Code asks for them, badge, status and filter, without the editor.
import { upstreamRows } from '../../src/views/present/upstreams.ts';
import { awaitingCount } from '../../src/views/present/awaiting.ts';
import { quarantineRows } from '../../src/views/present/quarantine.ts';
import { statusOf } from '../../src/views/present/status.ts';
import { readFilter } from '../../src/views/present/tree-filter.ts';
import { EMPTY_SNAPSHOT, type ViewState } from '../../src/views/present/view-state.ts';
import { tool, upstream } from '../../test/unit/views-fixtures.ts';
import { report } from '../lib/report.ts';
import { ms, quantile } from '../lib/statistics.ts';

const SERVERS = 300;
const TOOLS = 10_000;
const TIMES = 100;

const upstreams = Array.from({ length: SERVERS }, (_, i) => {
  const count = Math.floor(((i + 1) * TOOLS) / SERVERS) - Math.floor((i * TOOLS) / SERVERS);
  return upstream({ name: `server-${i}`, tools: Array.from({ length: count }, (__, n) => tool(`tool-${i}-${n}`, { id: `server-${i}:tool-${i}-${n}`, status: n % 10 === 0 ? 'pending' : 'approved' })) });
});
const state: ViewState = { snapshot: { ...EMPTY_SNAPSHOT, upstreams }, trusted: true };

/** One of many runs, median and the slow end, in milliseconds. */
function measured(what: string, work: () => unknown): { readonly what: string; readonly median: string; readonly '99 of 100 below': string } {
  const times = Array.from({ length: TIMES }, () => {
    const before = performance.now();
    work();
    return performance.now() - before;
  });
  return { what, median: ms(quantile(times, 0.5)), '99 of 100 below': ms(quantile(times, 0.99)) };
}

const filter = readFilter('server-2 tool @approved');
await report('trees', [
  measured('a change, view hidden: badge and status', () => [awaitingCount(state), statusOf({ kind: 'running', state, secretsPersist: true })]),
  measured('a change, view shown: 300 servers', () => upstreamRows(state)),
  measured('every server unfolded: 10,000 tools', () => upstreamRows(state).flatMap((row) => row.children()).flatMap((row) => row.children())),
  measured('filtered', () => upstreamRows({ ...state, ...(filter && { filter }) }).flatMap((row) => row.children())),
  measured('quarantine, 1,000 definitions', () => quarantineRows(state).flatMap((row) => row.children())),
]);
