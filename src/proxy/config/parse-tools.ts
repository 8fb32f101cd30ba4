import type { Node } from 'jsonc-parser';
import { MAX_PATTERNS, patternIn, problemOfPattern } from '../policy/tool-filter.ts';
import { dictionary } from './dictionary.ts';
import { checkKeys, choiceField, fieldsOf, objectField, plainField, quote, recordField, textField, textOf, textsField, type Field, type Fields } from './fields.ts';
import { OVERRIDE_KEYS, TOOLS_KEYS } from './keys.ts';
import type { FileReport } from './report.ts';
import type { ToolOverride, UpstreamConfig } from './types.ts';

const TIERS = ['read', 'write', 'destructive'] as const;
const MAX_GLOB_LENGTH = 200;

/** The `tools` section of a server; absent parts get their defaults. Reports what is wrong. */
export function parseTools(report: FileReport, server: Fields, origin: UpstreamConfig['origin']): UpstreamConfig['tools'] {
  const fields = objectField(report, server, 'tools');
  if (fields === undefined) return { allow: undefined, deny: [], alias: dictionary(), overrides: dictionary() };
  checkKeys(report, fields, TOOLS_KEYS);
  return {
    allow: filtersField(report, fields, 'allow'),
    deny: filtersField(report, fields, 'deny') ?? [],
    alias: parseAlias(report, fields),
    overrides: recordField(report, fields, 'overrides', (member) => parseOverride(report, member, origin)) ?? dictionary(),
  };
}

/** A list of globs over names: `*` for any run of characters, `?` for one. */
export function globsField(report: FileReport, fields: Fields, key: string): readonly string[] | undefined {
  const globs = textsField(report, fields, key);
  const nodes = fields.get(key)?.value.children ?? [];
  for (const [index, glob] of (globs ?? []).entries()) checkGlob(report, nodes[index], glob, 'Write several globs instead of brackets, braces or a regular expression.');
  return globs;
}

/** As `globsField`, with regular expressions between slashes beside the globs. */
function filtersField(report: FileReport, fields: Fields, key: string): readonly string[] | undefined {
  const filters = textsField(report, fields, key);
  const nodes = fields.get(key)?.value.children ?? [];
  let patterns = 0;
  for (const [index, filter] of (filters ?? []).entries()) {
    const node = nodes[index];
    if (node === undefined) continue;
    if (patternIn(filter) === undefined) {
      checkGlob(report, node, filter, 'Write several globs, or a regular expression between slashes: "/^(get|list)_/".');
      continue;
    }
    const problem = problemOfPattern(filter);
    if (problem !== undefined) report.error(node, `${quote(filter)} is no regular expression that can be used: ${problem}.`, 'Write a simpler one, or globs; docs/policy.md says what is understood.');
    else if (++patterns > MAX_PATTERNS) report.error(node, `${quote(key)} holds more than ${MAX_PATTERNS} regular expressions.`, 'Join some with |, or use globs.');
  }
  return filters;
}

function checkGlob(report: FileReport, node: Node | undefined, glob: string, fix: string): void {
  if (node === undefined) return;
  if (glob === '') report.error(node, 'An empty glob matches no tool.', 'Write a tool name, or "*" for all tools.');
  else if (glob.length > MAX_GLOB_LENGTH) report.error(node, `This glob is longer than ${MAX_GLOB_LENGTH} characters.`, 'Shorten it with *.');
  else if (/[[\]{}()!^$|+]/.test(glob)) report.error(node, `${quote(glob)} is not a glob: only * and ? have a meaning.`, fix);
}

function parseAlias(report: FileReport, fields: Fields): Record<string, string> {
  const takenBy = new Map<string, string>();
  return (
    recordField(report, fields, 'alias', ({ key, value }) => {
      const name = textOf(report, value, `The alias of ${quote(key)}`, 128);
      if (name === undefined) return undefined;
      const other = takenBy.get(name);
      takenBy.set(name, key);
      if (!/^[\w.-]+$/.test(name)) report.error(value, `${quote(name)} is not a name a tool can have.`, 'Use letters, digits, "_", "-" and ".".');
      else if (other !== undefined) report.error(value, `${quote(other)} and ${quote(key)} have the same alias.`, 'Choose another alias for one of them.');
      else return name;
      return undefined;
    }) ?? dictionary()
  );
}

/** New names of parameters: no two may get the same. */
function parseRename(report: FileReport, fields: Fields): Record<string, string> | undefined {
  const takenBy = new Map<string, string>();
  return recordField(report, fields, 'rename', ({ key, value }) => {
    const name = textOf(report, value, `The new name of ${quote(key)}`, 128);
    const other = name === undefined ? undefined : takenBy.get(name);
    if (name !== undefined) takenBy.set(name, key);
    if (other === undefined) return name;
    report.error(value, `${quote(other)} and ${quote(key)} have the same new name.`, 'Choose another name for one of them.');
    return undefined;
  });
}

function parseOverride(report: FileReport, member: Field, origin: UpstreamConfig['origin']): ToolOverride | undefined {
  const fields = fieldsOf(report, member.value, `The override of ${quote(member.key)}`);
  if (fields === undefined) return undefined;
  checkKeys(report, fields, OVERRIDE_KEYS);
  const description = textField(report, fields, 'description');
  const hide = textsField(report, fields, 'hide');
  const pin = plainField(report, fields, 'pin');
  const defaults = plainField(report, fields, 'defaults');
  const rename = parseRename(report, fields);
  const tier = parseTier(report, fields, origin);
  return {
    ...(description !== undefined && { description }),
    ...(hide !== undefined && { hide }),
    ...(pin !== undefined && { pin }),
    ...(defaults !== undefined && { defaults }),
    ...(rename !== undefined && { rename }),
    ...(tier !== undefined && { tier }),
  };
}

/** A file that came with a repository may call a tool more dangerous, never less: the tier decides who is asked. */
function parseTier(report: FileReport, fields: Fields, origin: UpstreamConfig['origin']): ToolOverride['tier'] {
  const tier = choiceField(report, fields, 'tier', TIERS);
  const field = fields.get('tier');
  if (origin === 'user' || tier === undefined || tier === 'destructive' || field === undefined) return tier;
  report.warn(field.value, `A workspace file cannot make a tool count as ${quote(tier)}; this is not applied.`, 'Declare the server in your own servers file to lower a tier.');
  return undefined;
}
