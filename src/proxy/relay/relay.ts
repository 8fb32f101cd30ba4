import type { CatalogTool } from '../catalog/types.ts';
import type { AgentHandler, AgentRequest, AgentSession } from '../downstream/types.ts';
import { rpcError } from '../json/frame.ts';
import { members, stringOf, withMembers } from '../json/slice.ts';
import { declaresTasks } from '../json/tasks-extension.ts';
import { traceparentOf } from '../json/trace-context.ts';
import type { CallTracer } from '../tracing/types.ts';
import type { Journal } from '../journal/types.ts';
import type { MenuCall, MenuCaller, MenuTool } from '../menu/types.ts';
import type { Era, Principal, RawJson, RawReply } from '../model.ts';
import type { AnswerRules } from '../pipeline/answer-rules.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Call, Outcome } from '../pipeline/types.ts';
import type { Neighbours } from '../upstream/neighbours.ts';
import { ParkedCalls } from './bridge/parked-calls.ts';
import { consentAsker } from './consent-form.ts';
import type { ContentRelay, Method } from './content.ts';
import { headerMismatch } from './header-mismatch.ts';
import { finishedAtOnce, linkRequestOf } from './link.ts';
import { ListWatch } from './list-watch.ts';
import { progressTokenOf, relayedMeta } from './meta.ts';
import type { TokenMeter } from './token-meter.ts';
import type { ToolLists } from './tool-lists.ts';

const LIST_CHANGED = 'notifications/tools/list_changed';

/** What the relay answers from. */
export interface RelayDeps {
  /** Everything beside tools. */
  readonly content: ContentRelay;
  readonly lists: ToolLists;
  readonly meter: TokenMeter;
  readonly menu: readonly MenuTool[];
  readonly pipeline: Pipeline;
  /** What is done with answers of calls that begin now. */
  answerRules(): AnswerRules;
  /** Makes spans of calls, while somebody wants them. */
  tracer(): CallTracer | undefined;
  readonly journal: Pick<Journal, 'append'>;
  readonly neighbours: Pick<Neighbours, 'answering'>;
  /** Resolves when what is approved at start (`approveAll`) has been listed; undefined when there is nothing to wait for. */
  ready(): Promise<void> | undefined;
  instructions(principal: Principal): string | undefined;
  /** An agent's session began or ended. */
  sessionsChanged(): void;
}

/** Answers agents: lists what they may see, and sends every call into the pipeline. */
export class Relay implements AgentHandler {
  readonly #deps: RelayDeps;
  readonly #menu: ReadonlyMap<string, MenuTool>;
  readonly #sessions = new Set<AgentSession>();
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #watch: ListWatch;
  readonly #parked = new ParkedCalls();
  #calls = 0;

  constructor(deps: RelayDeps) {
    this.#deps = deps;
    this.#menu = new Map(deps.menu.map((tool) => [tool.name, tool]));
    this.#methods = new Map<string, Method>([
      ['tools/list', (request) => this.#list(request)],
      ['tools/call', (request) => this.#call(request)],
      ...deps.content.methods,
    ]);
    this.#watch = new ListWatch([{ notification: LIST_CHANGED, of: (session) => deps.lists.definitions(session) }, ...deps.content.lists]);
  }

  handle(request: AgentRequest): RawReply | Promise<RawReply> {
    const method = this.#methods.get(request.method);
    if (method === undefined) return { error: rpcError(-32601, 'Method not found') };
    const ready = this.#deps.ready();
    return ready === undefined ? this.#answer(request, method) : ready.then(() => this.#answer(request, method));
  }

