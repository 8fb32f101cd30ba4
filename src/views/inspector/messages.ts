/**
 * What the inspector's page and its host say to each other: one file for both sides. The page asks `ready` once its
 * listeners stand; requests carry an id that their answer or error repeats. No message changes anything by itself:
 * approvals are not part of this protocol, and a call that is not approved as read-only is asked about in a dialog of
 * the editor's own, whoever forges a message (security U3).
 */

import { isRecord } from '../../proxy/json/data.ts';
import { t } from '../l10n.ts';

export type Tab = 'calls' | 'search' | 'tokens';

/** One call, ready to show: texts are visible text, sizes are bytes, times are milliseconds. */
export interface CallRow {
  readonly seq: number;
  readonly time: number;
  readonly id: string;
  readonly agent: string;
  readonly client: string;
  readonly server: string;
  readonly tool: string;
  readonly route: string;
  readonly outcome: Outcome;
  readonly code: string | undefined;
  readonly durationMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly tokensOut: number;
  readonly truncated: boolean;
  /** Bytes of the whole result when it was shortened. */
  readonly bytesWhole: number | undefined;
  /** Whether the whole was kept; not for ever. */
  readonly kept: boolean;
  /** How many findings there are of it. */
  readonly findings: number;
}

/** Part of the calls that match, newest first. */
export interface CallPage {
  readonly rows: readonly CallRow[];
  /** Where to go on for older ones; undefined when there are none. */
  readonly before: number | undefined;
}

/** What a stage took, in milliseconds from when the call came in. */
export interface StageRow {
  readonly stage: string;
  readonly startMs: number;
  readonly ms: number;
}

/** Everything there is to say of one call. Texts are laid out and safe to show. */
export interface CallDetail {
  /** Undefined when none were sent. */
  readonly arguments: string | undefined;
  readonly findings: readonly string[];
  /** Undefined when it is not remembered. */
  readonly result: string | undefined;
  /** Empty when it is not remembered. */
  readonly stages: readonly StageRow[];
  /** How calls of its server flow now, line by line; empty where no rule is about them. */
  readonly flow: readonly string[];
  /** The call of the same tool before this one, and what differs, a line each. */
  readonly previous: { readonly time: number; readonly changes: readonly string[] } | undefined;
}

