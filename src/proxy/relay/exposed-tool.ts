import type { CatalogTool } from '../catalog/types.ts';
import { members, withMembers } from '../json/slice.ts';
import type { RawJson } from '../model.ts';

// One rewritten definition per catalog entry: lists are asked for far more often than tools change.
const rewritten = new WeakMap<CatalogTool, RawJson>();

/**
 * The definition agents get in direct mode: as received, but for the name (contract §4) and a title that says
 * which server it belongs to, since through a proxy every tool shows the proxy as its origin. What strict clients
 * would reject the whole list for is mended: members that are null, and a schema that is missing or has no type.
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
  const raw = mend(shaped(tool.raw, tool));
  if (tool.exposedName === tool.name) return raw;
  const annotations = members(raw)?.get('annotations');
  const named = (title: string): RawJson => JSON.stringify(`${tool.server}: ${title}`);
  return withMembers(raw, {
    name: JSON.stringify(tool.exposedName),
    title: named(tool.title ?? tool.annotations.title ?? tool.shownName),
    // Some clients prefer this older place for the title.
    ...(annotations !== undefined && tool.annotations.title !== undefined && {
      annotations: withMembers(annotations, { title: named(tool.annotations.title) }),
    }),
  });
}

/** The definition with what a person's configuration changes about it. */
function shaped(raw: RawJson, { shaping, description, annotations }: CatalogTool): RawJson {
  if (shaping === undefined) return raw;
  const { own, inputSchema } = shaping;
  return withMembers(raw, {
    ...(description !== own.description && { description: JSON.stringify(description) }),
    ...(inputSchema !== undefined && { inputSchema }),
    ...(annotations !== own.annotations && { annotations: JSON.stringify(annotations) }),
  });
}

/** The definition itself when nothing has to be mended. */
function mend(raw: RawJson): RawJson {
  const parts = members(raw) ?? new Map<string, RawJson>();
  const changes: Record<string, RawJson | undefined> = {};
  for (const [key, value] of parts) if (value === 'null') changes[key] = undefined;
  const annotations = parts.get('annotations');
  const nulls = [...(annotations === undefined ? [] : (members(annotations) ?? []))].filter(([, value]) => value === 'null');
  if (annotations !== undefined && nulls.length > 0) {
    changes['annotations'] = withMembers(annotations, Object.fromEntries(nulls.map(([key]) => [key, undefined])));
  }
  const schema = parts.get('inputSchema');
  if (schema === undefined || schema === 'null') changes['inputSchema'] = '{"type":"object"}';
  else if (members(schema)?.has('type') === false) changes['inputSchema'] = withMembers(schema, { type: '"object"' });
  return Object.keys(changes).length === 0 ? raw : withMembers(raw, changes);
}
