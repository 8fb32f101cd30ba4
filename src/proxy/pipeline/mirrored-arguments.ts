import { headerParamsOf, headerTextOf } from '../catalog/header-params.ts';
import type { CatalogTool } from '../catalog/types.ts';
import type { RawJson } from '../model.ts';
import { headerValue } from '../upstream/dialect.ts';

/**
 * The header fields of a call that repeat arguments (2026-07-28, `Mcp-Param-*`), by the definition that was approved.
 * @returns undefined for the tools that have none, which are nearly all
 */
export function mirroredArguments(tool: CatalogTool, argumentsText: RawJson | undefined): Readonly<Record<string, string>> | undefined {
  const params = headerParamsOf(tool.inputSchema);
  if (params.length === 0 || argumentsText === undefined) return undefined;
  const args: unknown = JSON.parse(argumentsText);
  const headers: Record<string, string> = {};
  for (const param of params) {
    const text = headerTextOf(param, args);
    if (text !== undefined) headers[param.header] = headerValue(text);
  }
  return headers;
}
