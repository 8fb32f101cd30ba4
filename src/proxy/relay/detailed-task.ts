import type { CatalogTool } from '../catalog/types.ts';
import { members, withMembers } from '../json/slice.ts';
import type { Principal, RawReply } from '../model.ts';
import type { LookThrough } from '../pipeline/look-through.ts';
import type { InspectStage } from '../pipeline/stages/inspect.ts';
import type { Outcome } from '../pipeline/types.ts';

/** What a task is looked through by: as answers are, and what the tool had to say as results of calls. */
export interface TaskLook {
  readonly inspect: InspectStage['run'];
  readonly lookThrough: LookThrough;
}

/**
 * What a server tells of a task of the modern era (`DetailedTask`, SEP-2663) as its principal may have it. A `result` in
 * it is that of the call: it is fitted as well.
 */
export async function lookedThroughTask(reply: RawReply, tool: CatalogTool, principal: Principal, { inspect, lookThrough }: TaskLook): Promise<RawReply> {
  const result = 'result' in reply ? members(reply.result)?.get('result') : undefined;
  if (!('result' in reply) || result?.startsWith('{') !== true) return lookThrough(tool.server, reply);
  const rest = await lookThrough(tool.server, { result: withMembers(reply.result, { result: undefined }) });
  if ('error' in rest) return rest;
  const outcome: Outcome = { kind: 'ok', code: undefined, reply: { result }, truncated: false };
  const inspected = (await inspect({ principal, route: 'direct', tool, findings: [] }, outcome)).reply;
  if ('error' in inspected) return inspected;
  return { result: withMembers(rest.result, { result: inspected.result }) };
}
