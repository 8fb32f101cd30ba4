/* Terms of the matrix. */

/** A JSON object whose numbers may be raw (lossless.ts). */
export type Json = Readonly<Record<string, unknown>>;

export type Era = 'legacy' | 'modern';
export type Transport = 'stdio' | 'http' | 'sse';

/** A column of the matrix. */
export interface Column {
  readonly transport: Transport;
  readonly agent: Era;
  readonly upstream: Era;
}

/** A JSON-RPC message as it came. */
export interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: Json;
  readonly result?: Json;
  readonly error?: Json;
}

/** Where a server can be reached. */
export type Address =
  | { readonly transport: 'stdio'; readonly command: string; readonly args: readonly string[] }
  | { readonly transport: 'http' | 'sse'; readonly url: string; readonly token?: string };
