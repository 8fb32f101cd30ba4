import { members } from '../json/slice.ts';
import type { RawJson } from '../model.ts';

/** True for a result that asks for input first: it is no answer yet (2026-07-28). */
export function asksFirst(result: RawJson): boolean {
  return result.includes('"resultType"') && members(result)?.get('resultType') !== '"complete"';
}
