import type { AgentRequest } from '../downstream/types.ts';
import { rpcError } from '../json/frame.ts';
import type { RawReply } from '../model.ts';
import { paramsOf } from './passing.ts';

/** Our lists are one page: a cursor is none of ours. Undefined when there is none. */
export function refuseCursor(request: AgentRequest): RawReply | undefined {
  const cursor = paramsOf(request).get('cursor');
  return cursor === undefined || cursor === 'null' ? undefined : { error: rpcError(-32602, 'Unknown cursor') };
}
