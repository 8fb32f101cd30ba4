import { Buffer } from 'node:buffer';
import type { Journal } from '../../journal/types.ts';
import { traceparentOf } from '../../json/trace-context.ts';
import { STAGE_ORDER } from '../order.ts';
import type { Traces } from '../traces.ts';
import type { OutboundStage } from '../types.ts';

const FIRST_OUTBOUND = STAGE_ORDER.indexOf('inspect');
const INBOUND = STAGE_ORDER.slice(0, FIRST_OUTBOUND);
const OUTBOUND = STAGE_ORDER.slice(FIRST_OUTBOUND);

/** Writes every call to the journal, whatever became of it. Last, so that it sees what the agent gets. */
export function createRecord(journal: Pick<Journal, 'append'>, now: () => number = () => performance.now(), traces?: Pick<Traces, 'keep'>): OutboundStage & { readonly name: 'record' } {
  return {
    name: 'record',
    phase: 'out',
    run(call, outcome) {
      const answer = 'result' in outcome.reply ? outcome.reply.result : outcome.reply.error;
      journal.append({
        time: call.startedAt,
        id: call.id,
        parent: call.parent,
        session: call.session.id,
        agent: call.principal.id,
        client: call.session.client,
        server: call.tool?.server ?? '',
        insteadOf: call.insteadOf,
        tool: call.tool?.name ?? call.requested,
        digest: call.tool?.digest,
        route: call.route,
        arguments: call.argumentsText,
        outcome: outcome.kind,
        code: outcome.code,
        durationMs: Math.round((now() - call.startedTick) * 100) / 100,
        bytesIn: call.argumentsText === undefined ? 0 : Buffer.byteLength(call.argumentsText),
        bytesOut: Buffer.byteLength(answer),
        truncated: outcome.truncated,
        resultKey: outcome.whole?.key,
        bytesWhole: outcome.whole?.bytes,
        findings: call.findings,
        answer,
        traceparent: traceparentOf(call.meta),
      });
      traces?.keep(call, answer, INBOUND, OUTBOUND);
      return outcome;
    },
  };
}
