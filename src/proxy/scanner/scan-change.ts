import { exceedsDepth } from '../json/slice.ts';
import type { RawJson } from '../model.ts';
import { member, record } from './checks/schema.ts';
import { pointerToken, type Field } from './fields.ts';
import { findingAt, type Observation } from './finding.ts';
import { Clock, MAX_DEPTH, MAX_RAW } from './limits.ts';
import { ordered, scanDefinition } from './scan-definition.ts';
import type { Finding, ScanContext, ScannedDefinition } from './types.ts';

/**
 * What a change of an approved definition brings that a person should look at: findings that the approved text did not
 * have, and claims that became weaker. What was there before was approved with open eyes and is not repeated.
 * Never throws.
 */
export function scanChange(before: ScannedDefinition, after: ScannedDefinition, context: ScanContext, clock = new Clock()): readonly Finding[] {
  const [old, now] = [parse(before.raw), parse(after.raw)];
  const known = new Set(scanDefinition(before, context, clock).map((finding) => keyOf(finding, old)));
  const added = scanDefinition(after, context, clock)
    .filter((finding) => !known.has(keyOf(finding, now)))
    // A tool that worked without such a parameter has no right to it because of what it is about.
    .map((finding): Finding => (finding.code === 'sink-parameter' && finding.severity === 'info' ? { ...finding, severity: 'warning' } : finding));
  return ordered([...added, ...(after.kind === 'tool' ? weakened(old, now) : [])]);
}

/** The rule and the very text it found: where that text stands may change without meaning anything. */
function keyOf({ code, path, of, span, why }: Finding, definition: unknown): string {
  if (path === '') return `${code} ${why}`;
  const tokens = path.slice(1).split('/').map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  const text = of === 'key' ? tokens.at(-1) : at(definition, tokens);
  return `${code} ${typeof text === 'string' ? text.slice(span.start, span.end) : path}`;
}

function at(value: unknown, tokens: readonly string[]): unknown {
  let found = value;
  for (const token of tokens) found = Array.isArray(found) ? (found[Number(token)] as unknown) : member(found, token);
  return found;
}

/** Claims that make clients or people less careful than they were when they approved. */
function* weakened(before: unknown, after: unknown): Generator<Finding> {
  const hints = member(after, 'annotations');
  for (const [hint, safer] of [['readOnlyHint', true], ['destructiveHint', false]] as const) {
    const was = member(member(before, 'annotations'), hint);
    if (member(hints, hint) === safer && was !== safer && (hint === 'readOnlyHint' || was === true)) {
      yield changed('hints-relaxed', `/annotations/${hint}`, String(safer), `It was ${wordsFor(was)}.`);
    }
  }
  const [oldSchema, schema] = [member(before, 'inputSchema'), member(after, 'inputSchema')];
  if (member(schema, 'additionalProperties') === true && member(oldSchema, 'additionalProperties') !== true) {
    yield changed('schema-opened', '/inputSchema/additionalProperties', 'true', `It was ${wordsFor(member(oldSchema, 'additionalProperties'))}.`);
  }
  yield* redirected(oldSchema, schema);
  yield* newIcons(member(before, 'icons'), member(after, 'icons'));
  const [oldTask, task] = [member(member(before, 'execution'), 'taskSupport'), member(member(after, 'execution'), 'taskSupport')];
  if (task !== oldTask && typeof task === 'string' && task !== 'forbidden') yield changed('execution-changed', '/execution/taskSupport', task, `It was ${wordsFor(oldTask)}.`);
}

const ADDRESS = /^(?:[a-z][a-z0-9+.-]{1,20}:\/\/|[\w.+-]{1,64}@[\w-]{1,64}\.[a-z]{2,}|(?:\d{1,3}\.){3}\d{1,3}\b|(?:[\w-]{1,63}\.){1,4}[a-z]{2,}$)/i;

function* redirected(before: unknown, after: unknown): Generator<Finding> {
  const old = record(member(before, 'properties'));
  for (const [name, schema] of Object.entries(record(member(after, 'properties'))).slice(0, 1_000)) {
    const value = member(schema, 'default');
    const was = member(Object.hasOwn(old, name) ? old[name] : undefined, 'default');
    if (Object.hasOwn(old, name) && typeof value === 'string' && value !== was && ADDRESS.test(value)) {
      yield changed('default-redirected', `/inputSchema/properties/${pointerToken(name)}/default`, value, `It was ${wordsFor(was)}.`);
    }
  }
}

function* newIcons(before: unknown, after: unknown): Generator<Finding> {
  const sources = (icons: unknown): unknown[] => (Array.isArray(icons) ? icons.slice(0, 50).map((icon) => member(icon, 'src')) : []);
  const known = new Set(sources(before));
  for (const [i, source] of sources(after).entries()) {
    if (typeof source === 'string' && !known.has(source) && !/^data:/i.test(source)) yield changed('icon-remote', `/icons/${i}/src`, source);
  }
}

function changed(code: Observation['code'], path: string, text: string, detail?: string): Finding {
  const field: Field = { path, of: 'value', text, offset: 0 };
  return findingAt(field, { code, severity: 'warning', start: 0, end: text.length, ...(detail !== undefined && { detail }) });
}

function wordsFor(value: unknown): string {
  return value === undefined ? 'not there' : JSON.stringify(value).slice(0, 80);
}

function parse(raw: RawJson): unknown {
  try {
    return raw.length > MAX_RAW || exceedsDepth(raw, MAX_DEPTH) ? undefined : JSON.parse(raw);
  } catch {
    return undefined;
  }
}
