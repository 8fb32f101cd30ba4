import { AgentRequestError, type AgentRequest } from '../downstream/types.ts';
import { rpcError } from '../json/frame.ts';
import { members, stringOf, withMembers } from '../json/slice.ts';
import type { RawJson, RawReply, ServerName } from '../model.ts';
import type { Found, LookAside } from '../pipeline/look-aside.ts';
import type { ClientRequest } from '../upstream/types.ts';
import { isMet, requirementOf } from './bridge/requirements.ts';
import { isSafeElicitation } from './elicitation.ts';
import { exposedQuestion } from './exposed-question.ts';
import type { Exposure } from './notifications.ts';

/** Puts one request to an agent, on whichever of its streams is right. */
export type Ask = AgentRequest['request'];

/** Tasks and progress tokens of an agent that upstreams may still ask for. */
const MAX_REMEMBERED = 256;

const WITHHELD: RawReply = { error: rpcError(-32603, 'The question was withheld: it held a secret, or instructions to the model') };
const UNSUPPORTED: RawReply = { error: rpcError(-32601, 'Method not found') };

/** What of an agent is asked for: what it can do, and under which name it hears who asks. */
export interface Asked {
  /** Raw capabilities. */
  readonly capabilities: RawJson;
  /** How the names of the server that asks look to the agent. */
  exposureOf(server: ServerName): Exposure;
  /** True while a person has everything of this server paused. */
  isPaused(server: ServerName): boolean;
  /** What is done about what questions hold. */
  readonly look: Pick<LookAside, 'question'>;
}

/**
 * What upstreams ask of one agent (sampling, elicitation, roots, and tasks made of them). Everything passes as it is,
 * both ways, but for the progress token, which is ours, the words a person reads, which say who asks, and what is taken out
 * or marked of the rest as in results.
 */
export class Asking {
  readonly #agent: Asked;
  /** Our progress tokens of questions under way, with who asked and with which token. */
  readonly #progress = new Map<RawJson, { readonly server: ServerName; readonly token: RawJson }>();
  /** Ids of tasks the agent made of questions, with who asked. */
  readonly #tasks = new Map<string, ServerName>();
  #tokens = 0;

  constructor(agent: Asked) {
    this.#agent = agent;
  }

  /** Puts a request of `server` to the agent by `ask`. Never rejects: whatever fails is an answer. */
  async ask(server: ServerName, { method, params: said, signal }: ClientRequest, ask: Ask, found?: Found): Promise<RawReply> {
    const refused = this.#refusal(server, method, said);
    if (refused !== undefined) return refused;
    // Questions without params take the same turn: what is asked together arrives in order.
    const params = await (said === undefined ? Promise.resolve(undefined) : this.#agent.look.question(server, said, found));
    if (said !== undefined && params === undefined) return WITHHELD;
    const token = params === undefined ? undefined : members(members(params)?.get('_meta') ?? '')?.get('progressToken');
    const own = token === undefined ? undefined : JSON.stringify(`asked-${++this.#tokens}`);
    if (own !== undefined && token !== undefined) this.#progress.set(own, { server, token });
    try {
      const reply = await ask(method, this.#relayed(server, method, params, own), { signal });
      if ('result' in reply) this.#rememberTask(server, reply.result);
      return reply;
    } catch (error) {
      if (!(error instanceof AgentRequestError)) throw error;
      return { error: rpcError(CODES[error.kind], TEXTS[error.kind]) };
    } finally {
      if (own !== undefined) this.#progress.delete(own);
    }
  }

  /** Who asked what the agent makes progress with, and its params for them; undefined for a token that is not known. */
  progressOf(params: RawJson): { readonly server: ServerName; readonly params: RawJson } | undefined {
    const asked = this.#progress.get(members(params)?.get('progressToken') ?? '');
    return asked && { server: asked.server, params: withMembers(params, { progressToken: asked.token }) };
  }

  /** Who asked what became this task of the agent's. */
  askerOfTask(params: RawJson | undefined): ServerName | undefined {
    const id = taskIdIn(params);
    return id === undefined ? undefined : this.#tasks.get(id);
  }

  #refusal(server: ServerName, method: string, params: RawJson | undefined): RawReply | undefined {
    if (this.#agent.isPaused(server)) return UNSUPPORTED;
    const requirement = requirementOf(method, params);
    if (requirement === undefined || !isMet(requirement, this.#agent.capabilities)) return UNSUPPORTED;
    if (requirement.capability === 'tasks' && method !== 'tasks/list' && this.askerOfTask(params) !== server) {
      return { error: rpcError(-32602, 'Unknown task') };
    }
    // What the agent lists may be tasks of other servers.
    if (method === 'tasks/list') return UNSUPPORTED;
    if (method === 'elicitation/create' && !isSafeElicitation(params)) {
      return { error: rpcError(-32602, 'The URL must be https, or http on this computer') };
    }
    return undefined;
  }

  #relayed(server: ServerName, method: string, params: RawJson | undefined, token: RawJson | undefined): RawJson | undefined {
    if (params === undefined) return undefined;
    const exposed = exposedQuestion(server, this.#agent.exposureOf(server), method, params);
    return token === undefined ? exposed : withMembers(exposed, { _meta: withMembers(members(params)?.get('_meta'), { progressToken: token }) });
  }

  #rememberTask(server: ServerName, result: RawJson): void {
    if (!result.includes('"task"')) return;
    const id = taskIdIn(members(result)?.get('task'));
    if (id === undefined) return;
    this.#tasks.set(id, server);
    const [oldest] = this.#tasks.keys();
    if (this.#tasks.size > MAX_REMEMBERED && oldest !== undefined) this.#tasks.delete(oldest);
  }
}

function taskIdIn(object: RawJson | undefined): string | undefined {
  return object === undefined ? undefined : stringOf(members(object)?.get('taskId'));
}

const CODES: Readonly<Record<AgentRequestError['kind'], number>> = {
  unsupported: -32601,
  'no-stream': -32603,
  overloaded: -32000,
  timeout: -32001,
  cancelled: -32000,
  closed: -32000,
};
const TEXTS: Readonly<Record<AgentRequestError['kind'], string>> = {
  unsupported: 'Method not found',
  'no-stream': 'The client cannot be reached right now',
  overloaded: 'The client has too many requests to answer',
  timeout: 'The client did not answer in time',
  cancelled: 'The request this belongs to is over',
  closed: 'The client is gone',
};
