import type { RawJson, ServerName } from '../model.ts';
import { scanChange } from '../scanner/scan-change.ts';
import type { Peer } from '../scanner/types.ts';
import { isDescriptionOnly } from './describe-change.ts';

/**
 * Whether a change of a tool falls under the rule "accept description-only changes that the scanner finds clean": the
 * description has another text, nothing else differs, and the change brings no finding of any severity.
 * @param peers the tools agents see beside it
 */
export function isCleanDescriptionChange(server: ServerName, before: RawJson, after: RawJson, peers: readonly Peer[]): boolean {
  if (!isDescriptionOnly(before, after)) return false;
  return scanChange({ server, kind: 'tool', raw: before }, { server, kind: 'tool', raw: after }, { peers }).length === 0;
}
