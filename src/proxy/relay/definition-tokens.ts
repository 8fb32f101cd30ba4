import type { CatalogTool } from '../catalog/types.ts';
import { estimateTokens } from '../journal/tokens.ts';
import { exposedDefinition } from './exposed-tool.ts';

const counted = new WeakMap<CatalogTool, number>();

/** Tokens a tool costs where it is listed under its own name, estimated. */
export function definitionTokens(tool: CatalogTool): number {
  let tokens = counted.get(tool);
  if (tokens === undefined) {
    tokens = estimateTokens(exposedDefinition(tool));
    counted.set(tool, tokens);
  }
  return tokens;
}
