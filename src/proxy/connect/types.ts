import type { IssuedAgent, NewAgent } from '../agents/types.ts';
import type { ClientId } from '../clients/client-files.ts';

/** Clients that can be connected: VS Code finds the gateway by itself. */
export type ConnectableId = Exclude<ClientId, 'vscode' | 'vscode-insiders'>;

/** How a client reaches the gateway: by itself over HTTP, or through a child process on stdio. */
export type Way = { readonly kind: 'http'; readonly url: string } | { readonly kind: 'bridge'; readonly launcher: Launcher };

/** The program a client starts for the stdio bridge. Its options follow the arguments. */
export interface Launcher {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What stands for the gateway in a client's list, ready to be written. */
export type WayIn =
  | { readonly kind: 'http'; readonly url: string; readonly token: string }
  | { readonly kind: 'bridge'; readonly command: string; readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> };

/** What is wanted: this client, with a token of its own and this grant. */
export interface ConnectRequest {
  readonly client: ConnectableId;
  readonly agent: NewAgent;
  readonly way: Way;
}

/** The edit of a client's file, shown before it is made. */
export interface ConnectPlan {
  readonly request: ConnectRequest;
  readonly label: string;
  readonly path: string;
  /** The file as it is; undefined while there is none. */
  readonly before: string | undefined;
  /** The file as it will be, with words in the place of the token, which is made when the plan is applied. */
  readonly preview: string;
}

/** A client that was connected. Holds no token. */
export interface Connection {
  readonly client: ConnectableId;
  /** Name of the agent whose token it has. */
  readonly agent: string;
  readonly path: string;
  readonly way: Way['kind'];
  /** What tells our entry in the file from somebody else's: its URL, or its token file. */
  readonly mark: string;
  /** Milliseconds since epoch. */
  readonly connectedAt: number;
  /** Digest of the file as it was written. */
  readonly written: string;
  /** Whether there was a file before, which the backup is of. */
  readonly existed: boolean;
  /** Its permission bits. */
  readonly mode: number;
}

/** A client that could be connected, on this machine. */
export interface Candidate {
  readonly client: ConnectableId;
  readonly label: string;
  /** The file that would be edited. */
  readonly path: string;
  /** Whether the client seems to be used here. */
  readonly found: boolean;
  /** Whether its file is a symbolic link, often into a repository: no place for a token. */
  readonly linked: boolean;
  readonly connection: Connection | undefined;
}

/**
 * What undoing did to the file: `restored` exactly what was there, `removed` our entry only because the file had
 * changed meanwhile, or nothing, because the entry or the file was gone.
 */
export type Undone = { readonly connection: Connection; readonly outcome: 'restored' | 'removed' | 'gone' };

/** Gives agents their tokens, and takes them back. */
export interface AgentIssuer {
  add(agent: NewAgent): Promise<IssuedAgent>;
  /** @throws VestibuleError `not-found` */
  revoke(name: string): Promise<void>;
}