  #answer(request: AgentRequest, method: Method): RawReply | Promise<RawReply> {
    return this.#headerMismatch(request) ?? this.#parked.answer(request, method);
  }

  describe(principal: Principal, era: Era): { readonly capabilities: RawJson; readonly instructions: string | undefined } {
    return { capabilities: this.#deps.content.capabilities(era), instructions: this.#deps.instructions(principal) };
  }

  opened(session: AgentSession): void {
    this.#sessions.add(session);
    this.#deps.content.agents.opened(session);
    this.#watch.told(session);
    this.#deps.meter.opened(session);
    this.#deps.sessionsChanged();
  }

  closed(session: AgentSession): void {
    this.#sessions.delete(session);
    this.#parked.closed(session);
    this.#deps.content.agents.closed(session);
    this.#deps.content.taskListeners.closed(session);
    this.#deps.meter.closed(session);
    this.#deps.sessionsChanged();
  }

  notified(session: AgentSession, method: string, params: RawJson | undefined): void {
    this.#deps.content.agents.of(session).said(method, params);
  }

  listening(session: AgentSession, uris: ReadonlySet<string>): void {
    void this.#deps.content.listening(session, uris);
  }

  hear(session: AgentSession, taskIds: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    return this.#deps.content.taskListeners.hear(session, taskIds);
  }

  unhear(session: AgentSession, taskIds: ReadonlySet<string>): void {
    this.#deps.content.taskListeners.unhear(session, taskIds);
  }

  /** Tells every session of those of its lists that changed. */
  announce(): void {
    this.#watch.announce(this.#sessions);
  }

  /** Has other gateways list anew, although their lists did not change: others are behind this one. */
  announceToGateways(): void {
    for (const session of this.#sessions) if (this.#deps.lists.isGateway(session)) session.notify(LIST_CHANGED);
  }

  /** Runs a call that came through a menu tool or from a person. */
  async run(menuCall: MenuCall): Promise<Outcome> {
    const call = this.#begin(menuCall);
    const usesTasks = call.route !== 'code' && menuCall.caller.usesTasks === true;
    const tracer = this.#deps.tracer();
    if (tracer === undefined) return this.#deps.content.tasks.made(call, usesTasks, await this.#deps.pipeline.run(call));
    const { principal, requested, route, session, startedAt } = call;
    const span = tracer.start({ startedAt, traceparent: traceparentOf(call.meta), requested, route, agent: principal.id, session: session.id });
    const traced: Call = { ...call, meta: withMembers(call.meta, { traceparent: JSON.stringify(span.traceparent) }) };
    const outcome = await this.#deps.pipeline.run(traced);
    span.end({ server: traced.tool?.server, tool: traced.tool?.name, outcome: outcome.kind, code: outcome.code });
    return this.#deps.content.tasks.made(traced, usesTasks, outcome);
  }

  #begin(call: MenuCall): Call {
    return {
      id: this.#nextId(),
      parent: call.parent,
      startedAt: Date.now(),
      startedTick: performance.now(),
      route: call.route,
      principal: call.caller.principal,
      session: call.caller.session,
      requested: call.requested,
      readOnly: call.readOnly,
      argumentsText: call.argumentsText,
      meta: call.caller.meta,
      signal: call.caller.signal,
      onProgress: call.caller.onProgress,
      onNotification: call.caller.onNotification,
      tool: undefined,
      findings: [],
      paid: { rates: false, budget: false },
      answerRules: this.#deps.answerRules(),
    };
  }

  /** The refusal of a modern call whose headers say something else than its arguments. */
  #headerMismatch(request: AgentRequest): RawReply | undefined {
    const name = request.method === 'tools/call' ? request.mirror?.('mcp-name') : undefined;
    const tool = typeof name === 'string' ? this.#deps.lists.find(request.session.principal, name) : undefined;
    return tool === undefined ? undefined : headerMismatch(request, tool);
  }

  #list({ session, params }: AgentRequest): RawReply {
    const { lists, neighbours } = this.#deps;
    const gateways = neighbours.answering(params);
    if (gateways !== undefined && lists.takeAsGateway(session)) this.#watch.told(session);
    return { result: `{"tools":[${lists.definitions(session).join(',')}]${gateways === undefined ? '' : `,"_meta":${gateways}`}}` };
  }

  async #call(request: AgentRequest): Promise<RawReply> {
    const params = request.params === undefined ? undefined : members(request.params);
    const name = stringOf(params?.get('name'));
    const argumentsText = params?.get('arguments');
    if (params === undefined || name === undefined) {
      return { error: rpcError(-32602, 'tools/call needs a string "name" and, if any, an object "arguments"') };
    }
    const own = this.#menu.get(name);
    const caller = this.#callerOf(request, params, own === undefined ? isExtra : isRetry);
    if (own?.offered() === true) return this.#callMenu(own, argumentsText, caller);
    this.#deps.lists.used(request.session, name);
    const { reply } = await this.run({ caller, route: 'direct', requested: name, readOnly: false, argumentsText });
    if (params.has('task')) this.#deps.content.tasks.began(request.session, name, reply);
    return reply;
  }

  async #callMenu(tool: MenuTool, argumentsText: RawJson | undefined, caller: MenuCaller): Promise<RawReply> {
    const startedAt = Date.now();
    const startedTick = performance.now();
    const id = this.#nextId();
    const reply = await tool.run(argumentsText, { ...caller, callId: id });
    // Calls that go through the pipeline are recorded there, under the tool they reach.
    if (tool.name !== 'call_tool' && tool.name !== 'call_tool_read') {
      const answer = 'result' in reply ? reply.result : reply.error;
      this.#deps.journal.append({
        time: startedAt,
        id,
        session: caller.session.id,
        agent: caller.principal.id,
        client: caller.session.client,
        server: '',
        tool: tool.name,
        digest: undefined,
        route: 'menu',
        arguments: argumentsText,
        outcome: 'result' in reply ? (members(reply.result)?.get('isError') === 'true' ? 'tool_error' : 'ok') : 'protocol_error',
        code: undefined,
        durationMs: Math.round((performance.now() - startedTick) * 100) / 100,
        bytesIn: argumentsText === undefined ? 0 : Buffer.byteLength(argumentsText),
        bytesOut: Buffer.byteLength(answer),
        truncated: false,
        findings: [],
        traceparent: undefined,
        answer,
      });
    }
    return reply;
  }

  /** @param passes which members of the params go along to the upstream */
  #callerOf(request: AgentRequest, params: ReadonlyMap<string, RawJson>, passes: (name: string) => boolean): MenuCaller {
    const { session, signal } = request;
    const { agents } = this.#deps.content;
    const meta = params.get('_meta');
    const token = progressTokenOf(meta);
    return {
      principal: session.principal,
      session: {
        id: session.id,
        client: `${session.client.name} ${session.client.version}`,
        connect: (server, atOnce) => {
          const along = linkRequestOf(agents.of(session), params, passes);
          return agents.connect(server, request, atOnce === true ? finishedAtOnce(along) : along);
        },
        askConsent: consentAsker(session, (method, params, options) => request.request(method, params, options)),
        continues: params.get('requestState'),
        hasMore: params.size > 1 + Number(params.has('arguments')) + Number(meta !== undefined),
      },
      meta: relayedMeta(meta),
      signal,
      onProgress:
        token === undefined
          ? undefined
          : (params) => request.notify('notifications/progress', withMembers(params, { progressToken: token })),
      onNotification: ({ method, params }) => request.notify(method, params),
      usesTasks: session.era === 'modern' && declaresTasks(session.capabilities),
      promote: (tools) => this.#promote(request, tools),
    };
  }

  #promote(request: AgentRequest, tools: readonly CatalogTool[]): number {
    if (!this.#deps.lists.promotes(request.session)) return 0;
    const { listed, changed } = this.#deps.lists.promote(request.session, tools);
    // On the search's own stream: nothing else is sure to arrive before its answer.
    if (changed) {
      this.#watch.told(request.session);
      request.notify(LIST_CHANGED);
    }
    return listed;
  }

  #nextId(): string {
    this.#calls++;
    return `${PROCESS_ID}-${this.#calls.toString(36)}`;
  }
}

/** What a call holds beyond what we read of it: tasks, answers to questions, and what later revisions add. */
function isExtra(member: string): boolean {
  return member !== 'name' && member !== 'arguments';
}

/** Of a call of the menu only what makes it the repetition of one that was interrupted by questions (2026-07-28). */
function isRetry(member: string): boolean {
  return member === 'inputResponses' || member === 'requestState';
}

/** Distinguishes the calls of one process from those of the next in the journal. */
const PROCESS_ID = Math.trunc(Math.random() * 36 ** 6)
  .toString(36)
  .padStart(6, '0');
