import type { RawJson } from '../model.ts';

/** Budget per result in characters unless the caller says otherwise (contract §7). */
export const DEFAULT_RESPONSE_LIMIT = 20_000;

/** A result as the agent gets it. */
export interface ShapedResult {
  /** A whole `CallToolResult`, raw. The input itself when nothing had to change. */
  readonly result: RawJson;
  readonly truncated: boolean;
  /** Key for `read_cache` when truncated; undefined also when the rest could not be kept (the text says so). */
  readonly key: string | undefined;
  /** Bytes of all that is stored when truncated; 0 otherwise. */
  readonly wholeBytes: number;
}

/** One part of a stored result. Exactly one selector is given. */
export type CacheSelector =
  /** Bytes of the stored stream, counted from 0. The page ends before a character that would be split. */
  | { readonly kind: 'bytes'; readonly offset: number; readonly limit: number }
  /** Lines counted from 1, both ends included; the first one from byte `offset` of the stream on, which reads on in a long line. */
  | { readonly kind: 'lines'; readonly from: number; readonly to: number; readonly offset?: number }
  /** JSON Pointer (RFC 6901); a last token `a-b` slices an array or a string, both ends included, from 0. */
  | { readonly kind: 'path'; readonly pointer: string }
  /** A plain substring, or `/regex/` or `/regex/i` matched in linear time. */
  | { readonly kind: 'grep'; readonly pattern: string };

export type CacheRead =
  | {
      readonly ok: true;
      /** The page itself and nothing else: consecutive pages of bytes or lines concatenate to the stream. */
      readonly text: string;
      /** Size of the stored stream in bytes of UTF-8. */
      readonly total: number;
      /** Arguments of the read that goes on from here: a JSON object without `key`, such as `{"offset":18000}`. */
      readonly next: string | undefined;
    }
  | { readonly ok: false; readonly problem: string };

/**
 * Keeps what did not fit, bound to the principal that caused it (contract §7).
 *
 * What is stored is one stream of text:
 * - the result has a single part that counts (one text block, one embedded text, or structuredContent): that
 *   part's own text. A text block that says in JSON what structuredContent says counts as that single part;
 * - otherwise, or when that text is not well-formed Unicode: the whole `CallToolResult` as raw JSON.
 */
export interface ResultStore {
  /** Fits a raw `CallToolResult` into `limit` characters over text + structuredContent + embedded text together. */
  shape(result: RawJson, options: { readonly principal: string; readonly limit: number }): ShapedResult | Promise<ShapedResult>;
  /**
   * Reads a page of at most `limit` characters (default `DEFAULT_RESPONSE_LIMIT`). A key of another principal,
   * an expired and an unknown one are the same problem.
   */
  read(key: string, principal: string, selector: CacheSelector, limit?: number): Promise<CacheRead>;
  /** The whole stored stream; undefined under the same conditions as `read` has a problem. */
  whole(key: string, principal: string): Promise<string | undefined>;
}
