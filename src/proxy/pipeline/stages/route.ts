import type { Catalog, CatalogTool } from '../../catalog/types.ts';
import { canonicalJson, sha256 } from '../../json/canonical.ts';
import { members, stringOf } from '../../json/slice.ts';
import { toolId, type RawJson, type ServerName } from '../../model.ts';
import type { Flow } from '../../policy/flow/flow.ts';
import type { Outliers } from '../../policy/flow/outliers.ts';
import type { Routes } from '../../policy/flow/routes.ts';
import { isRiskier, mayUse } from '../../policy/grants.ts';
import type { ServedTools } from '../../policy/served.ts';
import type { Clock } from '../../clock.ts';
import { asksFirst } from '../asks-first.ts';
import { toolOf } from '../call.ts';
import { firstAnswer, type Taken } from '../hedge.ts';
import type { Call, InboundStage, Next, Outcome } from '../types.ts';

/** What `route` needs. */
export interface RouteDeps {
  readonly flow: Flow;
  readonly catalog: Pick<Catalog, 'find'>;
  readonly served: Pick<ServedTools, 'isServed'>;
  /** Makes a copy of a call at another server, through the whole pipeline. */
  readonly copy: (call: Call, copy: CallCopy) => Promise<unknown>;
}

/** A copy of a call, to be made. */
export interface CallCopy {
  readonly route: 'mirror' | 'hedge';
  /** Id of the tool. */
  readonly requested: string;
  /** As the agent wrote them. */
  readonly argumentsText: RawJson | undefined;
  readonly signal: AbortSignal;
}

interface Copy {
  readonly original: Outcome;
  end: 'same' | 'different' | 'failed';
}

/** Refusals that a call of ours got before anything reached its server, and that another server may not have. */
const NOT_TAKEN: ReadonlySet<unknown> = new Set(['upstream_unavailable', 'circuit_open', 'overloaded', 'auth_required']);
/** Questions that may be open at stand-ins at once; the oldest are forgotten. */
const MAX_ASKED = 1_000;
/** Longer answers are told apart by how they ended only. Characters. */
const MAX_COMPARED = 256 * 1024;

/**
 * Which of the servers that offer a tool gets a call, where a person says that there are several: a share of sessions
 * goes to a canary; what a server does not take goes to the next; a read that is not answered in time is asked of the
 * next as well; copies of read-only calls go to a mirror. Every stage after this one runs anew for each server that is
 * tried, so that its own approvals, rules, limits and breaker hold.
 */
