import { rpcError } from './frame.ts';
import { members, objectOf, withMembers } from './slice.ts';
import type { RawJson } from '../model.ts';

/** Tasks of the modern era (SEP-2663): servers make them of calls, of whoever declares this in the request. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

/** The JSON-RPC error for a client that asks about tasks and does not declare them (-32021). */
export const TASKS_NOT_DECLARED: RawJson = rpcError(-32021, 'Missing required client capability', { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } });

/** True when raw capabilities, of a client or a server, declare the extension. */
export function declaresTasks(capabilities: RawJson): boolean {
  return capabilities.includes(TASKS_EXTENSION) && members(members(capabilities)?.get('extensions') ?? '')?.has(TASKS_EXTENSION) === true;
}

/** Raw capabilities without it, for a request whose answer must not be a task. */
export function withoutTasks(capabilities: RawJson): RawJson {
  if (!declaresTasks(capabilities)) return capabilities;
  const extensions = new Map(members(members(capabilities)?.get('extensions') ?? ''));
  extensions.delete(TASKS_EXTENSION);
  return withMembers(capabilities, { extensions: objectOf(extensions) });
}
