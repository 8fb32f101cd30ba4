import type { GatewaySnapshot } from '../../proxy/api.ts';
import { estimateTokens } from '../../proxy/journal/tokens.ts';
import type { CallRecord } from '../../proxy/journal/types.ts';
import type { SearchHit } from '../../proxy/search/types.ts';
import { tierText } from '../present/labels.ts';
import { oneLine, visibleLines } from '../text.ts';
import { hiddenTools } from './hidden-tools.ts';
import type { CallRow, SearchAnswer } from './messages.ts';

/** Arguments beyond this are cut in the inspector, with a note; the journal has them whole. Characters. */
const MAX_ARGUMENTS = 64 * 1024;

/** A journal record as the page shows it. */
export function callRow(record: CallRecord): CallRow {
  return {
    seq: record.seq,
    time: Date.parse(record.time),
    id: oneLine(record.id),
    agent: oneLine(record.agent),
    client: oneLine(record.client),
    server: oneLine(record.server),
    tool: oneLine(record.tool),
    route: record.insteadOf === undefined ? record.route : `${record.route}, instead of ${oneLine(record.insteadOf)}`,
    outcome: record.outcome,
    code: record.code,
    durationMs: record.durationMs,
    bytesIn: record.bytesIn,
    bytesOut: record.bytesOut,
    tokensOut: record.tokensOut,
    truncated: record.truncated,
    bytesWhole: record.bytesWhole,
    kept: record.resultKey !== undefined,
    findings: record.findings.length,
  };
}

/** Search hits as the page shows them, and what the query would have found besides. */
export function searchAnswer(query: string, hits: readonly SearchHit[], { upstreams }: GatewaySnapshot): SearchAnswer {
  const enabled = upstreams.filter(({ config }) => config.enabled).flatMap(({ tools }) => tools);
  const byId = new Map(enabled.map((tool) => [tool.id, tool]));
  return {
    tools: hits.map(({ id, score, explain }) => {
      const tool = byId.get(id);
      return {
        id: oneLine(id),
        tier: tool === undefined ? '' : tierText(tool.tier),
        summary: tool === undefined ? '' : oneLine(tool.description, 200),
        score,
        reasons: (explain ?? []).slice(0, 20).map((reason) => ({ ...reason, term: oneLine(reason.term, 40) })),
        tokens: tool === undefined ? 0 : estimateTokens(tool.raw),
      };
    }),
    searched: enabled.filter(({ status }) => status === 'approved').length,
    hidden: enabled.filter(({ status }) => status === 'pending' || status === 'changed').length,
    hiddenTools: hiddenTools(query, upstreams),
  };
}

/** JSON laid out over lines, cut with a note, with nothing invisible in it. */
export function shownJson(value: unknown): string {
  const text = JSON.stringify(value, null, 2);
  const shown = text.length <= MAX_ARGUMENTS ? text : `${text.slice(0, MAX_ARGUMENTS)}\n… ${text.length - MAX_ARGUMENTS} more characters`;
  return visibleLines(shown);
}
