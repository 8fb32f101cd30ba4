import { messageOf } from '../errors.ts';
import { exceedsDepth } from '../json/slice.ts';
import type { RawJson } from '../model.ts';
import { MAY_BE_SECRET, SECRET_VALUES } from '../redaction/secret-patterns.ts';
import { activeIn } from './checks/active.ts';
import { contradictions } from './checks/annotations.ts';
import { hiddenIn, invisibleTexts } from './checks/invisible.ts';
import { catchAllParameters, sinkParameter } from './checks/parameters.ts';
import { member, record, shapeOf, type ShapeObservation } from './checks/schema.ts';
import { fieldsOf, pointerToken, type Field } from './fields.ts';
import { findingAbout, findingAt, type Observation } from './finding.ts';
import { judge, ordersIn, type Hit, type Reading } from './judge.ts';
import { Clock, MAX_DEPTH, MAX_FINDINGS, MAX_RAW, OutOfTimeError } from './limits.ts';
import { EXEC } from './lexicon/english.ts';
import { SENSITIVE_PATH } from './lexicon/sensitive.ts';
import { peersOf, type PeerIndex } from './peers.ts';
import { isProse, layersOf } from './text/decode.ts';
import { plain, type Plain } from './text/plain.ts';
import { undisguised } from './text/words.ts';
import type { Finding, ScanContext, ScannedDefinition, Severity } from './types.ts';

/**
 * What in a definition a person should look at before approving it; empty when nothing was found, which is no
 * approval (security §2.5.8). Deterministic, offline, bounded; never throws: what cannot be scanned is a finding.
 */
export function scanDefinition(definition: ScannedDefinition, context: ScanContext, clock = new Clock()): readonly Finding[] {
  const findings: Finding[] = [];
  try {
    for (const finding of scan(definition, context, clock)) findings.push(finding);
  } catch (error) {
    const detail = error instanceof OutOfTimeError ? 'The scan ran out of time.' : `The scanner failed: ${messageOf(error)}.`;
    findings.push(findingAbout('scan-failed', 'warning', detail));
  }
  return ordered(findings);
}

function* scan({ server, kind, raw }: ScannedDefinition, context: ScanContext, clock: Clock): Generator<Finding> {
  const value = parse(raw);
  if (value instanceof UnreadableError) {
    yield findingAbout('unreadable', 'block', value.message);
    return;
  }
  const peers = peersOf(context);
  const others = peers.namesBeside(server);
  const reading: Reading = { addressed: kind === 'instructions', ...(others !== undefined && { others }) };
  const { fields, unread } = fieldsOf(value);
  for (const field of fields) {
    clock.check(field.text.length);
    for (const observation of observationsIn(field, reading)) yield findingAt(field, observation);
  }
  if (kind === 'tool') {
    for (const shape of [...shapeOf(value), ...contradictions(value)]) yield shapeFinding(shape);
    yield* resemblances(server, value, peers);
    yield* parameters(value);
  }
  if (unread > 0) yield findingAbout('unread', 'warning', `${unread} characters were not scanned.`);
}

class UnreadableError extends Error {}

function parse(raw: RawJson): unknown {
  if (raw.length > MAX_RAW) return new UnreadableError(`It has ${raw.length} characters.`);
  if (exceedsDepth(raw, MAX_DEPTH)) return new UnreadableError(`It is nested deeper than ${MAX_DEPTH} levels.`);
  try {
    return JSON.parse(raw);
  } catch {
    return new UnreadableError('It is not valid JSON.');
  }
}

