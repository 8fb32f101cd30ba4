import type { RawJson } from '../model.ts';

/** A result as the agent gets it. */
export interface ShapedResult {
  /** A whole `CallToolResult`, raw. The input itself when nothing had to change. */
  readonly result: RawJson;
  readonly truncated: boolean;
  /** Key for `read_cache` when truncated. */
  readonly key: string | undefined;
}

/** One part of a stored result. Exactly one selector is given. */
export type CacheSelector =
  | { readonly kind: 'bytes'; readonly offset: number; readonly limit: number }
  | { readonly kind: 'lines'; readonly from: number; readonly to: number }
  | { readonly kind: 'path'; readonly pointer: string }
  | { readonly kind: 'grep'; readonly pattern: string };

export type CacheRead =
  | { readonly ok: true; readonly text: string; readonly total: number; readonly next: string | undefined }
  | { readonly ok: false; readonly problem: string };

/** Keeps what did not fit, bound to the principal that caused it (contract §7). */
export interface ResultStore {
  /** Fits a raw `CallToolResult` into `limit` characters over text + structuredContent + embedded text together. */
  shape(result: RawJson, options: { readonly principal: string; readonly limit: number }): Promise<ShapedResult>;
  read(key: string, principal: string, selector: CacheSelector): Promise<CacheRead>;
}
