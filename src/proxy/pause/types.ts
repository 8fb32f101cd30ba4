import type { Disposable, Event } from '../events.ts';
import type { ServerName } from '../model.ts';

/** What a pause or its end is about: a tool of a server, a server, or everything. */
export type PauseTarget = { readonly server?: never; readonly tool?: never } | { readonly server: ServerName; readonly tool?: string };

/** How far the pause that covers a tool reaches, widest first. */
export type PauseReach = 'all' | 'server' | 'tool';

/** What a person paused. Plain data: it is also what the file holds and what snapshots show. */
export interface Paused {
  readonly all: boolean;
  readonly servers: readonly ServerName[];
  readonly tools: readonly { readonly server: ServerName; readonly tool: string }[];
}

/** What is paused now, as a person sees it. */
export interface PauseSnapshot extends Paused {
  /** Why everything is paused although nobody asked for it: the file cannot be read. */
  readonly problem: { readonly message: string; readonly action: string } | undefined;
}

/** A call that passed the gate and has not ended. */
export interface Flight extends Disposable {
  /** Aborted when a person pauses the tool and has its calls cancelled, and when what the call is within is. */
  readonly signal: AbortSignal;
  /** True once a person had it cancelled. */
  readonly cancelled: boolean;
}

/** Pauses as the call path sees them. */
export interface Pauses {
  /**
   * What pauses this tool, or undefined when it may be called: also what another process wrote a moment ago, at the cost
   * of asking the file system whether the file is still the one that was read.
   * @param again true where it was asked for this very call before: then a look less than a millisecond ago will do, for
   *   who pauses so shortly after a call came in pauses after it
   */
  reach(server: ServerName, tool: string, again?: boolean): PauseReach | undefined;
  /**
   * Counts a call as under way until the result is disposed.
   * @param startedAt milliseconds since epoch
   * @param within what cancels the call besides
   */
  enter(server: ServerName, tool: string, startedAt: number, within?: AbortSignal): Flight;
}

/** Pauses as their owner sees them. */
export interface PauseStore extends Pauses, Disposable {
  /** Fires after what is paused changed, also through another process (within 1 s). */
  readonly onDidChange: Event<void>;
  readonly snapshot: PauseSnapshot;
  /** Calls of a server that passed the gate and have not ended: at the server, or waiting for consent or their turn. */
  underWay(server: ServerName): number;
  /**
   * Pauses at once, then writes it down. With `cancel`, calls under way that it covers are cancelled, also in other
   * processes over the same data folder.
   * @throws VestibuleError `data-folder-unreadable`, `data-folder-locked`: it is paused in this process all the same
   */
  pause(target: PauseTarget, options: { readonly cancel: boolean }): Promise<void>;
  /**
   * Lifts pauses: of everything, all there are; of a server, its own and those of its tools; of a tool, its own.
   * @throws VestibuleError `data-folder-unreadable`, `data-folder-locked`: nothing was lifted
   */
  resume(target: PauseTarget): Promise<void>;
}
