/* How hostile servers speak, whatever carries it. */

/** Stands in every text that no agent may ever see unapproved. */
export const MARK = 'zzpoison4711';

/** A message as received. */
export interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: {
    readonly name?: string;
    readonly uri?: string;
    readonly cursor?: string;
    readonly arguments?: Readonly<Record<string, unknown>>;
    readonly _meta?: { readonly progressToken?: unknown };
  };
  readonly result?: unknown;
  readonly error?: unknown;
}

/** The way back to the client. */
export interface Peer {
  /** Sends one message, or what is said to be one. */
  send(text: string): void;
  /** Sends bytes that belong to no message. */
  raw(bytes: string): void;
  /** Nothing more comes of this request. */
  done(): void;
}

/** A result as a message. */
export function resultText(id: unknown, result: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', id, result });
}

/** A text result as a message. */
export function textResult(id: unknown, text: string): string {
  return resultText(id, { content: [{ type: 'text', text }] });
}
