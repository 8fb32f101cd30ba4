import type { Catalog, CatalogTool } from '../catalog/types.ts';
import type { AgentRequest, AgentSession } from '../downstream/types.ts';
import { rpcError } from '../json/frame.ts';
import { elements, members, stringOf } from '../json/slice.ts';
import { declaresTasks, TASKS_NOT_DECLARED } from '../json/tasks-extension.ts';
import type { Era, Principal, RawJson, RawReply, ServerName } from '../model.ts';
import type { LookThrough } from '../pipeline/look-through.ts';
import type { InspectStage } from '../pipeline/stages/inspect.ts';
import type { Call, Outcome } from '../pipeline/types.ts';
import { mayUse } from '../policy/grants.ts';
import type { ServedTools } from '../policy/served.ts';
import type { Agents } from './agents.ts';
import type { Method } from './content.ts';
import { lookedThroughTask } from './detailed-task.ts';
import { isTask, type KnownTasks } from './known-tasks.ts';
import { refuseCursor } from './paging.ts';
import { paramsOf, passOn } from './passing.ts';

/** Pages of one server's list of tasks that are read. */
const MAX_PAGES = 16;

/** What the results of tasks are looked through by: the stage that does it for calls. */
export type InspectResult = InspectStage['run'];

/** What tasks are answered from. */
export interface TasksDeps {
  readonly agents: Agents;
  readonly catalog: Catalog;
  readonly served: ServedTools;
  readonly inspect: InspectResult;
  readonly lookThrough: LookThrough;
  readonly known: KnownTasks;
  /** True while some server has the extension for tasks (2026-07-28). */
  extension(): boolean;
}

type Refused = Extract<RawReply, { readonly error: RawJson }>;

const UNKNOWN: Refused = { error: rpcError(-32602, 'Unknown task') };
const AMBIGUOUS: Refused = { error: rpcError(-32602, 'Several servers gave a task this id: nobody can tell which is meant') };
const NO_METHOD: Refused = { error: rpcError(-32601, 'Method not found') };
const NOT_DECLARED: Refused = { error: TASKS_NOT_DECLARED };
const UNASKED: RawReply = { error: rpcError(-32603, 'The server made a task of the call, which this client did not declare it can use. The call was made.') };

/** Methods of tasks, by era. */
const METHODS: Readonly<Record<Era, ReadonlySet<string>>> = {
  legacy: new Set(['tasks/get', 'tasks/result', 'tasks/list', 'tasks/cancel']),
  modern: new Set(['tasks/get', 'tasks/update', 'tasks/cancel']),
};

/**
 * Tasks that servers make of calls: of the legacy era (2025-11-25, experimental) where the agent asks for it, and of the
 * modern one (the extension `io.modelcontextprotocol/tasks`) where the server likes to. A principal reaches those its own
 * calls became, over its session's own connection to their server, and only as long as it may call the tool.
 */