export function createRoute({ catalog, copy, flow, served }: RouteDeps): InboundStage & { readonly name: 'route' } {
  /** Copies under way, by the call they are of. */
  const copies = new Map<string, Copy>();
  /** Who waits for the outcome of a second call, by the call it is of. */
  const hedges = new Map<string, (taken: Taken) => void>();
  /** Stand-ins that answered with a question (2026-07-28), by the tool that was asked for and the state to come back. */
  const asked = new Map<string, ServerName>();

  /** Remembers who asked, for the server a call is for may have the same state of its own. */
  function noteQuestion(outcome: Outcome, target: CatalogTool, own: CatalogTool): void {
    const state = stateOf(outcome);
    if (state === undefined) return;
    const key = keyOf(own, state);
    asked.delete(key);
    if (target === own) return;
    asked.set(key, target.server);
    if (asked.size > MAX_ASKED) for (const [oldest] of asked) if (asked.delete(oldest)) break;
  }

  /** The same tool at another server, if the caller may use it there and nobody would take it for something safer. */
  function standIn(server: ServerName, { principal }: Call, own: CatalogTool): CatalogTool | undefined {
    const found = server === own.server ? undefined : catalog.find(toolId(server, own.shownName));
    return found !== undefined && served.isServed(found) && mayUse(principal, found) && !isRiskier(found.tier, own.tier) ? found : undefined;
  }

  async function routed(call: Call, own: CatalogTool, routes: Routes, next: Next): Promise<Outcome> {
    const { argumentsText, signal, session } = call;
    const canaryServer = routes.canary(own, session.id);
    const canary = canaryServer === undefined ? undefined : standIn(canaryServer, call, own);
    // A call that goes on with questions goes where they were asked.
    if (session.continues !== undefined) {
      const asker = asked.get(keyOf(own, stringOf(session.continues) ?? ''));
      const target = (asker === undefined ? canary : standIn(asker, call, own)) ?? own;
      call.tool = target;
      if (target !== own) call.insteadOf = own.server;
      const outcome = await next();
      noteQuestion(outcome, target, own);
      return outcome;
    }
    const { config, outliers } = routes;
    const order = config.hedge === undefined && outliers === undefined ? undefined : inOrder([...targets(call, own, canary, routes)], outliers);
    let atOwn: { readonly outcome: Outcome; readonly argumentsText: RawJson | undefined } | undefined;
    const tried = new Set<CatalogTool>();
    for (const first of order ?? targets(call, own, canary, routes)) {
      if (tried.has(first)) continue;
      Object.assign(call, { tool: first, argumentsText, signal });
      const second = tried.size === 0 ? order?.[1] : undefined;
      const afterMs = second === undefined || call.session.hasMore === true ? undefined : routes.hedgeAfterMs(own, first.server);
      const { outcome, target, more } = second === undefined || afterMs === undefined ? { outcome: await next(), target: first, more: undefined } : await hedged(call, { first, second, afterMs, routes }, next);
      tried.add(first);
      // What the server itself says is needed where nobody takes a call.
      if (more !== undefined && more !== own) tried.add(more);
      if (target === own) atOwn = { outcome, argumentsText: call.argumentsText };
      if (!signal.aborted && goesOn(outcome, target, own)) continue;
      noteQuestion(outcome, target, own);
      if (target === more) routes.hedgeWon();
      if (target !== own) {
        call.insteadOf = own.server;
        if (target !== more) routes.took(target === canary ? 'canary' : 'failover');
      }
      return outcome;
    }
    // None of them took it: what its own server said is what is true of it.
    if (atOwn === undefined) throw new Error('a call was not tried at its own server');
    Object.assign(call, { tool: own, argumentsText: atOwn.argumentsText, signal });
    return atOwn.outcome;
  }

  /** Which servers are tried; some several times. */
  function* targets(call: Call, own: CatalogTool, canary: CatalogTool | undefined, { failover }: Routes): Iterable<CatalogTool> {
    if (canary !== undefined) yield canary;
    yield own;
    for (const server of failover) {
      const target = standIn(server, call, own);
      if (target !== undefined) yield target;
    }
  }

  /**
   * A read at one server and, when that does not answer in time and the budget allows, at a second one as well.
   * @returns whose answer it is, with the call standing as that server got it; `more`: the second, where it was asked
   */
  async function hedged(call: Call, { afterMs, first, routes, second }: { readonly first: CatalogTool; readonly second: CatalogTool; readonly afterMs: number; readonly routes: Routes }, next: Next): Promise<{ readonly outcome: Outcome; readonly target: CatalogTool; readonly more: CatalogTool | undefined }> {
    const { argumentsText, id, signal } = call;
    const leaving = new AbortController();
    if (signal.aborted) leaving.abort(signal.reason);
    // The call itself has to stay untouched until it is known which of the two it was.
    const leave = (): void => leaving.abort(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    const atFirst: Call = { ...call, signal: leaving.signal };
    const running = next(atFirst).then((outcome): Taken => ({ outcome, target: first, argumentsText: atFirst.argumentsText }));
    const wanted = !(await endsWithin(running, afterMs, flow.clock)) && atFirst.waitsForPerson !== true && !signal.aborted && routes.spendHedge();
    let taken: Taken;
    if (wanted) {
      const stopping = new AbortController();
      const end = new Promise<Taken | undefined>((resolve) => {
        hedges.set(id, resolve);
        const ended = (): void => {
          hedges.delete(id);
          resolve(undefined);
        };
        copy(call, { route: 'hedge', requested: second.id, argumentsText, signal: AbortSignal.any([signal, stopping.signal]) }).then(ended, ended);
      });
      taken = await firstAnswer(
        { end: running, callOff: () => leaving.abort() },
        { end, callOff: () => stopping.abort() },
        { first: (outcome) => signal.aborted || !goesOn(outcome, first, first), second: ({ kind, reply }) => kind === 'ok' && 'result' in reply && !asksFirst(reply.result) },
      );
    } else taken = await running;
    signal.removeEventListener('abort', leave);
    Object.assign(call, { tool: taken.target, argumentsText: taken.argumentsText, signal });
    return { outcome: taken.outcome, target: taken.target, more: wanted ? second : undefined };
  }

  function mirror(call: Call, own: CatalogTool, argumentsText: RawJson | undefined, routes: Routes, outcome: Outcome): void {
    if (outcome.kind === 'refused' || outcome.kind === 'ambiguous') return;
    const server = routes.mirror(own, call.id);
    const target = server === undefined || server === call.tool?.server ? undefined : standIn(server, call, own);
    const ended = target && routes.beginMirror();
    if (target === undefined || ended === undefined) return;
    const made: Copy = { original: outcome, end: 'failed' };
    copies.set(call.id, made);
    void copy(call, { route: 'mirror', requested: target.id, argumentsText, signal: new AbortController().signal })
      .catch(() => undefined)
      .then(() => {
        copies.delete(call.id);
        ended(made.end);
      });
  }

  async function asCopy(call: Call, next: Next): Promise<Outcome> {
    const outcome = await next();
    const copied = copies.get(call.parent ?? '');
    if (copied !== undefined) copied.end = comparison(copied.original, outcome);
    return outcome;
  }

  async function asSecond(call: Call, own: CatalogTool, next: Next): Promise<Outcome> {
    const outcome = await next();
    hedges.get(call.parent ?? '')?.({ outcome, target: own, argumentsText: call.argumentsText });
    return outcome;
  }

  async function asOriginal(call: Call, own: CatalogTool, routes: Routes, next: Next): Promise<Outcome> {
    const { argumentsText } = call;
    const outcome = await routed(call, own, routes, next);
    mirror(call, own, argumentsText, routes, outcome);
    return outcome;
  }

  return {
    name: 'route',
    phase: 'in',
    run(call, next) {
      if (call.route === 'mirror') return asCopy(call, next);
      const own = toolOf(call);
      if (call.route === 'hedge') return asSecond(call, own, next);
      const routes = flow.of(own.server)?.routes;
      return routes === undefined || !served.isServed(own) ? next() : asOriginal(call, own, routes, next);
    },
  };
}

/** Each of these once, and last those that are taken out: nobody is left without an answer for them. */
function inOrder(targets: readonly CatalogTool[], outliers: Outliers | undefined): readonly CatalogTool[] {
  const all = [...new Set(targets)];
  if (outliers === undefined) return all;
  const isIn = ({ server }: CatalogTool): boolean => !outliers.isOut(server);
  return [...all.filter(isIn), ...all.filter((target) => !isIn(target))];
}

/** Whether something ends within some milliseconds. */
function endsWithin(promise: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.later(ms, () => resolve(false));
    const ended = (): void => {
      timer.dispose();
      resolve(true);
    };
    promise.then(ended, ended);
  });
}

