import type { AgentErrorCode } from '../errors.ts';
import type { Event } from '../events.ts';
import type { Digest, RawJson, ServerName } from '../model.ts';

/** Four ways a call can end, and refusal before it was sent (contract §8, house rule 7). */
export type OutcomeKind = 'ok' | 'tool_error' | 'protocol_error' | 'ambiguous' | 'refused';

/** How a call came in. `menu` are the proxy's own tools, `mirror` and `hedge` copies of read-only calls. */
export type Route = 'call_tool' | 'direct' | 'code' | 'menu' | 'person' | 'mirror' | 'hedge';

/** True for calls that the gateway makes beside what an agent asked for: they cost their caller nothing, and nobody is asked about them. */
export function isCopy(route: Route): boolean {
  return route === 'mirror' || route === 'hedge';
}

/** What the pipeline knows of a finished call; the journal adds sequence, redaction and chain. */
export interface CallEntry {
  /** Milliseconds since epoch at which the call came in. */
  readonly time: number;
  readonly id: string;
  /** `id` of the call this one was made within, or is a copy of. */
  readonly parent?: string | undefined;
  readonly session: string;
  readonly agent: string;
  readonly client: string;
  readonly server: ServerName;
  /** The server whose tool was asked for, where another took the call. */
  readonly insteadOf?: ServerName | undefined;
  readonly tool: string;
  readonly digest: Digest | undefined;
  readonly route: Route;
  readonly arguments: RawJson | undefined;
  readonly outcome: OutcomeKind;
  readonly code: AgentErrorCode | undefined;
  readonly durationMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly truncated: boolean;
  /** Of a truncated result: its key in the result store, and the bytes of the whole. */
  readonly resultKey?: string | undefined;
  readonly bytesWhole?: number | undefined;
  readonly findings: readonly string[];
  readonly traceparent: string | undefined;
  /** What the agent got, raw; only measured, never kept. Without it `tokensOut` is judged by `bytesOut`. */
  readonly answer?: RawJson;
}

/** One journal line as it is read back (contract §8). */
export interface CallRecord {
  readonly v: 1;
  readonly seq: number;
  readonly time: string;
  readonly id: string;
  readonly parent?: string;
  readonly session: string;
  readonly agent: string;
  readonly client: string;
  readonly server: ServerName;
  readonly insteadOf?: ServerName;
  readonly tool: string;
  readonly digest?: Digest;
  readonly route: Route;
  readonly arguments?: unknown;
  readonly outcome: OutcomeKind;
  readonly code?: AgentErrorCode;
  readonly durationMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** An estimate (journal/tokens.ts says how). */
  readonly tokensOut: number;
  readonly truncated: boolean;
  /** Of a truncated result: what `read_cache` of the same agent knows the whole by while it is kept. */
  readonly resultKey?: string;
  readonly bytesWhole?: number;
  readonly findings: readonly string[];
  readonly traceparent?: string;
  readonly prev: string;
  readonly hash: string;
}

/** What a person decided. `consent-decline` also stands for a question that got no answer; `by` says why. */
export const DECISION_ACTIONS = [
  'approve', 'block', 'forget', 'approve-launch', 'revoke-launch', 'accept-lock', 'decline-lock', 'undo', 'accept-descriptions', 'review-descriptions', 'allow-inspection', 'end-inspection', 'pause', 'resume',
  'consent-once', 'consent-session', 'consent-arguments', 'consent-tool', 'consent-server', 'consent-ask', 'consent-never', 'consent-decline', 'consent-revoke',
  'agent-add', 'agent-revoke', 'propose', 'accept-proposal', 'decline-proposal',
] as const;
export type DecisionAction = (typeof DECISION_ACTIONS)[number];

/** A decision about an approval, launch, lock file, pause, consent or agent; journalled beside calls. */
export interface DecisionEntry {
  readonly time: number;
  readonly by: string;
  readonly action: DecisionAction;
  readonly server: ServerName;
  readonly subject: string;
  readonly digest: Digest | undefined;
  /** What it changed: where a definition differs from the one approved before it, or the kind of decision undone. */
  readonly diff?: readonly string[];
}

/** Which calls are wanted; all that is given must hold. */
export interface CallFilter {
  readonly server?: string;
  /** Its name at the upstream. */
  readonly tool?: string;
  readonly agent?: string;
  readonly outcome?: OutcomeKind;
  /** Milliseconds since epoch; calls that came in before are left out. */
  readonly since?: number;
  /** Milliseconds since epoch; calls that came in after are left out. */
  readonly until?: number;
  /** Only calls of a smaller sequence number: what follows a page. */
  readonly before?: number;
  /** Found anywhere in the record but its seal, upper and lower case alike. */
  readonly text?: string;
  /** Default 100, at most 10,000. */
  readonly limit?: number;
}

/** Append never waits and never throws into a call: writing happens behind a bounded queue. */
export interface Journal {
  readonly onDidAppend: Event<CallRecord>;
  /** Fires when records are lost: the disk does not take them, or takes them too slowly. */
  readonly onDidLose: Event<void>;
  /** Records lost since the journal was opened. */
  readonly lost: number;
  append(entry: CallEntry): void;
  decide(entry: DecisionEntry): void;
  /** Newest first. */
  query(filter: CallFilter): Promise<readonly CallRecord[]>;
  /** Every call that is wanted, oldest first; the filter's `limit` does not count. */
  all(filter: CallFilter): AsyncIterable<CallRecord>;
  /** Resolves when everything appended so far is on disk. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
