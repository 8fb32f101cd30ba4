import type { CatalogTool } from '../catalog/types.ts';
import { members, withMembers } from '../json/slice.ts';
import type { RawJson } from '../model.ts';

// One rewritten definition per catalog entry: lists are asked for far more often than tools change.
const rewritten = new WeakMap<CatalogTool, RawJson>();

/**
 * The definition agents get in direct mode: as received, but for the name (contract §4) and a title that says
 * which server it belongs to, since through a proxy every tool shows the proxy as its origin.
 */
export function exposedDefinition(tool: CatalogTool): RawJson {
  let raw = rewritten.get(tool);
  if (raw === undefined) {
    raw = rewrite(tool);
    rewritten.set(tool, raw);
  }
  return raw;
}

function rewrite(tool: CatalogTool): RawJson {
  if (tool.exposedName === tool.name) return tool.raw;
  const annotations = members(tool.raw)?.get('annotations');
  const named = (title: string): RawJson => JSON.stringify(`${tool.server}: ${title}`);
  return withMembers(tool.raw, {
    name: JSON.stringify(tool.exposedName),
    title: named(tool.title ?? tool.annotations.title ?? tool.name),
    // Some clients prefer this older place for the title.
    ...(annotations !== undefined && tool.annotations.title !== undefined && {
      annotations: withMembers(annotations, { title: named(tool.annotations.title) }),
    }),
  });
}
