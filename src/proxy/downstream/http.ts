import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { rpcError, writeReply } from '../json/frame.ts';
import type { RawJson } from '../model.ts';

/** On every response: nothing may be stored, nothing may be taken for a page (security N4). */
const SAFE_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

export const JSON_HEADERS = { ...SAFE_HEADERS, 'content-type': 'application/json' } as const;

/** `no-transform` and `x-accel-buffering` keep whatever stands between from holding events back. */
export const STREAM_HEADERS = {
  ...SAFE_HEADERS,
  'cache-control': 'no-store, no-transform',
  'content-type': 'text/event-stream',
  'x-accel-buffering': 'no',
} as const;

/** Why a request is turned away. Texts are constant: nothing the client sent is repeated (security N15). */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  /** JSON-RPC code of the body. */
  readonly code: number;
  readonly data?: unknown;
  readonly headers?: OutgoingHttpHeaders;
}

/** A refusal below the protocol, with the code that servers of the field use there. */
export function refusal(status: number, message: string, headers?: OutgoingHttpHeaders): Refusal {
  return headers === undefined ? { status, message, code: -32000 } : { status, message, code: -32000, headers };
}

/** Sends one JSON text as the whole response. Does nothing when the client is gone. */
export function sendJson(res: ServerResponse, status: number, text: RawJson, headers?: OutgoingHttpHeaders): void {
  if (res.destroyed) return;
  res.writeHead(status, { ...JSON_HEADERS, ...headers, 'content-length': Buffer.byteLength(text) });
  res.end(text);
}

/** Sends plain text. */
export function sendText(res: ServerResponse, contentType: string, text: string): void {
  if (res.destroyed) return;
  res.writeHead(200, { ...JSON_HEADERS, 'content-type': contentType, 'content-length': Buffer.byteLength(text) });
  res.end(text);
}

/** Sends one message as the whole response, as an event to the few clients that take nothing else. */
export function sendAnswer(res: ServerResponse, accepted: Accepts, message: RawJson): void {
  if (accepted.json || !accepted.stream) {
    sendJson(res, 200, message);
    return;
  }
  res.writeHead(200, STREAM_HEADERS);
  res.end(eventText(message));
}

/** One message as a server-sent event; it must be a single line, as everything from `json/frame.ts` is. */
export function eventText(message: string, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: message\ndata: ${message}\n\n`;
}

/** Sends a response without a body. */
export function sendEmpty(res: ServerResponse, status: number): void {
  if (res.destroyed) return;
  res.writeHead(status, { ...SAFE_HEADERS, 'content-length': 0 });
  res.end();
}

/** Answers a message with a refusal, as JSON-RPC error; `id` is the raw id of the request, if it could be read. */
export function refuse(res: ServerResponse, why: Refusal, id: RawJson = 'null'): void {
  sendJson(res, why.status, refusalText(why, id), why.headers);
}

/** Milliseconds in which a client may still send what was refused already. */
const LINGER_MS = 2_000;

/**
 * Turns a request away before its body was read, and gives up the connection. What is still on its way is read and
 * thrown away, up to `budget` bytes and two seconds: closing on unread bytes would take the answer from the client
 * as well.
 */
export function refuseUnread(req: IncomingMessage, res: ServerResponse, why: Refusal, budget: number): void {
  if (res.destroyed) return;
  const text = refusalText(why, 'null');
  res.writeHead(why.status, {
    ...JSON_HEADERS,
    ...why.headers,
    connection: 'close',
    'content-length': Buffer.byteLength(text),
  });
  if (req.complete || !hasBody(req)) {
    res.end(text);
    return;
  }
  res.write(text);
  let left = budget;
  const patience = setTimeout(() => req.destroy(), LINGER_MS).unref();
  req.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) req.destroy();
  });
  req.once('end', () => res.end());
  req.once('close', () => clearTimeout(patience));
  req.on('error', () => res.destroy());
  req.resume();
}

/** The media types a client takes as an answer; no `Accept` means any. */
export interface Accepts {
  readonly json: boolean;
  readonly stream: boolean;
}

const ANY: Accepts = { json: true, stream: true };
const NEITHER: Accepts = { json: false, stream: false };
const JSON_ONLY: Accepts = { json: true, stream: false };
const STREAM_ONLY: Accepts = { json: false, stream: true };

/** Reads `Accept` leniently: weights are ignored, wildcards count. */
export function accepts(req: IncomingMessage): Accepts {
  const header = req.headers.accept?.toLowerCase();
  if (header === undefined || header.includes('*/*')) return ANY;
  const json = header.includes('application/json') || header.includes('application/*');
  const stream = header.includes('text/event-stream') || header.includes('text/*');
  if (json) return stream ? ANY : JSON_ONLY;
  return stream ? STREAM_ONLY : NEITHER;
}

/** The value of a header that occurs at most once (the guard saw to that), without surrounding white space. */
export function headerOf(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name];
  return typeof value === 'string' ? value.trim() : undefined;
}

function refusalText(why: Refusal, id: RawJson): string {
  return writeReply(id, { error: rpcError(why.code, why.message, why.data) });
}

function hasBody(req: IncomingMessage): boolean {
  return req.headers['transfer-encoding'] !== undefined || (req.headers['content-length'] ?? '0') !== '0';
}
