import { randomBytes } from 'node:crypto';
import type { AskAgent, ConsentAnswer } from '../consent/types.ts';
import type { AgentRequest } from '../downstream/types.ts';
import { members, objectOf, stringOf } from '../json/slice.ts';
import type { RawJson, RawReply } from '../model.ts';
import { answerOf, consentForm, takesForms } from './consent-form.ts';

/** Begins every `requestState` of ours: what an upstream asks has one of the upstream's. */
const STATE_PREFIX = 'vestibule-consent-';
const INPUT_KEY = 'vestibule-consent';

/** Questions that one agent may leave open. */
const MAX_WAITING = 32;

type Params = ReadonlyMap<string, RawJson>;

/** How one run of a call asks, and what ends it. */
export interface CallRun {
  /** Params of the agent's request, without what answered a question of ours. */
  readonly params: Params;
  readonly askConsent: AskAgent | undefined;
  readonly signal: AbortSignal;
}

/** A question that waits until the agent repeats its request with an answer (2026-07-28, MRTR). */
interface Waiting {
  readonly round: Round;
  /** Raw form the question was put by. */
  readonly form: RawJson;
  answer(answer: ConsentAnswer): void;
}

/** A call that goes on over several requests of the agent. */
class Round {
  readonly session: string;
  readonly principal: string;
  /** The call as it must be repeated. */
  readonly call: RawJson;
  readonly abort = new AbortController();
  readonly #run: () => Promise<RawReply>;
  #outcome: Promise<RawReply> | undefined;
  /** Hears of the next question, while a request of the agent stands for the call. */
  #heard: ((state: string) => void) | undefined;

  /** @param run makes the call; started once, with the first request that stands for it */
  constructor({ session }: AgentRequest, params: Params, run: (round: Round) => Promise<RawReply>) {
    this.#run = () => run(this);
    this.session = session.id;
    this.principal = session.principal.id;
    this.call = callOf(params);
  }

  /** Waits, for a request with this signal, for what comes first: the outcome, or the state of a question. */
  async attend(signal: AbortSignal): Promise<RawReply | string> {
    const cancel = (): void => this.abort.abort();
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const question = new Promise<string>((resolve) => (this.#heard = resolve));
      this.#outcome ??= this.#run();
      return await Promise.race([question, this.#outcome]);
    } finally {
      this.#heard = undefined;
      signal.removeEventListener('abort', cancel);
    }
  }

  asked(state: string): void {
    // Between two requests nobody would hear the question, nor what the call came to.
    if (this.#heard === undefined) this.abort.abort();
    else this.#heard(state);
  }

  /** A question is over. When the agent did not come back for it, so is the call. */
  unanswered(): void {
    if (this.#heard === undefined) this.abort.abort();
  }
}

/**
 * Asks agents of the stateless era: the answer to their request is the question, and the call waits until the same
 * agent repeats the same request with what the person said. A state is good for one answer; what waits too long is over.
 */
export class ConsentRounds {
  readonly #waiting = new Map<string, Waiting>();

  /** Answers a request: with what the call came to, or with a question (`input_required`). */
  async answer(request: AgentRequest, params: Params, run: (run: CallRun) => Promise<RawReply>): Promise<RawReply> {
    const state = stringOf(params.get('requestState'));
    const ours = state?.startsWith(STATE_PREFIX) === true;
    const waiting = ours ? this.#waiting.get(state) : undefined;
    if (state !== undefined && waiting !== undefined && isRepeated(waiting.round, request, params)) {
      this.#waiting.delete(state);
      const response = members(params.get('inputResponses') ?? '')?.get(INPUT_KEY);
      // Attended first: the answer may bring the next question at once.
      const reply = this.#attend(waiting.round, request.signal);
      waiting.answer(response === undefined ? 'decline' : answerOf(response));
      return reply;
    }
    const own = ours ? withoutAnswers(params) : params;
    const asks = takesForms(request.session.capabilities);
    const round = new Round(request, params, (started) => {
      // Agents of this era may leave a question for good: no other call waits behind it.
      const askConsent: AskAgent = { line: randomBytes(12).toString('base64url'), ask: (question) => this.#put(started, consentForm(question), question.signal) };
      return run({ params: own, askConsent: asks ? askConsent : undefined, signal: started.abort.signal });
    });
    return this.#attend(round, request.signal);
  }

  async #attend(round: Round, signal: AbortSignal): Promise<RawReply> {
    const came = await round.attend(signal);
    if (typeof came !== 'string') return came;
    const form = this.#waiting.get(came)?.form ?? '{}';
    const asked = objectOf([[INPUT_KEY, `{"method":"elicitation/create","params":${form}}`]]);
    return { result: `{"resultType":"input_required","inputRequests":${asked},"requestState":${JSON.stringify(came)}}` };
  }

  #put(round: Round, form: RawJson, signal: AbortSignal): Promise<ConsentAnswer> {
    const state = `${STATE_PREFIX}${randomBytes(24).toString('base64url')}`;
    const others = [...this.#waiting.values()].filter((waiting) => waiting.round.session === round.session);
    // The oldest is the one the agent most likely gave up.
    if (others.length >= MAX_WAITING) others[0]?.round.abort.abort();
    return new Promise((resolve) => {
      this.#waiting.set(state, { round, form, answer: resolve });
      const end = (): void => {
        if (this.#waiting.delete(state)) round.unanswered();
      };
      signal.addEventListener('abort', end, { once: true });
      round.asked(state);
    });
  }
}

/** Only the same agent, with the same call, gives an answer: a state that leaked is worth nothing. */
function isRepeated(round: Round, { session }: AgentRequest, params: Params): boolean {
  return round.session === session.id && round.principal === session.principal.id && round.call === callOf(params);
}

function callOf(params: Params): RawJson {
  return objectOf(['name', 'arguments'].map((member) => [member, params.get(member) ?? 'null'] as const));
}

function withoutAnswers(params: Params): Params {
  return new Map([...params].filter(([name]) => name !== 'requestState' && name !== 'inputResponses'));
}
