import type { GatewayApi } from '../../proxy/api.ts';
import type { CallRecord } from '../../proxy/journal/types.ts';
import { t } from '../l10n.ts';
import { flowLines } from '../present/flow.ts';
import { oneLine, visibleLines } from '../text.ts';
import { changesBetween } from './changes.ts';
import type { CallDetail } from './messages.ts';
import { shownJson } from './rows.ts';

type Calls = Pick<GatewayApi, 'calls' | 'callTrace' | 'snapshot'>;

/** Everything there is to say of a call. @throws Error when its record is gone */
export async function detailOf(gateway: Calls, seq: number): Promise<CallDetail> {
  const record = await recordAt(gateway, seq);
  const trace = gateway.callTrace(record.id);
  const previous = await previousOf(gateway, record);
  const upstream = gateway.snapshot().upstreams.find(({ config }) => config.name === record.server);
  return {
    arguments: record.arguments === undefined ? undefined : shownJson(record.arguments),
    findings: record.findings.slice(0, 50).map((finding) => oneLine(finding, 300)),
    result: trace?.answer === undefined ? undefined : shownAnswer(trace.answer),
    stages: trace?.stages ?? [],
    flow: upstream === undefined ? [] : flowLines(upstream),
    previous: previous && { time: Date.parse(previous.time), changes: changesBetween(previous.arguments, record.arguments) },
  };
}

/** A call as a document: its record, and what it was answered if that is remembered. @throws as `detailOf` */
export async function documentOf(gateway: Calls, seq: number): Promise<{ readonly title: string; readonly text: string }> {
  const record = await recordAt(gateway, seq);
  return { title: titleOf(record), text: textOf(gateway, record) };
}

/** A call and the one of the same tool before it; undefined without one. @throws as `detailOf` */
export async function comparisonOf(gateway: Calls, seq: number): Promise<{ readonly title: string; readonly before: string; readonly after: string } | undefined> {
  const record = await recordAt(gateway, seq);
  const previous = await previousOf(gateway, record);
  return previous && { title: titleOf(record), before: compared(gateway, previous), after: compared(gateway, record) };
}

async function recordAt(gateway: Calls, seq: number): Promise<CallRecord> {
  const [record] = await gateway.calls({ before: seq + 1, limit: 1 });
  if (record?.seq !== seq) throw new Error(t('There is no record of this call any more.'));
  return record;
}

async function previousOf(gateway: Calls, { seq, server, tool }: CallRecord): Promise<CallRecord | undefined> {
  const [previous] = await gateway.calls({ server, tool, before: seq, limit: 1 });
  return previous;
}

function titleOf({ server, tool, time }: CallRecord): string {
  return `${oneLine(server === '' ? tool : `${server} ${tool}`, 80)} ${time.slice(11, 19).replaceAll(':', '.')}`;
}

function textOf(gateway: Calls, record: CallRecord): string {
  const answer = gateway.callTrace(record.id)?.answer;
  return `${shownJson(record)}\n\n${answer === undefined ? t('What it was answered is not remembered.') : shownAnswer(answer)}\n`;
}

/** What two calls of a tool have to tell apart: not when they were made. */
function compared(gateway: Calls, { arguments: args, code, id, outcome }: CallRecord): string {
  const answer = gateway.callTrace(id)?.answer;
  return [shownJson(args ?? {}), code === undefined ? outcome : `${outcome}, ${code}`, answer === undefined ? t('What it was answered is not remembered.') : shownAnswer(answer)].join('\n\n');
}

function shownAnswer(answer: string): string {
  try {
    return shownJson(JSON.parse(answer));
  } catch {
    return visibleLines(answer);
  }
}
