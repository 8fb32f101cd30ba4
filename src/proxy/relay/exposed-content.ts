import type { CatalogPrompt, CatalogResource } from '../catalog/types.ts';
import { members, stringOf, withMembers } from '../json/slice.ts';
import type { RawJson } from '../model.ts';

// One rewritten definition per catalog entry: lists are asked for far more often than definitions change.
const prompts = new WeakMap<CatalogPrompt, RawJson>();
const mended = new WeakMap<CatalogResource, RawJson>();

/** A prompt as agents get it: as received, but for its name, and a title that says whose it is. */
export function exposedPrompt(prompt: CatalogPrompt): RawJson {
  let raw = prompts.get(prompt);
  if (raw === undefined) {
    raw = withoutNulls(prompt.raw);
    if (prompt.exposedName !== prompt.name) {
      raw = withMembers(raw, { name: JSON.stringify(prompt.exposedName), title: JSON.stringify(`${prompt.server}: ${prompt.title ?? prompt.name}`) });
    }
    prompts.set(prompt, raw);
  }
  return raw;
}

/**
 * A resource or template as agents get it: as received, but for the URI.
 * @param key the member that holds it
 * @param exposed what agents call it
 */
export function exposedResource(resource: CatalogResource, key: 'uri' | 'uriTemplate', exposed: string): RawJson {
  const raw = mend(resource);
  return exposed === resource.name ? raw : withMembers(raw, { [key]: JSON.stringify(exposed) });
}

/** Strict clients reject the whole list for one entry without a name. */
function mend(resource: CatalogResource): RawJson {
  let raw = mended.get(resource);
  if (raw === undefined) {
    raw = withoutNulls(resource.raw);
    if (stringOf(members(raw)?.get('name')) === undefined) raw = withMembers(raw, { name: JSON.stringify(resource.name) });
    mended.set(resource, raw);
  }
  return raw;
}

function withoutNulls(raw: RawJson): RawJson {
  const nulls = [...(members(raw) ?? [])].filter(([, value]) => value === 'null');
  return nulls.length === 0 ? raw : withMembers(raw, Object.fromEntries(nulls.map(([key]) => [key, undefined])));
}
