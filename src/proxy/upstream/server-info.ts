import { members, stringOf } from '../json/slice.ts';
import type { Era, RawJson } from '../model.ts';
import type { UpstreamInfo } from './types.ts';

const NAME_LENGTH = 500;
const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';

/** Reads what a server says of itself in `initialize` (legacy) or `server/discover` (modern). Lenient: names are optional. */
export function serverInfo(era: Era, protocolVersion: string, result: RawJson): UpstreamInfo {
  const all = membersOf(result);
  const server = membersOf(era === 'legacy' ? all.get('serverInfo') : membersOf(all.get('_meta')).get(SERVER_INFO));
  const capabilities = all.get('capabilities');
  const instructions = all.get('instructions');
  return {
    era,
    protocolVersion,
    name: bounded(stringOf(server.get('name'))) ?? '',
    version: bounded(stringOf(server.get('version'))) ?? '',
    title: bounded(stringOf(server.get('title'))),
    capabilities: capabilities?.startsWith('{') === true ? capabilities : '{}',
    instructions: instructions?.startsWith('"') === true ? instructions : undefined,
  };
}

/** True when the server declares a capability, e.g. `tools`; with `flag`, when that member of it is true. */
export function declares(info: UpstreamInfo, capability: string, flag?: string): boolean {
  const found = membersOf(info.capabilities).get(capability);
  return flag === undefined ? found?.startsWith('{') === true : membersOf(found).get(flag) === 'true';
}

function membersOf(raw: RawJson | undefined): ReadonlyMap<string, RawJson> {
  return (raw === undefined ? undefined : members(raw)) ?? new Map<string, RawJson>();
}

function bounded(text: string | undefined): string | undefined {
  return text?.slice(0, NAME_LENGTH);
}
