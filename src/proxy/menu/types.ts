import type { Catalog, CatalogTool } from '../catalog/types.ts';
import type { GatewaySettings } from '../config/types.ts';
import type { Route } from '../journal/types.ts';
import type { Principal, RawJson, RawNotification, RawReply, ServerName, ToolId } from '../model.ts';
import type { ResultStore } from '../output/types.ts';
import type { LookThrough } from '../pipeline/look-through.ts';
import type { CallSession, Outcome } from '../pipeline/types.ts';
import type { CodeSandbox } from '../sandbox/types.ts';
import type { Inspection } from './quarantine.ts';
import type { Prior, ToolIndex } from '../search/types.ts';

/** Who calls a menu tool, and the side channels of that request. */
export interface MenuCaller {
  readonly principal: Principal;
  readonly session: CallSession;
  /** Raw `_meta` of the agent's request. */
  readonly meta: RawJson | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: ((params: RawJson) => void) | undefined;
  readonly onNotification: ((notification: RawNotification) => void) | undefined;
  /** True when the answer may be a task of the modern era (SEP-2663). */
  readonly usesTasks?: boolean;
  /** What the journal calls this call by; the calls it makes are its children. */
  readonly callId?: string;
  /**
   * Lists found tools, best first, under their own names in the caller's session, and tells it so before the answer.
   * Returns how many of the first are listed now: none where the agent would not see them in time.
   */
  readonly promote?: (tools: readonly CatalogTool[]) => number;
}

/** An upstream call made through a menu tool; it enters the pipeline at its first stage. */
export interface MenuCall {
  readonly caller: MenuCaller;
  readonly route: Route;
  readonly requested: string;
  readonly readOnly: boolean;
  readonly argumentsText: RawJson | undefined;
  /** The call this one is made within, if it is one of code. */
  readonly parent?: string | undefined;
}

/** A server that an agent asks for: one of an address, a command, and the name of a registry's. */
export interface ServerRequest {
  readonly name: string | undefined;
  readonly url: string | undefined;
  readonly command: string | undefined;
  readonly args: readonly string[];
  readonly registry: string | undefined;
  readonly reason: string;
}

/** What became of it: a person has to accept it, their lists let it in, or it cannot be asked for. Texts are ours. */
export type ServerRequestAnswer = { readonly kind: 'filed' | 'added'; readonly name: string } | { readonly kind: 'refused'; readonly why: string; readonly fix: string };

/** A server of a registry. Every text is its publisher's. */
export interface FoundServer {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly offers: readonly { readonly kind: string }[];
}

/** What the menu is made from. */
export interface MenuDeps {
  readonly catalog: Catalog;
  /** Approved tools. */
  readonly index: ToolIndex;
  /** Tools that await a decision; only ever counted (contract §4, `hidden: N awaiting approval`). */
  readonly pendingIndex: ToolIndex;
  readonly results: ResultStore;
  /** How many tools a search returns unless told otherwise. */
  topK(): number;
  /** Characters of one answer before it is cut. */
  responseLimit(): number;
  /** What this principal may list, find, describe or call right now: the same function every time. */
  visible(principal: Principal): (id: ToolId) => boolean;
  /** What this principal could use of everything in the catalog, were it approved. The same function every time, as `visible`. */
  visibleWhenApproved(principal: Principal): (id: ToolId) => boolean;
  /** What is known beforehand of what this caller needs. */
  priors(caller: MenuCaller): readonly Prior[];
  call(call: MenuCall): Promise<Outcome>;
  /** Whether a person switched `code_execution` on. */
  codeExecution(): boolean;
  readonly sandbox: CodeSandbox;
  /** What agents may do about servers. */
  autonomy(): GatewaySettings['autonomy'];
  /** Asks a person for a server. */
  propose(request: ServerRequest, principal: Principal): Promise<ServerRequestAnswer>;
  /** Servers of registries by the words of their names. @returns whether registries were asked for it; texts are untrusted */
  searchRegistry(query: string): Promise<{ readonly servers: readonly FoundServer[]; readonly asked: boolean }>;
  /** What a person lets agents see of the quarantine. */
  readonly inspection: Inspection;
  /** What is done about what a server wrote before an agent reads it. */
  readonly lookThrough: LookThrough;
  /** Every configured server with its state in words of ours. */
  servers(): Iterable<{ readonly server: ServerName; readonly state: string }>;
  /** The last lines of a server's log, oldest first, without secrets. Untrusted text. */
  log(server: ServerName): readonly { readonly at: number; readonly source: string; readonly text: string }[];
}

/** One of the proxy's own tools. */
export interface MenuTool {
  readonly name: string;
  /** The whole definition as listed, raw. */
  readonly definition: RawJson;
  /** False while a setting hides it: not listed, and as unknown as any other name when called. */
  offered(): boolean;
  /** Answers with a raw result or error. Bad arguments are results with `isError` (contract §6). */
  run(argumentsText: RawJson | undefined, caller: MenuCaller): Promise<RawReply>;
}
