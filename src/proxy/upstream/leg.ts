import type { FrameProblem } from '../json/frame.ts';
import type { UpstreamError } from './failure.ts';
import type { UpstreamCallError } from './types.ts';

/** The largest message that is read; a larger one fails its call with `too-large`. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** HTTP header names in lower case. Legs without headers ignore them. */
export type MessageHeaders = Readonly<Record<string, string>>;

/**
 * Carries the messages of one connection as whole JSON texts. A leg knows its transport and nothing of what the
 * messages say. Nothing here throws or rejects: trouble is told to the sink.
 */
export interface Leg {
  /** True when closing one request's stream tells the server that it is cancelled. */
  readonly streamPerRequest: boolean;
  /** Sends a request. Its answer arrives at `LegSink.message`, or its failure at `LegSink.failed`. */
  request(id: number, text: string, headers: MessageHeaders): void;
  /** Sends a notification or a reply. Resolves when it was handed over (HTTP: when the server took it). */
  send(text: string, headers: MessageHeaders): Promise<void>;
  /** The request is answered, or (`answered` false) given up: nothing more of it is wanted. */
  release(id: number, answered: boolean): void;
  /**
   * Opens the stream for messages that belong to no request, where the transport has one. Resolves when the server has it
   * open, or answered that it has none; never rejects.
   */
  listen(headers: MessageHeaders): Promise<void>;
  /**
   * Reads no more of one request's stream (`during`), or else of the stream for everything, until this resolves. Without
   * effect where there is no such stream.
   */
  hold(until: Promise<void>, during: number | undefined): void;
  /** What a person needs to see when this connection fails: last lines of stderr, noise on stdout. */
  evidence(): readonly string[];
  /** Ends the transport and resolves when nothing of it is left: no process, no socket. */
  close(): Promise<void>;
}

/** Why a leg ended by itself. */
export interface LegEnd {
  readonly kind: 'lost' | 'session-lost' | 'auth-required';
  readonly error: UpstreamError;
}

/** Where a leg delivers. `during` is the request whose own stream the message came by, if the transport tells. */
export interface LegSink {
  /** @returns why the text is not a message, or undefined when it was taken */
  message(text: string, during: number | undefined): FrameProblem | undefined;
  failed(id: number, error: UpstreamCallError): void;
  ended(end: LegEnd): void;
}
