import { dictionary } from '../config/dictionary.ts';
import type { ToolOverride, UpstreamConfig } from '../config/types.ts';
import { elements, members, objectOf, stringOf, withMembers } from '../json/slice.ts';
import type { RawJson, Tier } from '../model.ts';
import { deepFreeze, type Definition } from './definition.ts';
import type { ToolAnnotations, ToolShaping } from './types.ts';

/** What a person's configuration changes about the tools of one server. */
export type ToolRules = Pick<UpstreamConfig['tools'], 'alias' | 'overrides'>;

/** A definition as agents see it. */
export interface ShownDefinition extends Definition {
  /** The alias where there is one, else the upstream's own name. */
  readonly shownName: string;
  /** What the configuration changes besides the name; undefined when that is nothing. */
  readonly shaping: ToolShaping | undefined;
}

const NO_SCHEMA = '{"type":"object"}';

/**
 * The definitions of a server as agents see them. An alias that another tool of the server has as its name does not
 * apply: no rule makes one tool answer to another's name. Pure.
 */
export function shownDefinitions(definitions: readonly Definition[], rules: ToolRules | undefined): readonly ShownDefinition[] {
  if (rules === undefined) return definitions.map((definition) => ({ ...definition, shownName: definition.name, shaping: undefined }));
  const names = new Set(definitions.map(({ name }) => name));
  return definitions.map((definition) => {
    const { name } = definition;
    const alias = rules.alias[name];
    const shownName = alias === undefined || names.has(alias) ? name : alias;
    const override = rules.overrides[name];
    return override === undefined ? { ...definition, shownName, shaping: undefined } : { ...overridden(definition, override), shownName };
  });
}

/** A text that is the same for two sets of rules that say the same of this tool. */
export function ruleText({ alias, overrides }: ToolRules, name: string): string {
  return alias[name] === undefined && overrides[name] === undefined ? '' : JSON.stringify([alias[name], overrides[name]]);
}

function overridden(definition: Definition, override: ToolOverride): Omit<ShownDefinition, 'shownName'> {
  const schema = schemaOf(definition);
  const rename = renamesOf(schema, override);
  const shown = shownSchema(schema, { ...override, rename });
  const { description = definition.description, tier = definition.tier } = override;
  const annotations = override.tier === undefined ? definition.annotations : annotationsFor(definition.annotations, override.tier);
  return {
    ...definition,
    description,
    inputSchema: shown === schema ? definition.inputSchema : deepFreeze(JSON.parse(shown) as Definition['inputSchema']),
    annotations,
    tier,
    shaping: {
      own: definition,
      inputSchema: shown === schema ? undefined : shown,
      // `{a: b, b: a}` swaps two names: each is taken as the new one.
      refused: new Set([...(override.hide ?? []), ...Object.keys(override.pin ?? {}), ...Object.keys(rename)].filter((name) => !Object.values(rename).includes(name))),
      renamed: new Map(Object.entries(rename).map(([own, name]) => [name, own])),
      pinned: rawMembers(override.pin),
      defaults: rawMembers(override.defaults),
    },
  };
}

/**
 * The new names that apply: of parameters that there are and that agents see, unless another parameter goes on being
 * called so.
 */
function renamesOf(schema: RawJson, { rename = {}, hide = [], pin = {} }: ToolOverride): Readonly<Record<string, string>> {
  const gone = new Set([...hide, ...Object.keys(pin)]);
  const names = new Set(members(members(schema)?.get('properties') ?? '')?.keys());
  return dictionary(Object.entries(rename).filter(([own, name]) => names.has(own) && !gone.has(own) && (!names.has(name) || rename[name] !== undefined)));
}

function rawMembers(values: Readonly<Record<string, unknown>> = {}): ReadonlyMap<string, RawJson> {
  return new Map(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]));
}

function schemaOf(definition: Definition): RawJson {
  const schema = members(definition.raw)?.get('inputSchema');
  return schema === undefined || schema === 'null' ? NO_SCHEMA : schema;
}

/**
 * The schema of what an agent has to give: hidden and pinned parameters are gone, renamed ones have their new name,
 * and what has a default is optional. Everything else stays as received; numbers keep every digit.
 */
function shownSchema(schema: RawJson, { hide = [], pin = {}, defaults = {}, rename = {} }: ToolOverride): RawJson {
  const all = members(schema) ?? new Map<string, RawJson>();
  const gone = new Set([...hide, ...Object.keys(pin)]);
  const optional = new Set(Object.keys(defaults));
  const shown = (name: string): string => rename[name] ?? name;
  const changes: Record<string, RawJson | undefined> = {};
  const properties = members(all.get('properties') ?? '');
  if (properties !== undefined) {
    const kept = [...properties].filter(([name]) => !gone.has(name));
    changes['properties'] = objectOf(kept.map(([name, property]) => [shown(name), optional.has(name) ? withDefault(property, defaults[name]) : property]));
  }
  const required = namesIn(all.get('required'));
  if (required !== undefined) changes['required'] = JSON.stringify(required.filter((name) => !gone.has(name) && !optional.has(name)).map(shown));
  const dependent = members(all.get('dependentRequired') ?? '');
  if (dependent !== undefined) {
    const kept = [...dependent].filter(([name]) => !gone.has(name));
    changes['dependentRequired'] = objectOf(kept.map(([name, needs]) => [shown(name), JSON.stringify((namesIn(needs) ?? []).filter((need) => !gone.has(need) && !optional.has(need)).map(shown))]));
  }
  const touched = [...gone, ...optional, ...Object.keys(rename)].length > 0;
  return touched ? withMembers(schema, changes) : schema;
}

function withDefault(property: RawJson, value: unknown): RawJson {
  return members(property) === undefined ? property : withMembers(property, { default: JSON.stringify(value) });
}

function namesIn(raw: RawJson | undefined): readonly string[] | undefined {
  return elements(raw ?? '')?.flatMap((name) => stringOf(name) ?? []);
}

/** What a person says of a tool's harm, in the words agents read it in. */
function annotationsFor(annotations: ToolAnnotations, tier: Tier): ToolAnnotations {
  return Object.freeze({ ...annotations, readOnlyHint: tier === 'read', destructiveHint: tier === 'destructive' });
}
