import type { RawJson } from '../model.ts';

/** What a call of a tool came to, as the code gets it. */
export type CallAnswer =
  /** A raw `CallToolResult`. */
  | { readonly ok: true; readonly result: RawJson }
  /** Thrown inside as a `ToolError` with these members. */
  | { readonly ok: false; readonly code: string; readonly message: string; readonly retryable: boolean };

/** One run of code that an agent wrote. */
export interface CodeRequest {
  /** JavaScript, or TypeScript whose types can be erased: the body of an async function. */
  readonly code: string;
  /** Milliseconds for everything, calls included. */
  readonly timeoutMs: number;
  /** Ends the run and calls off its calls. */
  readonly signal: AbortSignal;
  /**
   * Calls a tool for the code. Never asked for more than the limits allow.
   * @param argumentsText what the code gave: JSON text if it is honest, any text if it passed a string
   * @param signal aborted when the run ends before the answer
   */
  call(tool: string, argumentsText: string | undefined, signal: AbortSignal): Promise<CallAnswer>;
}

/** How a run ended. All text is the code's own: untrusted, bounded. */
export type CodeEnd =
  /** `text` is undefined when nothing was returned. */
  | { readonly kind: 'returned'; readonly text: string | undefined }
  /** It threw, did not compile, or went over its memory or stack; `message` names lines. */
  | { readonly kind: 'threw'; readonly message: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'cancelled' }
  /** Too many other runs are under way; nothing was run. */
  | { readonly kind: 'busy' }
  /** The sandbox itself broke down; `message` is for our log and not for agents. */
  | { readonly kind: 'failed'; readonly message: string };

/** What became of a run. */
export interface CodeOutcome {
  readonly end: CodeEnd;
  /** Lines that were logged, as far as they are kept. */
  readonly logs: readonly string[];
  /** Calls that were started. */
  readonly calls: number;
}

/** Runs code where it can reach nothing but tools, and those only through `CodeRequest.call`. */
export interface CodeSandbox {
  /** Never rejects. */
  run(request: CodeRequest): Promise<CodeOutcome>;
}