export class Tasks {
  readonly methods: readonly (readonly [string, Method])[] = [
    ['tasks/get', (request) => this.#get(request)],
    ['tasks/update', (request) => this.#pass(request)],
    ['tasks/cancel', (request) => this.#pass(request)],
    ['tasks/result', (request) => this.#result(request)],
    ['tasks/list', (request) => this.#list(request)],
  ];
  readonly #deps: TasksDeps;
  readonly #known: KnownTasks;

  constructor(deps: TasksDeps) {
    this.#deps = deps;
    this.#known = deps.known;
  }

  /** A call of the legacy era that asked to become a task was answered. */
  began({ principal }: AgentSession, requested: string, reply: RawReply): void {
    const tool = this.#deps.catalog.find(requested);
    if (tool !== undefined && 'result' in reply) this.#known.remember(principal.id, tool, reply.result);
  }

  /** The outcome of any call: one that a server made a task of is remembered, or refused to who cannot use it. */
  made({ principal, tool }: Pick<Call, 'principal' | 'tool'>, usesTasks: boolean, outcome: Outcome): Outcome {
    if (tool === undefined || !('result' in outcome.reply) || !isTask(outcome.reply.result)) return outcome;
    if (!usesTasks) return { ...outcome, kind: 'protocol_error', reply: UNASKED };
    this.#known.remember(principal.id, tool, outcome.reply.result, 'modern');
    return outcome;
  }

  async #get(request: AgentRequest): Promise<RawReply> {
    const { era, principal } = request.session;
    if (era === 'legacy') return this.#pass(request);
    const tool = this.#toolOf(request);
    if ('error' in tool) return tool;
    const reply = await this.#send(request, tool);
    // How long a task is kept may change while it lasts.
    if ('result' in reply) this.#known.remember(principal.id, tool, reply.result, 'modern');
    return lookedThroughTask(reply, tool, principal, this.#deps);
  }

  async #pass(request: AgentRequest): Promise<RawReply> {
    const tool = this.#toolOf(request);
    return 'error' in tool ? tool : this.#deps.lookThrough(tool.server, await this.#send(request, tool));
  }

  async #result(request: AgentRequest): Promise<RawReply> {
    const tool = this.#toolOf(request);
    if ('error' in tool) return tool;
    const reply = await this.#send(request, tool);
    if ('error' in reply) return reply;
    const outcome: Outcome = { kind: 'ok', code: undefined, reply, truncated: false };
    return (await this.#deps.inspect({ principal: request.session.principal, route: 'direct', tool, findings: [] }, outcome)).reply;
  }

  #send(request: AgentRequest, tool: CatalogTool): Promise<RawReply> {
    return passOn(this.#deps.agents, request, {
      server: tool.server,
      own: [['taskId', paramsOf(request).get('taskId') ?? '""']],
      stillServed: () => this.#deps.served.isServed(tool),
      unserved: UNKNOWN,
      // A result is waited for as long as the task takes; meanwhile the server may be silent.
      patient: request.method === 'tasks/result',
    });
  }

  async #list(request: AgentRequest): Promise<RawReply> {
    const refused = this.#unspoken(request) ?? refuseCursor(request);
    if (refused !== undefined) return refused;
    const { principal } = request.session;
    const lists = await Promise.all([...this.#known.servers(principal.id)].map((server) => this.#listOf(request, server)));
    return { result: `{"tasks":[${lists.flat().join(',')}]}` };
  }

  /** The tasks a server lists that are the principal's own; none when it does not list them. */
  async #listOf(request: AgentRequest, server: ServerName): Promise<readonly RawJson[]> {
    const { agents, served, lookThrough } = this.#deps;
    const found: RawJson[] = [];
    let cursor: RawJson | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const answer = await passOn(agents, request, {
        server,
        own: cursor === undefined ? [] : [['cursor', cursor]],
        without: ['cursor'],
        stillServed: () => [...served.servers()].includes(server),
        unserved: UNKNOWN,
      });
      const reply = await lookThrough(server, answer);
      const all = 'result' in reply ? members(reply.result) : undefined;
      for (const task of elements(all?.get('tasks') ?? '') ?? []) if (this.#isOwn(request.session.principal, server, task)) found.push(task);
      cursor = all?.get('nextCursor');
      if (cursor?.startsWith('"') !== true) break;
    }
    return found;
  }

  #isOwn(principal: Principal, server: ServerName, task: RawJson): boolean {
    const id = stringOf(members(task)?.get('taskId'));
    return id !== undefined && this.#known.find(principal.id, id).some(({ tool }) => tool.server === server && mayUse(principal, tool));
  }

  #toolOf(request: AgentRequest): CatalogTool | Refused {
    const { era, principal } = request.session;
    const refused = this.#unspoken(request);
    if (refused !== undefined) return refused;
    const id = stringOf(paramsOf(request).get('taskId'));
    const [one, another] = id === undefined ? [] : this.#known.find(principal.id, id, era);
    if (another !== undefined) return AMBIGUOUS;
    return one === undefined || !mayUse(principal, one.tool) || !this.#deps.served.isServed(one.tool) ? UNKNOWN : one.tool;
  }

  /** The refusal of a method that this agent has no tasks for. */
  #unspoken({ method, session: { era, capabilities } }: AgentRequest): Refused | undefined {
    if (!METHODS[era].has(method)) return NO_METHOD;
    if (era === 'legacy' || declaresTasks(capabilities)) return undefined;
    return this.#deps.extension() ? NOT_DECLARED : NO_METHOD;
  }
}
