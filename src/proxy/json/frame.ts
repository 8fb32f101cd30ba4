import type { RawJson } from '../model.ts';
import { readMembers } from './read-members.ts';
import { stringOf } from './slice.ts';

/** A JSON-RPC 2.0 message cut into raw members. Ids stay raw: `0`, `""` and `"0"` are all valid and distinct. */
export type Frame =
  | { readonly kind: 'request'; readonly id: RawJson; readonly method: string; readonly params: RawJson | undefined }
  | { readonly kind: 'notification'; readonly method: string; readonly params: RawJson | undefined }
  | { readonly kind: 'result'; readonly id: RawJson; readonly result: RawJson }
  | { readonly kind: 'error'; readonly id: RawJson; readonly error: RawJson };

export type FrameProblem = 'not-json' | 'too-deep' | 'batch' | 'not-jsonrpc';

/**
 * Reads one message. Returns a problem instead of throwing: what arrives is untrusted and malformed input is
 * an expected event. Batches are refused (removed from MCP in 2025-06-18).
 */
export function readFrame(text: string, maxDepth: number): Frame | { readonly kind: 'invalid'; readonly problem: FrameProblem } {
  const parts = readMembers(text, maxDepth);
  if (parts === 'no-object') return invalid(text.trimStart().startsWith('[') ? 'batch' : 'not-jsonrpc');
  if (typeof parts === 'string') return invalid(parts);
  if (stringOf(parts.get('jsonrpc')) !== '2.0') return invalid('not-jsonrpc');
  const id = parts.get('id');
  const method = stringOf(parts.get('method'));
  const params = parts.get('params');
  if (method !== undefined) {
    if (params !== undefined && !params.startsWith('{')) return invalid('not-jsonrpc');
    if (id === undefined) return { kind: 'notification', method, params };
    return isId(id) ? { kind: 'request', id, method, params } : invalid('not-jsonrpc');
  }
  if (id === undefined) return invalid('not-jsonrpc');
  const result = parts.get('result');
  if (result !== undefined) return { kind: 'result', id, result };
  const error = parts.get('error');
  return error === undefined ? invalid('not-jsonrpc') : { kind: 'error', id, error };
}

/** One message as text. Newlines between tokens are folded, so that the text is also one stdio line. */
export function writeRequest(id: RawJson, method: string, params: RawJson | undefined): string {
  return oneLine(`{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)}${params === undefined ? '' : `,"params":${params}`}}`);
}

export function writeNotification(method: string, params: RawJson | undefined): string {
  return oneLine(`{"jsonrpc":"2.0","method":${JSON.stringify(method)}${params === undefined ? '' : `,"params":${params}`}}`);
}

export function writeReply(id: RawJson, reply: { readonly result: RawJson } | { readonly error: RawJson }): string {
  return oneLine(`{"jsonrpc":"2.0","id":${id},${'result' in reply ? `"result":${reply.result}` : `"error":${reply.error}`}}`);
}

/** A raw JSON-RPC error object. */
export function rpcError(code: number, message: string, data?: unknown): RawJson {
  return JSON.stringify(data === undefined ? { code, message } : { code, message, data });
}

function invalid(problem: FrameProblem): { readonly kind: 'invalid'; readonly problem: FrameProblem } {
  return { kind: 'invalid', problem };
}

/** JSON-RPC ids in MCP are strings or integers, never null. */
function isId(raw: RawJson): boolean {
  return raw.startsWith('"') || /^-?\d+$/.test(raw);
}

function oneLine(text: string): string {
  // Raw line breaks cannot stand inside a valid JSON string, so these are white space between tokens.
  return text.includes('\n') || text.includes('\r') ? text.replace(/[\r\n]/g, ' ') : text;
}
