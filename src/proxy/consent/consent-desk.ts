import { randomUUID } from 'node:crypto';
import type { CatalogTool } from '../catalog/types.ts';
import { isCopy, type DecisionEntry } from '../journal/types.ts';
import { digestOf, NotCanonicalError, sha256 } from '../json/canonical.ts';
import type { Digest, RawJson, ServerName } from '../model.ts';
import { QuestionLines } from './question-lines.ts';
import { decidedFor } from './standing.ts';
import type { AskPerson, ConsentAnswer, ConsentMode, ConsentOptions, ConsentRequest, ConsentStore, ConsentVerdict, NoConsent, StandingConsent } from './types.ts';

const ANSWER_WITHIN_MS = 120_000;
/** How long a consent for a session holds, in milliseconds: modern agents have no session that ends. */
const SESSION_MS = 12 * 60 * 60 * 1000;
/** Longer arguments are not kept to compare the next ones with. */
const MAX_REMEMBERED_ARGUMENTS = 256 * 1024;
const MAX_REMEMBERED = 100;
/** Calls that upstreams interrupted with questions and that may be repeated without another. */
const MAX_INTERRUPTED = 500;
const INTERRUPTED_MS = 10 * 60_000;

/** What a desk works with. */
export interface ConsentDeskDeps extends ConsentOptions {
  readonly store: ConsentStore;
  /** The tools of a server that are served now. */
  readonly toolsOf: (server: ServerName) => Iterable<CatalogTool>;
  /** Writes down an answer, or that there was none. */
  readonly journal: (decision: DecisionEntry) => void;
  /** Hears of decisions that could not be kept. */
  readonly onUnkept: (error: unknown) => void;
  /** Milliseconds since epoch. */
  readonly now?: () => number;
}

const ALLOWED: ConsentVerdict = { allowed: true };

/**
 * Decides whether a call has a person's consent, and asks where it takes one. Questions to the same person wait in
 * line, and each is looked at again when its turn comes, since the answer before may have settled it. An answer
 * belongs to the one call it was asked for: what it allows beyond that is written down as a consent of its own.
 */
export class ConsentDesk {
  readonly #deps: ConsentDeskDeps;
  /** Tells this run from every other: what was allowed for a session ends with both. */
  readonly #run = randomUUID();
  readonly #now: () => number;
  /** The sessions, as consents name them, that something was allowed for. */
  readonly #sessions = new Set<Digest>();
  readonly #lines = new QuestionLines();
  /** Arguments last allowed by a person, by tool; the oldest give way. */
  readonly #lastAllowed = new Map<string, RawJson>();

  /** Until when the repetition of an interrupted call counts as the same, in milliseconds since epoch; oldest first. */
  readonly #interrupted = new Map<string, number>();

  constructor(deps: ConsentDeskDeps) {
    this.#deps = deps;
    this.#now = deps.now ?? Date.now;
  }

  /** Whether the call may go on: a promise only where somebody has to be asked. Never rejects. */
  decide(request: ConsentRequest): ConsentVerdict | Promise<ConsentVerdict> {
    return this.#settled(request) ?? this.#asked(request);
  }

