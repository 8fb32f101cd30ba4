import type { ClientId } from '../clients/client-files.ts';
import type { VestibuleError } from '../errors.ts';
import type { InputEntry, ServerEntry } from '../config/edit.ts';

/** A server as another client's file has it. */
export interface FoundServer {
  readonly client: ClientId;
  /** Absolute path. */
  readonly file: string;
  /** Members that lead to the entry: `["mcpServers", "github"]`. */
  readonly path: readonly string[];
  readonly name: string;
  /** As written, in the client's own grammar, as JSON data. */
  readonly written: Readonly<Record<string, unknown>>;
  /** Declarations of the same file. */
  readonly inputs: readonly unknown[];
  /** Section `sandbox` of the same file, as VS Code has it. */
  readonly sandbox?: unknown;
}

/** What a look at the files of other clients found. */
export interface Found {
  readonly servers: readonly FoundServer[];
  /** Files that are there. */
  readonly files: readonly { readonly client: ClientId; readonly file: string; readonly servers: number }[];
  /** Files that are there and cannot be read. */
  readonly problems: readonly VestibuleError[];
}

/** A literal secret that moves out of an entry. */
export interface MovedSecret {
  /** What `${secret:NAME}` calls it. */
  readonly name: string;
  /** Where it stood, for a person: `env.GITHUB_TOKEN`. */
  readonly place: string;
  readonly value: string;
}

/** A server in our grammar, ready to be written. */
export interface Importable {
  readonly found: FoundServer;
  /** Free in the servers file and in the plan. */
  readonly name: string;
  readonly entry: ServerEntry;
  readonly inputs: readonly InputEntry[];
  readonly secrets: readonly MovedSecret[];
  /** What was left out or written differently, one sentence each. */
  readonly notes: readonly string[];
  /** The same launch in files of other clients. */
  readonly twins: readonly FoundServer[];
}

/** Why a found server is not imported. */
export interface Skipped {
  readonly found: FoundServer;
  readonly reason: 'there' | 'own' | 'bad';
  /** For a person. */
  readonly why: string;
}

/** What importing would do. */
export interface ImportPlan {
  readonly servers: readonly Importable[];
  readonly skipped: readonly Skipped[];
}
