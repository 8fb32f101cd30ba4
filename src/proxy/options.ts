import type { FormatOf } from './config/store.ts';
import type { OpenIntrospection, OpenJwt } from './agents/bearer.ts';
import type { InputDeclaration, MenuMode } from './config/types.ts';
import type { ConsentOptions } from './consent/types.ts';
import type { ServerName } from './model.ts';
import type { OpenCacheStore } from './policy/flow/shared-answers.ts';
import type { OpenKeys } from './sign-ins.ts';
import type { SecretStore } from './storage/secret-store.ts';

/** Everything an adapter decides about a gateway. */
export interface GatewayOptions {
  /** State folder: user servers, approvals, catalog cache, results. Created with mode 0700 when missing. */
  readonly dataDir: string;
  /** Folder for journal segments and per-upstream logs. Default: inside `dataDir`. */
  readonly logDir?: string;
  /** Whether adaptive mode lists small catalogs directly where no servers file says (`gateway.directThreshold`). */
  readonly smallCatalogsDirect?: boolean;
  /** Folder whose `.vscode/vestibule.json` is read, if any. */
  readonly workspaceFolder?: string;
  /** Names of the files a person has open, without their folders; they hint at what agents search for. */
  readonly openFiles?: () => readonly string[];
  /** False while the workspace is untrusted: its file is listed but nothing of it starts. Default true. */
  readonly workspaceTrusted?: boolean;
  /** More servers files given on the command line; a person named them, so they count as the user's. */
  readonly configFiles?: readonly string[];
  /** What reads those that are no JSONC; without it all are. */
  readonly formatOf?: FormatOf;
  readonly secrets: SecretStore;
  /**
   * Asks a person for the value of a declared `${input:…}`; resolves with undefined when they decline. The core keeps
   * the answer in `secrets`. Left out when there is nobody to ask.
   */
  readonly askInput?: (input: InputDeclaration, server: ServerName) => Promise<string | undefined>;
  /** Opens what signs in to HTTP servers, on first need; without it nobody can sign in. */
  readonly openKeys?: OpenKeys;
  /** Checks the tokens of `gateway.jwt`; without it nobody is let in by one. */
  readonly openJwt?: OpenJwt;
  /** Opens the store of `gateway.cache`; without it answers are kept in memory. */
  readonly openCacheStore?: OpenCacheStore;
  /** Asks about the tokens of `gateway.introspection`; without it nobody is let in by one. */
  readonly openIntrospection?: OpenIntrospection;
  /** Port to try first; 0 or undefined lets the system choose. */
  readonly port?: number;
  /** When true a taken `port` is an error instead of a reason to take another. */
  readonly portRequired?: boolean;
  /** Bearer the editor's own agent presents; undefined with `noAuth`. */
  readonly token: string | undefined;
  readonly noAuth?: boolean;
  /** Whose agent holds `token`: the editor's own, or a local one (headless). */
  readonly owner: 'editor' | 'local';
  readonly mode?: MenuMode;
  /** Leave the names of a single upstream unchanged (for test clients). */
  readonly noPrefix?: boolean;
  /** Approve launches and definitions present at start; later changes still wait. */
  readonly approveAll?: boolean;
  /** Who is asked before a call. Default: nobody, the agent's own prompt decides. */
  readonly consent?: ConsentOptions;
  /** What the lock file of a trusted workspace counts for: after a person accepted its content, always, or never (default). */
  readonly lockfile?: 'ask' | 'always' | 'off';
  /** Where spans are sent unless a servers file says otherwise, as OTLP over HTTP; undefined sends none. */
  readonly tracesEndpoint?: string | undefined;
  readonly version: string;
  /** One structured line of our own log. */
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, data?: Readonly<Record<string, unknown>>) => void;
}
