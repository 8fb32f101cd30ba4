import type { AgentRequest, AgentSession } from '../../downstream/types.ts';
import { digestOf, NotCanonicalError, sha256 } from '../../json/canonical.ts';
import { rpcError } from '../../json/frame.ts';
import { members, objectOf, stringOf } from '../../json/slice.ts';
import type { RawReply } from '../../model.ts';
import { ParkedCall } from './parked-call.ts';
import { claimsToBeSealed, StateSeal } from './sealed-state.ts';

/** Requests that the modern era lets a server interrupt with questions (2026-07-28, MRTR). */
const INTERRUPTIBLE: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);
/** Milliseconds an agent has to come back with answers. */
const EXPIRY_MS = 10 * 60_000;
/** Calls of one agent, and of all, that may wait for answers. */
const MAX_PER_SESSION = 32;
const MAX_IN_ALL = 512;

/** What of a request is not part of what it asks for, and may differ when it is repeated. */
const PER_ROUND: ReadonlySet<string> = new Set(['_meta', 'inputResponses', 'requestState']);

const REFUSED: RawReply = {
  error: rpcError(-32602, 'This requestState is not valid: it is unknown, altered, used, expired, or belongs to another request. Send the request again without requestState and inputResponses.'),
};
const BAD_RESPONSES: RawReply = { error: rpcError(-32602, 'inputResponses must be an object') };

type Answering = (request: AgentRequest) => RawReply | Promise<RawReply>;

interface Waiting {
  readonly call: ParkedCall;
  expiry: NodeJS.Timeout | undefined;
}

/**
 * Lets agents of the stateless era be asked: the answer to their request is the questions, and the call waits, with
 * everything it does upstream, until the same agent repeats the same request with answers. A state is good for one
 * round; what waits too long is cancelled.
 */
export class ParkedCalls {
  readonly #seal = new StateSeal();
  /** Calls that came back with questions and are not over, oldest first. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #expiryMs: number;

  /** @param expiryMs shorter for tests */
  constructor(expiryMs = EXPIRY_MS) {
    this.#expiryMs = expiryMs;
  }

  /** Calls that wait or are being repeated. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Answers a request of any agent by `run`. For a modern one that can be asked, `run` gets a request in its place
   * through which it may be; its repetition goes on where the call waits.
   */
  answer(request: AgentRequest, run: Answering): RawReply | Promise<RawReply> {
    const { session, method, params } = request;
    if (session.era === 'legacy' || !INTERRUPTIBLE.has(method)) return run(request);
    // Searching is much cheaper than cutting, and most requests are no repetitions.
    if (params?.includes('"inputResponses"') === true || params?.includes('"requestState"') === true) {
      const all = members(params);
      if (all?.get('inputResponses')?.startsWith('{') === false) return BAD_RESPONSES;
      const state = stringOf(all?.get('requestState'));
      if (claimsToBeSealed(state)) return this.#resume(request, state);
    }
    if (!ASKABLE.test(session.capabilities)) return run(request);
    return this.#attend(new ParkedCall(request, run), request);
  }

  /** The agent is gone, and so is what waits for it. */
  closed(session: AgentSession): void {
    for (const { call } of [...this.#waiting.values()]) if (call.session === session) this.#give(call);
  }

  async #resume(request: AgentRequest, state: string): Promise<RawReply> {
    const opened = this.#seal.open(state, boundOf(request), Date.now());
    const waiting = opened === undefined ? undefined : this.#waiting.get(opened.call);
    // Somebody attends without an expiry: then the state was used.
    if (waiting?.expiry === undefined || waiting.call.round !== opened?.round) return REFUSED;
    clearTimeout(waiting.expiry);
    waiting.expiry = undefined;
    const reply = this.#attend(waiting.call, request);
    waiting.call.answer(members(request.params ?? '')?.get('inputResponses'));
    return reply;
  }

  async #attend(call: ParkedCall, request: AgentRequest): Promise<RawReply> {
    let came: Awaited<ReturnType<ParkedCall['attend']>>;
    try {
      came = await call.attend(request);
    } catch (error) {
      this.#waiting.delete(call.id);
      throw error;
    }
    if (!('inputRequests' in came)) {
      this.#waiting.delete(call.id);
      return came;
    }
    return { result: `{"resultType":"input_required","inputRequests":${came.inputRequests},"requestState":${JSON.stringify(this.#park(call, request))}}` };
  }

  #park(call: ParkedCall, request: AgentRequest): string {
    this.#makeRoom(call);
    const expiry = setTimeout(() => this.#give(call), this.#expiryMs).unref();
    this.#waiting.delete(call.id);
    this.#waiting.set(call.id, { call, expiry });
    return this.#seal.seal({ call: call.id, round: call.round, expires: Date.now() + this.#expiryMs }, boundOf(request));
  }

  /** The oldest is the one its agent most likely gave up. */
  #makeRoom({ id, session }: ParkedCall): void {
    if (this.#waiting.has(id)) return;
    const [oldest] = this.#waiting.values();
    if (this.#waiting.size >= MAX_IN_ALL && oldest !== undefined) this.#give(oldest.call);
    const own = [...this.#waiting.values()].filter(({ call }) => call.session === session);
    if (own.length >= MAX_PER_SESSION && own[0] !== undefined) this.#give(own[0].call);
  }

  #give(call: ParkedCall): void {
    clearTimeout(this.#waiting.get(call.id)?.expiry);
    this.#waiting.delete(call.id);
    call.cancel();
  }
}

/** Anything a client can be asked by a server. Looking for the words is enough: who is asked in vain declines. */
const ASKABLE = /"(?:elicitation|sampling|roots)"/;

/** Whom and what a state belongs to: this agent of this principal, and this very request. */
function boundOf({ session, method, params }: AgentRequest): string {
  const asked = objectOf([...(members(params ?? '') ?? [])].filter(([name]) => !PER_ROUND.has(name)));
  return JSON.stringify([session.principal.id, session.id, method, digestOfRequest(asked)]);
}

function digestOfRequest(text: string): string {
  try {
    return digestOf(text);
  } catch (error) {
    // Without a canonical form a request is only like itself, to the letter.
    if (error instanceof NotCanonicalError) return sha256(text);
    throw error;
  }
}