export const OUTCOMES = ['ok', 'tool_error', 'protocol_error', 'ambiguous', 'refused'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Outcomes as they are called in the inspector. */
export const OUTCOME_TEXT: Readonly<Record<Outcome, () => string>> = {
  ok: () => t('ok'),
  tool_error: () => t('tool error'),
  protocol_error: () => t('protocol error'),
  ambiguous: () => t('ambiguous'),
  refused: () => t('refused'),
};

export interface CallQuery {
  readonly text: string;
  readonly outcome: Outcome | undefined;
}

/** One search result as an agent would get it, with what put it there. */
export interface FoundTool {
  readonly id: string;
  readonly tier: string;
  readonly summary: string;
  readonly score: number;
  readonly reasons: readonly { readonly term: string; readonly field: string; readonly score: number }[];
  /** What its definition costs in a tool list, estimated. */
  readonly tokens: number;
}

/** A tool the query would have found, had it been served, and why it is not. */
export interface HiddenTool {
  readonly id: string;
  readonly why: string;
}

export interface SearchAnswer {
  readonly tools: readonly FoundTool[];
  /** Approved tools that were searched. */
  readonly searched: number;
  /** Tools that await approval and were not. */
  readonly hidden: number;
  /** Those of all that are not served in which a word of the query stands, at most fifty. */
  readonly hiddenTools: readonly HiddenTool[];
}

/** The arguments of a call, to be edited before it is made again. */
export interface Draft {
  readonly arguments: string;
  readonly note: string | undefined;
}

/** How a call ended that was made again; the text is the answer, laid out and safe to show. */
export interface AgainAnswer {
  readonly outcome: Outcome;
  readonly code: string | undefined;
  readonly text: string;
}

/** What one session costs, in tokens. */
export interface TokenRow {
  readonly who: string;
  readonly listTokens: number;
  readonly directTokens: number;
  readonly menuTokens: number;
  readonly toolTokens: number;
  readonly savedTokens: number;
  /** Whether all but what was saved is counted; else some is estimated. */
  readonly exact: boolean;
  readonly balance: string;
}

export interface TokensAnswer {
  readonly notes: readonly string[];
  readonly sessions: readonly TokenRow[];
}

/** Requests of the page: parameters and answer of each. */
export interface Requests {
  readonly calls: { readonly params: CallQuery & { readonly before?: number | undefined }; readonly answer: CallPage };
  readonly detail: { readonly params: { readonly seq: number }; readonly answer: CallDetail };
  /** Opens the whole record in an editor. */
  readonly open: { readonly params: { readonly seq: number }; readonly answer: boolean };
  /** Opens a comparison with the call of the same tool before it. */
  readonly compare: { readonly params: { readonly seq: number }; readonly answer: boolean };
  /** Asks for a format and a file. */
  readonly export: { readonly params: CallQuery; readonly answer: boolean };
  readonly search: { readonly params: { readonly query: string }; readonly answer: SearchAnswer };
  readonly tokens: { readonly params: object; readonly answer: TokensAnswer };
  readonly draft: { readonly params: { readonly id: string }; readonly answer: Draft };
  /** Without an answer when the person said no. */
  readonly again: { readonly params: { readonly id: string; readonly arguments: string }; readonly answer: AgainAnswer | undefined };
  readonly full: { readonly params: { readonly id: string }; readonly answer: boolean };
}
export type Method = keyof Requests;

export type FromPage =
  | { readonly type: 'ready' }
  /** The answer to a request is not wanted any more: what it costs can be saved. */
  | { readonly type: 'cancel'; readonly id: number }
  /** Something went wrong in the page. */
  | { readonly type: 'failed'; readonly message: string }
  | { [M in Method]: { readonly type: 'request'; readonly id: number; readonly method: M; readonly params: Requests[M]['params'] } }[Method];

export type ToPage =
  | { readonly type: 'show'; readonly tab: Tab }
  /** The first message: the editor's language, and our texts in it, by the English ones. */
  | { readonly type: 'welcome'; readonly language: string; readonly texts: Readonly<Record<string, string>> }
  /** Calls that just ended, newest first. */
  | { readonly type: 'called'; readonly rows: readonly CallRow[] }
  /** What was answered before may be different now. */
  | { readonly type: 'changed' }
  | { readonly type: 'answer'; readonly id: number; readonly answer: Requests[Method]['answer'] }
  | { readonly type: 'error'; readonly id: number; readonly message: string; readonly action: string };

/** Longest query that is looked at, in characters. */
export const MAX_QUERY = 500;
/** Longest arguments that are sent, in characters. */
const MAX_ARGUMENTS = 1024 * 1024;

/** Reads a message of the page; undefined for anything that is not one. */
export function readFromPage(value: unknown): FromPage | undefined {
  if (!isRecord(value)) return undefined;
  if (value['type'] === 'ready') return { type: 'ready' };
  if (value['type'] === 'failed') return { type: 'failed', message: typeof value['message'] === 'string' ? value['message'].slice(0, MAX_QUERY) : '' };
  const { type, id, method, params } = value;
  if (type === 'cancel') return typeof id === 'number' ? { type, id } : undefined;
  if (type !== 'request' || typeof id !== 'number' || !isRecord(params)) return undefined;
  if (method === 'search') {
    const query = readText(params['query']);
    return query === undefined ? undefined : { type, id, method, params: { query } };
  }
  if (method === 'tokens') return { type, id, method, params: {} };
  if (method === 'draft' || method === 'full' || method === 'again') return readAboutCall(id, method, params);
  if (method === 'detail' || method === 'open' || method === 'compare') {
    const seq = readSeq(params['seq']);
    return seq === undefined ? undefined : { type, id, method, params: { seq } };
  }
  if (method !== 'calls' && method !== 'export') return undefined;
  const before = params['before'] === undefined ? undefined : readSeq(params['before']);
  if (before === undefined && params['before'] !== undefined) return undefined;
  const text = readText(params['text']);
  const outcome = OUTCOMES.find((known) => known === params['outcome']);
  if (text === undefined || (params['outcome'] !== undefined && outcome === undefined)) return undefined;
  return method === 'export' ? { type, id, method, params: { text, outcome } } : { type, id, method, params: { text, outcome, before } };
}

function readAboutCall(id: number, method: 'draft' | 'full' | 'again', params: Readonly<Record<string, unknown>>): FromPage | undefined {
  const call = readText(params['id']);
  if (call === undefined || call === '') return undefined;
  if (method !== 'again') return { type: 'request', id, method, params: { id: call } };
  const text = params['arguments'];
  return typeof text === 'string' && text.length <= MAX_ARGUMENTS ? { type: 'request', id, method, params: { id: call, arguments: text } } : undefined;
}

/** The number of a request that is none of the protocol's, so that whoever waits for its answer hears of it. */
export function unreadRequest(value: unknown): number | undefined {
  return isRecord(value) && value['type'] === 'request' && typeof value['id'] === 'number' ? value['id'] : undefined;
}

/** Reads a message of the host. It comes from our own extension: its type is enough to know the rest. */
export function readToPage(value: unknown): ToPage | undefined {
  if (!isRecord(value)) return undefined;
  switch (value['type']) {
    case 'welcome':
    case 'show':
    case 'called':
    case 'changed':
    case 'answer':
    case 'error':
      return value as unknown as ToPage;
    default:
      return undefined;
  }
}

function readSeq(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function readText(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= MAX_QUERY ? value : undefined;
}
