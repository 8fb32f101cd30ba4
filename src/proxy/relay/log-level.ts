import type { AgentRequest } from '../downstream/types.ts';
import { rpcError } from '../json/frame.ts';
import { stringOf } from '../json/slice.ts';
import type { RawReply } from '../model.ts';
import type { Agents } from './agents.ts';
import { LEVELS } from './bridge/log-levels.ts';
import { paramsOf } from './passing.ts';

/** logging/setLevel: holds for every server the agent uses, and those it will use. */
export async function setLogLevel(agents: Agents, request: AgentRequest): Promise<RawReply> {
  const level = stringOf(paramsOf(request).get('level'));
  if (level === undefined || !LEVELS.includes(level)) return { error: rpcError(-32602, 'Unknown level') };
  await agents.of(request.session).setLogLevel(JSON.stringify(level));
  return { result: '{}' };
}
