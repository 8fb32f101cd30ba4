import { readToPage, type FromPage, type Method, type Requests, type Tab, type ToPage } from '../src/views/inspector/messages.ts';

/** What the page remembers while it is hidden. */
export interface PageState {
  readonly tab: Tab;
  readonly calls: Requests['calls']['params'];
  readonly query: string;
}

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

interface Waiting {
  resolve(answer: never): void;
  reject(error: HostError): void;
}

/** The extension on the other side of the page. */
export class Host {
  readonly #editor = acquireVsCodeApi();
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  /** Hears what the host says unasked. Tells the host that the page is ready. */
  connect(hear: (message: Exclude<ToPage, { type: 'answer' | 'error' }>) => void): void {
    window.addEventListener('message', (event: MessageEvent<unknown>) => {
      const message = readToPage(event.data);
      if (message === undefined) return;
      if (message.type === 'answer') this.#take(message.id)?.resolve(message.answer as never);
      else if (message.type === 'error') this.#take(message.id)?.reject(new HostError(message.message, message.action));
      else hear(message);
    });
    this.#editor.postMessage({ type: 'ready' });
  }

  /**
   * Asks the host.
   * @throws HostError with what it answered instead
   */
  ask<M extends Method>(method: M, params: Requests[M]['params']): Promise<Requests[M]['answer']> {
    const id = ++this.#lastId;
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