/** Whether another server may still take a call. What may have taken effect is sent nowhere else, unless it only reads. */
function goesOn({ code, kind }: Outcome, target: CatalogTool, own: CatalogTool): boolean {
  if (kind === 'ambiguous') return target.tier === 'read';
  if (kind !== 'refused') return false;
  // A stand-in that a rule of its own keeps from the call did not take it; a person's no is an answer.
  return target === own ? NOT_TAKEN.has(code) : code !== 'consent_declined';
}

/** The state that a question of a server is to be answered with. */
function stateOf({ reply }: Outcome): string | undefined {
  if (!('result' in reply) || !reply.result.includes('"requestState"')) return undefined;
  return stringOf(members(reply.result)?.get('requestState'));
}

function keyOf({ id }: CatalogTool, state: string): string {
  return `${id} ${sha256(state)}`;
}

function comparison(original: Outcome, copied: Outcome): Copy['end'] {
  if (copied.kind === 'refused' || copied.kind === 'ambiguous') return 'failed';
  return copied.kind === original.kind && textOf(copied) === textOf(original) ? 'same' : 'different';
}

function textOf({ reply }: Outcome): string {
  const raw = 'result' in reply ? reply.result : reply.error;
  if (raw.length > MAX_COMPARED) return '';
  try {
    return canonicalJson(raw);
  } catch {
    return raw;
  }
}
