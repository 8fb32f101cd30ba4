import { folded } from '../text.ts';
import type { Definition } from './awaiting.ts';
import { prettyJson } from './pretty-json.ts';

/**
 * One side of a definition's diff, as a person reads it: members laid out, nothing invisible; of instructions their lines.
 * @param approved the side that was approved, else the present one
 */
export function sideOfDiff({ ref, raw, text, approvedRaw }: Definition, approved: boolean): string {
  const json = approved ? approvedRaw : (raw ?? JSON.stringify(text));
  if (json === undefined) return 'The approved text was not kept.\n';
  return `${folded(ref.kind === 'instructions' ? String(JSON.parse(json)) : prettyJson(json))}\n`;
}
