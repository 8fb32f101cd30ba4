import { request, type IncomingMessage } from 'node:http';
import { createParser } from 'eventsource-parser';
import { StringDecoder } from 'node:string_decoder';

/** The largest message that is passed on, in bytes; the gateway's own bounds are below it. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** What is sent to the gateway. */
export interface Outgoing {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** The connection could not be made, so that nothing of a request was seen: it can be sent again. */
export class NotReachedError extends Error {
  override readonly name = 'NotReachedError';
}

/**
 * Sends one request, each on a connection of its own: a kept one may be closing just then, and nobody could tell whether
 * the request was seen. Resolves with the head of the response, however long it takes.
 * @throws NotReachedError, or an error of the connection
 */
export function exchange({ method, url, headers, body, signal }: Outgoing): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers: { ...headers, ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }) }, agent: false, signal });
    let connected = false;
    outgoing.once('socket', (socket) => socket.once('connect', () => (connected = true)));
    outgoing.once('response', resolve);
    outgoing.once('error', (error) => reject(connected || signal.aborted ? error : new NotReachedError(error.message)));
    outgoing.end(body);
  });
}

/** The media type of a response, without parameters. */
export function mediaType(response: IncomingMessage): string | undefined {
  return response.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
}

/** The whole body as text. @throws when it breaks off or is too large */
export async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_MESSAGE_BYTES) throw new Error('The answer of the gateway is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Hands out the messages of an event stream until it ends. @throws when it breaks off */
export async function messagesOf(response: IncomingMessage, onMessage: (text: string) => void): Promise<void> {
  const decoder = new StringDecoder('utf8');
  const parser = createParser({
    maxBufferSize: MAX_MESSAGE_BYTES,
    onEvent: ({ data, event }) => {
      // An event without data primes the stream and is no message.
      if (data !== '' && (event ?? 'message') === 'message') onMessage(data);
    },
  });
  for await (const chunk of response as AsyncIterable<Buffer>) parser.feed(decoder.write(chunk));
}
