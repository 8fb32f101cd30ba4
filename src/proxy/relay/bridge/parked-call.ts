import { randomBytes } from 'node:crypto';
import { AgentRequestError, type AgentRequest, type AgentRequestOptions, type AgentSession } from '../../downstream/types.ts';
import { members, withMembers } from '../../json/slice.ts';
import type { RawJson, RawReply } from '../../model.ts';
import { progressTokenOf } from '../meta.ts';
import { answers, inputRequestOf } from './questions.ts';

/** Milliseconds from the first question of a round to its being put, so that questions asked together come together. */
const GATHER_MS = 100;
/** Times one call may come back with questions. */
const MAX_ROUNDS = 32;
/** Questions of one call that may be open at once. */
const MAX_OPEN = 16;

/** A question that is open. */
interface Question {
  readonly method: string;
  /** Raw entry of `inputRequests`. */
  readonly inputRequest: RawJson;
  answer(reply: RawReply): void;
}

/**
 * A request of a modern agent as one that can be asked something while it is answered. It outlives the request that
 * brought it: between two rounds nobody stands for it at the agent, and the work upstream waits.
 */
export class ParkedCall implements AgentRequest {
  readonly id = randomBytes(12).toString('base64url');
  readonly session: AgentSession;
  readonly method: string;
  readonly params: RawJson | undefined;
  readonly #abort = new AbortController();
  readonly #outcome: Promise<RawReply>;
  readonly #open = new Map<string, Question>();
  /** The request that stands for the call now. */
  #attending: AgentRequest | undefined;
  /** Tells it that there are questions. */
  #interrupt: (() => void) | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #round = 0;
  #questions = 0;

  /** @param run answers the request; it is given this one in its place */
  constructor(first: AgentRequest, run: (request: AgentRequest) => RawReply | Promise<RawReply>) {
    this.session = first.session;
    this.method = first.method;
    this.params = first.params;
    this.#attending = first;
    this.#outcome = (async () => run(this))();
    // Heard by whoever attends; nobody may, at the moment.
    this.#outcome.catch(() => undefined);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** How often it came back with questions. */
  get round(): number {
    return this.#round;
  }

  /** Ends the work: the agent gave it up, or did not come back. */
  cancel(): void {
    this.#abort.abort();
  }

  notify(method: string, params?: RawJson): void {
    const now = this.#attending;
    if (now === undefined) return;
    if (method !== 'notifications/progress' || params === undefined) return now.notify(method, params);
    // Each request that stands for the call has a token of its own, or none.
    const token = now.params === undefined ? undefined : progressTokenOf(members(now.params)?.get('_meta'));
    if (token !== undefined) now.notify(method, withMembers(params, { progressToken: token }));
  }

  congestion(): Promise<void> | undefined {
    return this.#attending?.congestion();
  }

  /** Opens a question for the agent's next request. @throws AgentRequestError */
  request(method: string, params?: RawJson, { signal }: AgentRequestOptions = {}): Promise<RawReply> {
    const ended = signal === undefined ? this.signal : AbortSignal.any([signal, this.signal]);
    if (ended.aborted) return Promise.reject(withdrawn());
    if (this.#open.size >= MAX_OPEN) {
      return Promise.reject(new AgentRequestError('overloaded', 'This call has asked too much already'));
    }
    const key = `question-${++this.#questions}`;
    return new Promise((resolve, reject) => {
      const withdraw = (): void => {
        this.#open.delete(key);
        reject(withdrawn());
      };
      ended.addEventListener('abort', withdraw, { once: true });
      this.#open.set(key, {
        method,
        inputRequest: inputRequestOf(method, params),
        answer: (reply) => {
          ended.removeEventListener('abort', withdraw);
          this.#open.delete(key);
          resolve(reply);
        },
      });
      this.#gather();
    });
  }

  /** Takes raw `inputResponses`. What answers no open question is ignored; what is left open is asked again. */
  answer(inputResponses: RawJson | undefined): void {
    const responses = inputResponses === undefined ? undefined : members(inputResponses);
    for (const [key, question] of [...this.#open]) {
      const response = responses?.get(key);
      if (response !== undefined && answers(question.method, response)) question.answer({ result: response });
    }
  }

  /**
   * Waits on behalf of a request for what comes first.
   * @returns the outcome, or the raw `inputRequests` of a new round
   */
  async attend(request: AgentRequest): Promise<RawReply | { readonly inputRequests: RawJson }> {
    this.#attending = request;
    const cancel = (): void => this.cancel();
    if (request.signal.aborted) cancel();
    request.signal.addEventListener('abort', cancel, { once: true });
    const asked = new Promise<'asked'>((resolve) => (this.#interrupt = () => resolve('asked')));
    if (this.#open.size > 0) this.#gather();
    try {
      const came = await Promise.race([this.#outcome, asked]);
      if (came !== 'asked') return came;
      if (++this.#round > MAX_ROUNDS) {
        this.cancel();
        return await this.#outcome;
      }
      return { inputRequests: `{${[...this.#open].map(([key, { inputRequest }]) => `${JSON.stringify(key)}:${inputRequest}`).join(',')}}` };
    } finally {
      clearTimeout(this.#gathering);
      this.#gathering = undefined;
      this.#interrupt = undefined;
      this.#attending = undefined;
      request.signal.removeEventListener('abort', cancel);
    }
  }

  /** Puts what is open before long; while nobody attends, it waits for who comes. */
  #gather(): void {
    if (this.#interrupt === undefined) return;
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      if (this.#open.size > 0) this.#interrupt?.();
    }, GATHER_MS);
  }
}

function withdrawn(): AgentRequestError {
  return new AgentRequestError('cancelled', 'The question was withdrawn');
}
