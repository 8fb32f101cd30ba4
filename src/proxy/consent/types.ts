import type { CatalogTool } from '../catalog/types.ts';
import type { Disposable, Event } from '../events.ts';
import type { Route } from '../journal/types.ts';
import type { Digest, Principal, RawJson, ServerName } from '../model.ts';

/**
 * Who is asked before a call unless a person decided something else for the tool. Tools that are approved as read-only
 * are never asked about.
 * - `client`: nobody; the agent's own prompt decides.
 * - `first-use`: a person, at the first call of each destructive or unannotated tool at each digest; afterwards the
 *   agent's own prompt decides. Direct calls of the editor's own agent are the editor's to ask about.
 * - `ask`: a person, at every call.
 * - `deny-destructive`: nobody; destructive and unannotated tools are refused.
 */
export type ConsentMode = 'client' | 'first-use' | 'ask' | 'deny-destructive';

/**
 * A person's answer to a question. What allows, allows this call, and besides: `once` no other; `session` those of the
 * tool in this session; `arguments` those of the tool with the same arguments; `tool` those of the tool; `server` those
 * of every tool that the server has now; `ask` none, and the tool is asked about at every call. All but `never` and
 * `ask` hold for the definition as it is now only.
 */
export type ConsentAnswer = 'once' | 'session' | 'arguments' | 'tool' | 'server' | 'ask' | 'never' | 'decline';

/** What a person decided for later calls, as it is kept. */
export type StandingConsent = {
  readonly server: ServerName;
  /** Milliseconds since epoch. */
  readonly at: number;
} & (
  | {
      readonly kind: 'tool';
      /** The principal it holds for. */
      readonly principal: string;
      readonly tool: string;
      readonly digest: Digest;
    }
  | {
      readonly kind: 'arguments';
      readonly principal: string;
      readonly tool: string;
      readonly digest: Digest;
      /** Digest of the canonical arguments. */
      readonly arguments: Digest;
    }
  /** For the rest of one agent's session at one run of a gateway, which is all that `session` tells. */
  | {
      readonly kind: 'session';
      readonly principal: string;
      readonly tool: string;
      readonly digest: Digest;
      readonly session: Digest;
      /** Milliseconds since epoch. */
      readonly until: number;
    }
  /** Refused whatever its definition: a consent must not survive a change, a refusal must. */
  | { readonly kind: 'never'; readonly principal: string; readonly tool: string }
  /** Always ask, whoever calls: a tool, or every tool of a server. */
  | { readonly kind: 'ask'; readonly tool?: string }
);

/** What a consent store keeps. */
export interface ConsentStore extends Disposable {
  /** Fires after any change, also by another process (within 1 s). */
  readonly onDidChange: Event<void>;
  /** Everything that is kept, oldest first. */
  readonly all: readonly StandingConsent[];
  /** What is kept of a tool or its whole server, whoever it holds for. */
  of(server: ServerName, tool: string): readonly StandingConsent[];
  /**
   * Keeps decisions; each replaces what it contradicts. They hold in this process at once.
   * @throws VestibuleError `data-folder-unreadable`, `data-folder-locked`: they hold until this process ends
   */
  add(consents: readonly StandingConsent[]): Promise<void>;
  /**
   * Takes decisions back; one that is not kept is ignored.
   * @throws VestibuleError `data-folder-unreadable`, `data-folder-locked`: nothing was taken back
   */
  revoke(consents: readonly StandingConsent[]): Promise<void>;
}

/** A call that waits for a person's word. Texts are untrusted: make them visible before showing. */
export interface ConsentQuestion {
  readonly tool: CatalogTool;
  readonly principal: Principal;
  /** Client name and version as declared. */
  readonly client: string;
  readonly route: Route;
  /** The arguments that will be sent, raw. */
  readonly argumentsText: RawJson;
  /** Arguments of the last call of this tool that a person allowed since the start; undefined when there is none. */
  readonly lastAllowed: RawJson | undefined;
  /** True when a person wants to be asked at every call. */
  readonly everyCall: boolean;
  /** Aborted when the answer does not matter any more: cancelled, or too late. */
  readonly signal: AbortSignal;
}

/** Puts a question to a person; `undefined` when nobody can be asked. A rejection counts as no. */
export type AskPerson = (question: ConsentQuestion) => Promise<ConsentAnswer | undefined>;

/** Asks through an agent. */
export interface AskAgent {
  /** Questions of one line are put one at a time. */
  readonly line: string;
  readonly ask: AskPerson;
}

/** How a gateway gets consent. */
export interface ConsentOptions {
  readonly mode: ConsentMode;
  /** Asks the person in front of this gateway; left out where the agent is to ask. */
  readonly ask?: AskPerson;
  /** Milliseconds a person has for an answer. Default two minutes. */
  readonly timeoutMs?: number;
}

/** A call as consent sees it. */
export interface ConsentRequest {
  readonly tool: CatalogTool;
  readonly principal: Principal;
  readonly session: string;
  readonly client: string;
  readonly route: Route;
  readonly argumentsText: RawJson;
  readonly signal: AbortSignal;
  /** Raw `requestState` of the upstream's that this call answers, if it does. */
  readonly continues: RawJson | undefined;
  /** Asks through the agent that made the call. */
  readonly askAgent: AskAgent | undefined;
}

/** Why a call may not go on. */
export type NoConsent = 'never' | 'destructive' | 'declined' | 'timeout' | 'cancelled' | 'nobody-to-ask' | 'too-many';

/** Whether a call may go on. */
export type ConsentVerdict = { readonly allowed: true } | { readonly allowed: false; readonly why: NoConsent };
