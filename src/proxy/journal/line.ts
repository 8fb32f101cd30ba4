import { sha256Hex } from '../json/sha256.ts';
import type { CallFilter, CallRecord } from './types.ts';

/*
 * A journal line is one JSON object in this order: `v`, `seq`, `time`, the record's own members, `prev`, `hash`.
 * - `prev` is the `hash` of the line before; 64 zeros in the first line of all.
 * - `hash` is the SHA-256, in hex, of the UTF-8 bytes of the line without its last member: cut `,"hash":"…"`.
 * Lines without `kind` are calls (contract §8). `kind` is `decision`, `note` or `anchor`; an anchor says that
 * retention removed the lines through `throughSeq`, the last of which had the hash `lastHash`.
 */

/** `prev` of the first line. */
export const GENESIS = '0'.repeat(64);

/** Where the chain stands: sequence and hash of its last line. */
export interface ChainEnd {
  readonly seq: number;
  readonly hash: string;
}

/** The chain before its first line. */
export const CHAIN_START: ChainEnd = { seq: 0, hash: GENESIS };

/** An anchor: the lines through `throughSeq` were removed by retention. */
export interface Anchor {
  readonly throughSeq: number;
  readonly lastHash: string;
}

/** What proves a line's place in the chain. */
export interface Seal extends ChainEnd {
  readonly prev: string;
  /** False when the line does not hash to what it claims. */
  readonly intact: boolean;
}

const TAIL = /^,"prev":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}$/;
const TAIL_LENGTH = ',"prev":"","hash":""}'.length + 128;
const HASH_LENGTH = ',"hash":""'.length + 64;

/**
 * Appends a record to the chain.
 * @param members the record's own members as JSON text, without braces: `"time":"…",…`
 * @returns the line without its line end, and where the chain stands after it
 */
export function sealLine(members: string, before: ChainEnd): { readonly line: string; readonly end: ChainEnd } {
  const seq = before.seq + 1;
  const unsealed = `{"v":1,"seq":${seq},${members},"prev":"${before.hash}"}`;
  const hash = sha256Hex(unsealed);
  return { line: `${unsealed.slice(0, -1)},"hash":"${hash}"}`, end: { seq, hash } };
}

/** Reads what proves a line's place; undefined when it is not a journal line at all. */
export function readSeal(line: string): Seal | undefined {
  const seq = /^\{"v":1,"seq":([1-9]\d{0,14}),/.exec(line)?.[1];
  const [, prev, hash] = TAIL.exec(line.slice(-TAIL_LENGTH)) ?? [];
  if (seq === undefined || prev === undefined || hash === undefined) return undefined;
  return { seq: Number(seq), prev, hash, intact: sha256Hex(`${line.slice(0, -1 - HASH_LENGTH)}}`) === hash };
}

/** The anchor a line holds, if it is one. */
export function readAnchor(line: string): Anchor | undefined {
  const record = parse(line);
  if (record?.['kind'] !== 'anchor') return undefined;
  const { throughSeq, lastHash } = record;
  return typeof throughSeq === 'number' && typeof lastHash === 'string' ? { throughSeq, lastHash } : undefined;
}

/** How many lines were missing when the journal was opened again, if a line is the note of that; else 0. */
export function missingLinesNoted(line: string): number {
  const record = parse(line);
  return record?.['kind'] === 'note' && record['note'] === 'missing-lines' && typeof record['count'] === 'number' ? record['count'] : 0;
}

/** The call a line holds; undefined for other kinds of lines and for what cannot be read. */
export function readCall(line: string): CallRecord | undefined {
  const record = parse(line);
  if (record === undefined || 'kind' in record || typeof record['seq'] !== 'number' || typeof record['time'] !== 'string') return undefined;
  return record as unknown as CallRecord;
}

/** The call a line holds if a filter wants it; its `limit` is the reader's business. */
export function wantedCall(line: string, filter: CallFilter): CallRecord | undefined {
  const record = readCall(line);
  return record !== undefined && isWanted(record, line, filter) ? record : undefined;
}

/** True when a filter wants the call that was read from `line`. */
export function isWanted(record: CallRecord, line: string, filter: CallFilter): boolean {
  const { server, tool, agent, outcome, since, until, before, text } = filter;
  if (before !== undefined && record.seq >= before) return false;
  if (server !== undefined && record.server !== server) return false;
  if (tool !== undefined && record.tool !== tool) return false;
  if (agent !== undefined && record.agent !== agent) return false;
  if (outcome !== undefined && record.outcome !== outcome) return false;
  if (since !== undefined && Date.parse(record.time) < since) return false;
  if (until !== undefined && Date.parse(record.time) > until) return false;
  return text === undefined || searchedText(line).includes(text.toLowerCase());
}

/** What a filter's text is looked for in: the line in lower case, without its seal. */
export function searchedText(line: string): string {
  return (TAIL.test(line.slice(-TAIL_LENGTH)) ? line.slice(0, -TAIL_LENGTH) : line).toLowerCase();
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
