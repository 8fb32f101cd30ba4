import type { IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { excerpt } from '../failure.ts';
import { MAX_MESSAGE_BYTES } from '../leg.ts';
import { readInTurns, type Flow } from '../read-in-turns.ts';
import { UpstreamCallError } from '../types.ts';

/** All messages of one request's own stream together; a notification flood ends there. */
export const MAX_CALL_STREAM_BYTES = 4 * MAX_MESSAGE_BYTES;

const ERROR_BODY_BYTES = 64 * 1024;
const SNIPPET_LENGTH = 300;

/** A response that is no answer of the protocol: a status of 400 and up, or the wrong kind of content. */
export class HttpAnswerError extends UpstreamCallError {
  readonly contentType: string | undefined;
  /** The body as far as it was read; untrusted. */
  readonly body: string;

  constructor(
    kind: UpstreamCallError['kind'],
    message: string,
    response: { readonly status: number; readonly contentType: string | undefined; readonly body: string },
  ) {
    super(kind, message, { sent: true, status: response.status });
    this.contentType = response.contentType;
    this.body = response.body;
  }

  get snippet(): string {
    return excerpt(this.body.trim(), SNIPPET_LENGTH);
  }
}

/** The media type without parameters, in lower case. Where the field came several times, of the first, as Node has it. */
export function mediaType({ rawHeaders }: IncomingMessage): string | undefined {
  // Node makes an object of all fields for who asks for one of them: that costs more than looking for it.
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = [rawHeaders[i], rawHeaders[i + 1]];
    if (name.length !== CONTENT_TYPE.length || name.toLowerCase() !== CONTENT_TYPE) continue;
    if (value === 'application/json') return value;
    const end = value.indexOf(';');
    return (end < 0 ? value : value.slice(0, end)).trim().toLowerCase();
  }
  return undefined;
}

const CONTENT_TYPE = 'content-type';

/**
 * The whole body as text.
 * @throws UpstreamCallError `too-large` past `maxBytes`, `connection-lost` when it breaks off
 */
export function readBody(response: IncomingMessage, maxBytes: number): Promise<string> {
  const whole = takeWhole(response, maxBytes);
  if (whole !== undefined) return Promise.resolve(whole.toString('utf8'));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        reject(tooLarge(maxBytes));
        response.destroy();
      } else {
        chunks.push(chunk);
      }
    });
    response.on('end', () => resolve(Buffer.concat(chunks, bytes).toString('utf8')));
    response.on('error', (error) => reject(brokenOff(error)));
    response.on('close', () => {
      // Every response closes; an error for those that ended would be made for each call, with its stack.
      if (!response.readableEnded) reject(brokenOff(undefined));
    });
  });
}

/**
 * A body that came whole with its head, as most do; undefined for others. Read by its exact length the response does not
 * end yet: what Node does at its end, giving the connection back above all, is left for when the answer has gone on.
 */
function takeWhole(response: IncomingMessage, maxBytes: number): Buffer | undefined {
  const length = response.readableLength;
  if (!response.complete || length === 0 || length > maxBytes) return undefined;
  const whole: unknown = response.read(length);
  setImmediate(endOf, response);
  return Buffer.isBuffer(whole) ? whole : undefined;
}

function endOf(response: IncomingMessage): void {
  response.resume();
}

/** The error that a status of 400 and up stands for, with the beginning of its body. */
export async function statusError(response: IncomingMessage): Promise<HttpAnswerError> {
  const status = response.statusCode ?? 0;
  const body = await readBody(response, ERROR_BODY_BYTES).catch(() => '');
  const kind = status === 401 || status === 403 ? 'auth-required' : 'http-status';
  return new HttpAnswerError(kind, `The server answered with HTTP status ${status}.`, { status, contentType: mediaType(response), body });
}

/** The error for content that the protocol does not know. */
export async function contentError(response: IncomingMessage): Promise<HttpAnswerError> {
  const contentType = mediaType(response);
  const body = await readBody(response, ERROR_BODY_BYTES).catch(() => '');
  return new HttpAnswerError('bad-answer', `The server answered with ${contentType ?? 'no content'} instead of a message.`, {
    status: response.statusCode ?? 0,
    contentType,
    body,
  });
}

/** What the reader of an event stream is told. */
export interface EventHandler {
  onEvent(event: EventSourceMessage): void;
  onRetry?(milliseconds: number): void;
  /** Told once, before anything comes: by this the reading can be held up. */
  onFlow?(flow: Flow): void;
}

/**
 * Reads server-sent events until the stream ends or breaks off; both resolve, for both are resumed alike.
 * @param maxBytes of the whole stream; Infinity for streams that live as long as the connection
 * @throws UpstreamCallError `too-large` when one event or the stream is over its cap
 */
export function readEvents(response: IncomingMessage, handler: EventHandler, maxBytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const decoder = new StringDecoder('utf8');
    let bytes = 0;
    const fail = (error: UpstreamCallError): void => {
      reject(error);
      response.destroy();
    };
    const parser = createParser({
      maxBufferSize: MAX_MESSAGE_BYTES,
      onEvent: (event) => handler.onEvent(event),
      onRetry: (milliseconds) => handler.onRetry?.(milliseconds),
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') fail(tooLarge(MAX_MESSAGE_BYTES));
      },
    });
    const flow = readInTurns(response, (chunk) => {
      bytes += chunk.length;
      if (bytes > maxBytes) fail(tooLarge(maxBytes));
      else if (!response.destroyed) parser.feed(decoder.write(chunk));
    });
    handler.onFlow?.(flow);
    response.on('end', resolve);
    response.on('error', () => resolve());
    response.on('close', resolve);
  });
}

function tooLarge(maxBytes: number): UpstreamCallError {
  return new UpstreamCallError('too-large', `The server answered with more than ${maxBytes / 1024 / 1024} MiB.`, { sent: true });
}

function brokenOff(cause: unknown): UpstreamCallError {
  return new UpstreamCallError('connection-lost', 'The connection broke off during the answer.', { sent: true, cause });
}
