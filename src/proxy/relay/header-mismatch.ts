import { headerParamsOf, headerTextOf } from '../catalog/header-params.ts';
import type { CatalogTool } from '../catalog/types.ts';
import type { AgentRequest } from '../downstream/types.ts';
import { rpcError } from '../json/frame.ts';
import { members } from '../json/slice.ts';
import type { RawReply } from '../model.ts';

/**
 * Holds the headers of a call that repeat arguments against these (2026-07-28, `Mcp-Param-*`): whoever stands between must
 * not be led to believe something else. Every one must be there that should, say the same, and be well-formed.
 * @returns the refusal (-32020), or undefined for nothing to object to
 */
export function headerMismatch({ mirror, params }: AgentRequest, tool: CatalogTool): RawReply | undefined {
  const expected = headerParamsOf(tool.inputSchema);
  if (expected.length === 0 || mirror === undefined) return undefined;
  const text = members(params ?? '')?.get('arguments');
  const args: unknown = text === undefined ? undefined : JSON.parse(text);
  for (const param of expected) {
    if (!isSame(mirror(param.header), headerTextOf(param, args))) {
      return { error: rpcError(-32020, `The header ${param.header} is missing or does not match the body`, { header: param.header }) };
    }
  }
  return undefined;
}

function isSame(header: string | null | undefined, argument: string | undefined): boolean {
  if (header === argument) return true;
  // 42.0 and 42 are one integer.
  return typeof header === 'string' && argument !== undefined && /^-?\d+(?:\.0+)?$/.test(header) && String(Number(header)) === argument;
}
