import type { GatewaySnapshot } from '../proxy/api.ts';
import type { Event } from '../proxy/events.ts';
import type { Dialogs } from './dialogs.ts';

/** What the extension offers other extensions and tests (contract §9). */
export interface VestibuleExports {
  readonly apiVersion: 1;
  /** Where the endpoint is, by the profile a person chose for this workspace, and how to enter; starts listening. The header is secret. */
  endpoint(): Promise<{ readonly url: string; readonly headers: Record<string, string> }>;
  /** The gateway's state as last shown; empty until it is there. */
  state(): GatewaySnapshot;
  readonly onDidChange: Event<void>;
  /** Only in an extension test: answers the questions a person would. Returns what restores the editor's dialogs. */
  readonly answerDialogs?: (dialogs: Partial<Dialogs>) => () => void;
}
