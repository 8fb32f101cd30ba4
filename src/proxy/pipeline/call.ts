import type { CatalogTool } from '../catalog/types.ts';
import type { Call } from './types.ts';

/** The tool of a call that `resolve` has seen. @throws when a stage runs before it: a wiring error */
export function toolOf(call: Call): CatalogTool {
  if (call.tool === undefined) throw new Error('a stage ran before resolve');
  return call.tool;
}
