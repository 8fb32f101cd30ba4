import { Buffer } from 'node:buffer';
import { members, objectOf } from '../json/slice.ts';
import type { RawJson } from '../model.ts';
import type { Redactor } from '../redaction/redactor.ts';
import { estimateResultTokens } from './tokens.ts';
import type { CallEntry, DecisionEntry } from './types.ts';

/** Longer arguments are recorded shortened, in bytes. */
const MAX_ARGUMENTS = 16 * 1024;
const SHORTENED = { string: 500, items: 50 };
const MAX_FIELD = 300;
const MAX_FINDINGS = 50;
const MAX_DIFF = 50;
/** What an unseen answer is taken to cost. */
const BYTES_A_TOKEN = 4;

/** The members of a call's line (contract §8), redacted; `seq` and the chain are added by `sealLine`. */
export function callMembers(entry: CallEntry, redactor: Redactor): string {
  const text = (value: string): string => redactor.text(value.slice(0, MAX_FIELD));
  const record = {
    time: timeOf(entry.time),
    // Ours, or names a person gave in a servers file; the rest comes from agents and upstreams.
    id: entry.id.slice(0, MAX_FIELD),
    parent: entry.parent?.slice(0, MAX_FIELD),
    session: entry.session.slice(0, MAX_FIELD),
    agent: entry.agent.slice(0, MAX_FIELD),
    client: text(entry.client),
    server: entry.server.slice(0, MAX_FIELD),
    insteadOf: entry.insteadOf?.slice(0, MAX_FIELD),
    tool: text(entry.tool),
    digest: entry.digest,
    route: entry.route,
  };
  const outcome = {
    outcome: entry.outcome,
    code: entry.code,
    durationMs: entry.durationMs,
    bytesIn: entry.bytesIn,
    bytesOut: entry.bytesOut,
    tokensOut: entry.answer === undefined ? Math.ceil(entry.bytesOut / BYTES_A_TOKEN) : estimateResultTokens(entry.answer),
    truncated: entry.truncated,
    resultKey: entry.resultKey,
    bytesWhole: entry.bytesWhole,
    findings: entry.findings.slice(0, MAX_FINDINGS).map(text),
    traceparent: entry.traceparent === undefined ? undefined : text(entry.traceparent),
  };
  const args = entry.arguments === undefined ? '' : `"arguments":${recordedArguments(entry.arguments, redactor)},`;
  return `${inner(record)},${args}${inner(outcome)}`;
}

/** The members of a decision's line. */
export function decisionMembers(entry: DecisionEntry): string {
  return inner({
    time: timeOf(entry.time),
    kind: 'decision',
    by: entry.by.slice(0, MAX_FIELD),
    action: entry.action,
    server: entry.server.slice(0, MAX_FIELD),
    subject: entry.subject.slice(0, MAX_FIELD),
    digest: entry.digest,
    diff: entry.diff?.slice(0, MAX_DIFF).map((path) => path.slice(0, MAX_FIELD)),
  });
}

/** Members of a line that the journal writes about itself. */
export function noteMembers(time: number, note: Readonly<Record<string, string | number>>): string {
  return inner({ time: timeOf(time), ...note });
}

/**
 * Arguments without secrets. Above 16 KiB long strings, arrays and objects are cut, and a member
 * `vestibule/shortened` gives the original size in bytes; if even that is too long it stands alone.
 */
function recordedArguments(raw: RawJson, redactor: Redactor): RawJson {
  const bytes = Buffer.byteLength(raw);
  if (bytes <= MAX_ARGUMENTS) {
    const whole = redactor.json(raw);
    if (Buffer.byteLength(whole) <= 2 * MAX_ARGUMENTS) return whole;
  }
  const size: readonly [string, RawJson] = ['vestibule/shortened', `{"bytes":${bytes}}`];
  const shortened = redactor.json(raw, SHORTENED);
  const all = members(shortened);
  if (all === undefined || Buffer.byteLength(shortened) > MAX_ARGUMENTS) return objectOf([size]);
  return objectOf([size, ...all]);
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** JSON of an object without its braces. */
function inner(value: object): string {
  return JSON.stringify(value).slice(1, -1);
}