  async #asked(request: ConsentRequest): Promise<ConsentVerdict> {
    // Nobody is asked about a copy.
    if (isCopy(request.route)) return { allowed: false, why: 'nobody-to-ask' };
    const asked = this.#deps.ask === undefined ? request.askAgent : { line: 'here', ask: this.#deps.ask };
    if (asked === undefined) return this.#refuse(request, 'nobody-to-ask', 'nobody');
    const verdict = await this.#lines.inTurn(asked.line, request.signal, async () => this.#settled(request) ?? this.#put(request, asked.ask));
    return typeof verdict === 'string' ? this.#refuse(request, verdict, verdict === 'cancelled' ? 'agent' : 'limit') : verdict;
  }

  /** An allowed call was answered with questions of the upstream's: its repetition with this raw state is the same call, once. */
  interrupted(request: ConsentRequest, state: RawJson): void {
    if (defaultOf(this.#deps.mode, request) === 'allow' && this.#deps.store.of(request.tool.server, request.tool.name).length === 0) return;
    this.#interrupted.set(interruptionKey(request, state), Date.now() + INTERRUPTED_MS);
    const [oldest] = this.#interrupted.keys();
    if (this.#interrupted.size > MAX_INTERRUPTED && oldest !== undefined) this.#interrupted.delete(oldest);
  }

  /** Takes back what was allowed for sessions of this run, which ends. */
  async end(): Promise<void> {
    const { store, onUnkept } = this.#deps;
    const mine = store.all.filter((consent) => consent.kind === 'session' && this.#sessions.has(consent.session));
    if (mine.length > 0) await store.revoke(mine).catch(onUnkept);
  }

  /** What needs no question; undefined when it takes one. */
  #settled(request: ConsentRequest): ConsentVerdict | undefined {
    const { tool, principal } = request;
    const byDefault = defaultOf(this.#deps.mode, request);
    const known = this.#deps.store.of(tool.server, tool.name);
    // Most calls end here: nothing was ever decided about the tool, and it needs no consent.
    if (known.length === 0 && byDefault === 'allow') return ALLOWED;
    const decided = decidedFor(known, this.#queryOf(request, known.some(({ kind }) => kind === 'arguments')));
    if (decided === 'never') return { allowed: false, why: 'never' };
    if (byDefault === 'deny') return { allowed: false, why: 'destructive' };
    if (decided === 'tool' || decided === 'arguments' || decided === 'session') return ALLOWED;
    if (this.#resumes(request)) return ALLOWED;
    if (decided === 'ask') return principal.kind === 'person' ? ALLOWED : undefined;
    return byDefault === 'allow' ? ALLOWED : undefined;
  }

  /** True for the repetition of a call that was allowed and then interrupted. Uses it up. */
  #resumes(request: ConsentRequest): boolean {
    if (request.continues === undefined) return false;
    const key = interruptionKey(request, request.continues);
    const until = this.#interrupted.get(key) ?? 0;
    this.#interrupted.delete(key);
    return until > Date.now();
  }

  async #put(request: ConsentRequest, ask: AskPerson): Promise<ConsentVerdict> {
    const { tool, principal, client, route, argumentsText } = request;
    const timeout = AbortSignal.timeout(this.#deps.timeoutMs ?? ANSWER_WITHIN_MS);
    const signal = AbortSignal.any([request.signal, timeout]);
    const everyCall = this.#deps.mode === 'ask' || decidedFor(this.#deps.store.of(tool.server, tool.name), this.#queryOf(request, false)) === 'ask';
    const question = { tool, principal, client, route, argumentsText, lastAllowed: this.#lastAllowed.get(tool.id), everyCall, signal };
    const answer = await Promise.race([
      Promise.resolve(ask(question)).catch((): ConsentAnswer => 'decline'),
      new Promise<'void'>((resolve) => signal.addEventListener('abort', () => resolve('void'), { once: true })),
    ]);
    // An answer that comes too late is none, whatever it says.
    if (timeout.aborted) return this.#refuse(request, 'timeout', 'timeout');
    if (request.signal.aborted || answer === 'void') return this.#refuse(request, 'cancelled', 'agent');
    if (answer === undefined) return this.#refuse(request, 'nobody-to-ask', 'nobody');
    return this.#take(request, answer);
  }

  async #take(request: ConsentRequest, answer: ConsentAnswer): Promise<ConsentVerdict> {
    const { tool, principal, argumentsText } = request;
    const by = this.#deps.ask === undefined ? `person at ${principal.id}` : 'person';
    if (answer === 'decline') return this.#refuse(request, 'declined', by);
    this.#journal(request, `consent-${answer}`, by);
    const standing = this.#standingOf(request, answer);
    if (standing.length > 0) await this.#deps.store.add(standing).catch(this.#deps.onUnkept);
    if (answer === 'never') return { allowed: false, why: 'never' };
    this.#remember(tool, argumentsText);
    return ALLOWED;
  }

  #standingOf(request: ConsentRequest, answer: ConsentAnswer): readonly StandingConsent[] {
    const { tool, principal } = request;
    const base = { server: tool.server, at: this.#now() };
    const bound = { ...base, principal: principal.id };
    switch (answer) {
      case 'once':
      case 'decline':
        return [];
      case 'session': {
        const session = this.#sessionOf(request);
        this.#sessions.add(session);
        return [{ kind: 'session', ...bound, tool: tool.name, digest: tool.digest, session, until: base.at + SESSION_MS }];
      }
      case 'arguments': {
        const digest = argumentsDigest(request.argumentsText);
        return digest === undefined ? [] : [{ kind: 'arguments', ...bound, tool: tool.name, digest: tool.digest, arguments: digest }];
      }
      case 'tool':
        return [{ kind: 'tool', ...bound, tool: tool.name, digest: tool.digest }];
      case 'server':
        return [...this.#deps.toolsOf(tool.server)].map(({ name, digest }) => ({ kind: 'tool', ...bound, tool: name, digest }));
      case 'ask':
        return [{ kind: 'ask', ...base, tool: tool.name }];
      case 'never':
        return [{ kind: 'never', ...bound, tool: tool.name }];
    }
  }

  #refuse(request: ConsentRequest, why: NoConsent, by: string): ConsentVerdict {
    this.#journal(request, 'consent-decline', by);
    return { allowed: false, why };
  }

  #journal({ tool }: ConsentRequest, action: DecisionEntry['action'], by: string): void {
    this.#deps.journal({ time: Date.now(), by, action, server: tool.server, subject: tool.name, digest: tool.digest });
  }

  #remember({ id }: CatalogTool, argumentsText: RawJson): void {
    this.#lastAllowed.delete(id);
    if (argumentsText.length > MAX_REMEMBERED_ARGUMENTS) return;
    this.#lastAllowed.set(id, argumentsText);
    const [oldest] = this.#lastAllowed.keys();
    if (this.#lastAllowed.size > MAX_REMEMBERED && oldest !== undefined) this.#lastAllowed.delete(oldest);
  }

  /** Of a session its digest is kept, with the run: an id on disk would be of use to others. */
  #sessionOf({ session }: ConsentRequest): Digest {
    return sha256(JSON.stringify([this.#run, session]));
  }

  #queryOf(request: ConsentRequest, withArguments: boolean) {
    const { tool, principal, argumentsText } = request;
    return {
      principal: principal.id,
      server: tool.server,
      tool: tool.name,
      digest: tool.digest,
      arguments: withArguments ? argumentsDigest(argumentsText) : undefined,
      session: this.#sessionOf(request),
      now: this.#now(),
    };
  }
}

function interruptionKey({ principal, session, tool, argumentsText }: ConsentRequest, state: RawJson): string {
  return sha256(JSON.stringify([principal.id, session, tool.id, tool.digest, argumentsText, state]));
}

/** What happens to a call that nobody decided anything about. */
export function defaultOf(mode: ConsentMode, { tool, principal, route }: Pick<ConsentRequest, 'tool' | 'principal' | 'route'>): 'allow' | 'ask' | 'deny' {
  // A person who calls a tool has decided already.
  if (tool.tier === 'read' || principal.kind === 'person') return 'allow';
  switch (mode) {
    case 'client':
      return 'allow';
    case 'ask':
      return 'ask';
    case 'deny-destructive':
      return tool.tier === 'destructive' ? 'deny' : 'allow';
    case 'first-use':
      // A direct call of the editor's own agent: the editor has just asked, by the tool's own name.
      return tool.tier !== 'destructive' || (principal.kind === 'editor' && route === 'direct') ? 'allow' : 'ask';
  }
}

/** Two calls have the same arguments when their canonical JSON is; such without a canonical form are like no others. */
function argumentsDigest(text: RawJson): Digest | undefined {
  try {
    return digestOf(text);
  } catch (error) {
    if (error instanceof NotCanonicalError) return undefined;
    throw error;
  }
}
