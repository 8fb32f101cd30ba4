import type { CallsState } from './calls.ts';
import { readToPage, type FromPage, type Method, type Requests, type Tab, type ToPage } from '../src/views/inspector/messages.ts';

/** What the page remembers while it is hidden. */
export interface PageState {
  readonly tab: Tab;
  readonly calls: Partial<CallsState>;
  readonly query: string;
}

type Welcome = Extract<ToPage, { type: 'welcome' }>;
/** What the host says unasked. */
type Unasked = Exclude<ToPage, { type: 'answer' | 'error' | 'welcome' }>;

interface EditorApi {
  postMessage(message: FromPage): void;
  getState(): unknown;
  setState(state: PageState): void;
}

declare function acquireVsCodeApi(): EditorApi;

/** An error the host answered with; `action` says what to do. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly action: string;

  constructor(message: string, action: string) {
    super(message);
    this.action = action;
  }
}

/** What went wrong, and what to do about it if that is known. */
export function messageOf(error: unknown): string {
  if (error instanceof HostError) return `${error.message} ${error.action}`.trim();
  return error instanceof Error ? error.message : String(error);
}

interface Waiting {
  resolve(answer: never): void;
  reject(error: HostError): void;
}

/** The extension on the other side of the page. */
export class Host {
  readonly #editor = acquireVsCodeApi();
  readonly #waiting = new Map<number, Waiting>();
  readonly #unheard: Unasked[] = [];
  #hear: ((message: Unasked) => void) | undefined;
  #lastId = 0;

  /** Tells the host that the page is ready, and resolves with its first message. */
  connect(): Promise<Welcome> {
    return new Promise((resolve) => {
      window.addEventListener('message', (event: MessageEvent<unknown>) => {
        const message = readToPage(event.data);
        if (message === undefined) return;
        if (message.type === 'answer') this.#take(message.id)?.resolve(message.answer as never);
        else if (message.type === 'error') this.#take(message.id)?.reject(new HostError(message.message, message.action));
        else if (message.type === 'welcome') resolve(message);
        else if (this.#hear === undefined) this.#unheard.push(message);
        else this.#hear(message);
      });
      this.#editor.postMessage({ type: 'ready' });
    });
  }

  /** Hears what the host says unasked, what it said already included. */
  hear(hear: (message: Unasked) => void): void {
    this.#hear = hear;
    for (const message of this.#unheard.splice(0)) hear(message);
  }

  /** From now on the host's log has what goes wrong in the page. */
  reportErrors(): void {
    const report = (error: unknown): void => this.#editor.postMessage({ type: 'failed', message: messageOf(error) });
    window.addEventListener('error', ({ error, message }) => report(error ?? message));
    window.addEventListener('unhandledrejection', ({ reason }) => report(reason));
  }

  /**
   * Asks the host.
   * @param unwanted once aborted, the host may answer less than was asked
   * @throws HostError with what it answered instead
   */
  ask<M extends Method>(method: M, params: Requests[M]['params'], unwanted?: AbortSignal): Promise<Requests[M]['answer']> {
    const id = ++this.#lastId;
    unwanted?.addEventListener('abort', () => {
      if (this.#waiting.has(id)) this.#editor.postMessage({ type: 'cancel', id });
    }, { once: true });
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#editor.postMessage({ type: 'request', id, method, params } as FromPage);
    });
  }

  /** What an earlier life of this page remembered, member by member where it makes sense. */
  recall(): Partial<PageState> {
    const state = this.#editor.getState();
    return typeof state === 'object' && state !== null ? state : {};
  }

  remember(state: PageState): void {
    this.#editor.setState(state);
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