/** Everything there is to say about one text. */
function* observationsIn(field: Field, reading: Reading): Generator<Observation> {
  const { text } = field;
  // "string", "issue_number", "#/$defs/x": nothing can be said in one short word of plain letters.
  if (text.length <= 24 && /^[\w$#/.-]*$/.test(text)) return;
  for (const hidden of hiddenIn(text)) yield isName(field) ? { ...hidden, severity: 'block' } : hidden;
  yield* activeIn(text);
  yield* secretsIn(text);
  const folded = plain(field.of === 'key' ? text.replace(/[_-]/g, ' ') : text);
  for (const hit of judge(folded, reading)) yield placed(hit, folded);
  if (isLabel(field) && ordersIn(folded)) yield { code: 'order-in-label', severity: 'warning', start: 0, end: text.length };
  yield* undisguisedIn(folded, reading);
  yield* encodedIn(text, reading);
}

/** Texts that are names or values and no place for whole sentences. */
function isLabel({ path, of }: Field): boolean {
  return of === 'value' && /\/(?:title|default|const|(?:enum|examples|required)\/\d+)$/.test(path);
}

/** What calls and schemas are addressed by: nothing unseen belongs there. */
function isName({ path, of }: Field): boolean {
  return of === 'key' || path === '/name';
}

/** Words made unrecognisable. */
function* undisguisedIn(folded: Plain, reading: Reading): Generator<Observation> {
  for (const layer of undisguised(folded)) {
    const hits = judge(plain(layer.text), reading);
    const at = placed({ code: 'obfuscated-text', grade: 'mid', start: layer.start, end: layer.end }, folded);
    yield { ...at, severity: hits.length > 0 ? 'block' : 'warning', detail: `${capitalised(layer.disguise)}: "${layer.text.slice(0, 160)}".` };
  }
}

/** Texts in a text, by encodings and by characters that are not seen. */
function* encodedIn(text: string, reading: Reading): Generator<Observation> {
  for (const hidden of invisibleTexts(text)) {
    for (const { code } of judge(plain(hidden.text), reading)) yield { code, severity: 'block', start: hidden.start, end: hidden.end, detail: `Hidden in invisible characters: "${hidden.text.slice(0, 160)}".` };
  }
  for (const { encoding, text: decoded, start, end } of layersOf(text)) {
    const folded = plain(decoded.slice(0, 4_000));
    if (judge(folded, reading).length > 0 || EXEC.test(folded.text) || SENSITIVE_PATH.test(folded.text)) yield { code: 'encoded-payload', severity: 'block', start, end, detail: `In ${encoding}: "${decoded.slice(0, 160)}".` };
    else if (isProse(decoded)) yield { code: 'encoded-payload', severity: 'warning', start, end, detail: `In ${encoding}: "${decoded.slice(0, 160)}".` };
  }
}

function* secretsIn(text: string): Generator<Observation> {
  if (!/[\w-]{16}/.test(text) || !MAY_BE_SECRET.test(text)) return;
  for (const pattern of SECRET_VALUES) {
    for (const match of text.matchAll(pattern)) {
      if (!isExample(match[0])) yield { code: 'embedded-secret', severity: 'warning', start: match.index, end: match.index + match[0].length };
    }
  }
}

/** Placeholders and the keys of documentation. */
function isExample(value: string): boolean {
  return /example|sample|placeholder|your|xxxx|0000|1234|abcd|\.\.\.|\*\*\*/i.test(value);
}

function* resemblances(server: string, value: unknown, peers: PeerIndex): Generator<Finding> {
  const name = member(value, 'name');
  const description = member(value, 'description');
  if (typeof name !== 'string') return;
  const found = peers.resemblance(server, name, typeof description === 'string' ? description : '');
  if (found === undefined) return;
  const field: Field = { path: '/name', of: 'value', text: name, offset: 0 };
  const detail = `"${found.peer.server}" has a tool "${found.peer.name}".`;
  const whole = { start: 0, end: name.length, detail };
  if (found.kind === 'clone') yield findingAt(field, { code: 'cloned-tool', severity: 'warning', ...whole });
  else yield findingAt(field, { code: 'look-alike-name', severity: found.kind === 'looks-alike' ? 'block' : 'warning', ...whole });
}

function* parameters(value: unknown): Generator<Finding> {
  const purpose = ['name', 'title', 'description'].map((key) => member(value, key)).filter((text) => typeof text === 'string').join(' ');
  const properties = record(member(member(value, 'inputSchema'), 'properties'));
  const catchAll = catchAllParameters(properties);
  if (catchAll.length > 1) {
    const field: Field = { path: '/inputSchema/properties', of: 'value', text: '', offset: 0 };
    yield findingAt(field, { code: 'sink-parameter', severity: 'warning', start: 0, end: 0, detail: `Free text without a description: ${catchAll.slice(0, 10).join(', ')}.` });
  }
  for (const [name, schema] of Object.entries(properties).slice(0, 500)) {
    const description = member(schema, 'description');
    const text = typeof description === 'string' ? description : '';
    const sink = sinkParameter(name, text, purpose);
    if (sink === undefined) continue;
    const path = `/inputSchema/properties/${pointerToken(name)}`;
    const field: Field = sink.in === 'name' ? { path, of: 'key', text: name, offset: 0 } : { path: `${path}/description`, of: 'value', text, offset: 0 };
    yield findingAt(field, { code: 'sink-parameter', severity: sink.severity, start: 0, end: field.text.length });
  }
}

function shapeFinding({ code, severity, path, of, text, detail }: ShapeObservation): Finding {
  return findingAt({ path, of, text, offset: 0 }, { code, severity, start: 0, end: text.length, ...(detail !== undefined && { detail }) });
}

function placed(hit: Hit, { map }: Plain): Observation {
  return { code: hit.code, severity: hit.grade === 'strong' ? 'block' : 'warning', start: map[hit.start] ?? 0, end: map[hit.end] ?? map.at(-1) ?? 0 };
}

const RANK: Readonly<Record<Severity, number>> = { block: 0, warning: 1, info: 2 };

/** Gravest first, each place and rule once, and no rule more often than anybody would read. */
export function ordered(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>();
  const perRule = new Map<string, number>();
  return [...findings]
    .sort((a, b) => RANK[a.severity] - RANK[b.severity])
    .filter(({ code, path, of, span }) => {
      const key = `${code} ${of} ${span.start} ${path}`;
      const count = perRule.get(code) ?? 0;
      if (seen.has(key) || count >= MAX_FINDINGS / 3) return false;
      seen.add(key);
      perRule.set(code, count + 1);
      return true;
    })
    .slice(0, MAX_FINDINGS);
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
