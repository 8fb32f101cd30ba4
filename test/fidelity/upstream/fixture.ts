/*
 * The server the matrix compares by: everything MCP has, in one era, without any SDK, so that what it sends and says
 * it was sent is to the letter. `serve.ts` gives it a transport.
 */
import { number, stringify } from '../lossless.ts';
import type { Era, Json, Message } from '../types.ts';
import { contentsOf, FLEETING, INSTRUCTIONS, PROMPTS, RESOURCES, TEMPLATES, TOOLS } from './definitions.ts';

const P = 'io.modelcontextprotocol/';
const PAGE = 3;
const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];
const CAPABILITIES: Json = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  completions: {},
  logging: {},
};
const MODERN_TASKS = { extensions: { [`${P}tasks`]: {} } };
const LEGACY_TASKS = { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } };

/** Sends a message. `during` is the request it belongs to, for transports that can tell; `split` writes it in pieces that cut characters. */
export type Send = (message: Message & { readonly jsonrpc: '2.0' }, during: Message['id'], split?: boolean) => void;

interface Call {
  readonly id: number | string;
  readonly args: Json;
  readonly params: Json;
  readonly meta: Json;
  readonly reply: (result: Json, split?: boolean) => void;
  readonly notify: (method: string, params?: Json) => void;
}

/** A task of the modern era, as it is now. */
interface ModernTask {
  task: Json;
  readonly answers: Record<string, unknown>;
}

interface Task {
  task: Json;
  readonly result: Json;
  waiting: (() => void)[];
}

const text = (value: unknown): Json => ({ content: [{ type: 'text', text: typeof value === 'string' ? value : stringify(value) }] });
const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});

/** One connection of the legacy era, or all requests of the modern one. */
export class Fixture {
  readonly #era: Era;
  readonly #send: Send;
  /** Requests and notifications as they came. */
  readonly #said: Message[] = [];
  readonly #cancelled: Json[] = [];
  readonly #answers = new Map<string, (message: Message) => void>();
  readonly #held = new Map<string, Call>();
  readonly #tasks = new Map<string, Task>();
  readonly #modernTasks = new Map<string, ModernTask>();
  readonly #listens = new Map<number | string, Json>();
  readonly #watched = new Set<string>();
  /** Lists from which what is fleeting is taken out. */
  readonly #without = new Set<string>();
  #level = 0;
  #asked = 0;
  #question: { readonly id: string; readonly during: Message['id'] } | undefined;

  constructor(era: Era, send: Send) {
    this.#era = era;
    this.#send = send;
  }

  receive(message: Message): void {
    const { id, method, params = {} } = message;
    if (method === undefined) {
      this.#answers.get(String(id))?.(message);
      return;
    }
    this.#said.push(message);
    if (id === undefined) {
      if (method === 'notifications/cancelled') this.#cancel(params);
      return;
    }
    this.#answer(id, method, params);
  }

  /** The client closed the response of a request, which is how it cancels one in the modern era over HTTP. */
  closed(id: number | string): void {
    this.#listens.delete(id);
    this.#cancel({ requestId: id });
  }

  #cancel(params: Json): void {
    for (const [key, call] of this.#held) {
      if (call.id !== params['requestId']) continue;
      this.#held.delete(key);
      this.#cancelled.push(params);
    }
  }

  #answer(id: number | string, method: string, params: Json): void {
    const reply = (result: Json, split?: boolean): void => this.#send({ jsonrpc: '2.0', id, result: this.#era === 'legacy' ? result : completed(method, result) }, id, split);
    const refuse = (code: number, message: string, data?: Json): void => this.#send({ jsonrpc: '2.0', id, error: { code, message, ...(data && { data }) } }, id);
    const handlers = this.#era === 'legacy' ? this.#legacy : this.#modern;
    const handler = handlers[method] ?? this.#both[method];
    if (handler === undefined) refuse(-32601, 'Method not found');
    else handler({ id, params, reply, refuse });
  }

  readonly #both: Record<string, (request: Request) => void> = {
    'tools/list': ({ params, reply }) => reply(this.#page('tools', TOOLS, params)),
    'prompts/list': ({ params, reply }) => reply(this.#page('prompts', PROMPTS, params)),
    'resources/list': ({ params, reply }) => reply(this.#page('resources', RESOURCES, params)),
    'resources/templates/list': ({ params, reply }) => reply(this.#page('resourceTemplates', TEMPLATES, params)),
    'resources/read': ({ params, reply, refuse }) => {
      const uri = String(params['uri']);
      const contents = contentsOf(uri);
      if (contents === undefined) refuse(this.#era === 'legacy' ? -32002 : -32602, 'Resource not found', { uri, 'x-data': [1] });
      else reply({ contents, _meta: { read: 1 }, 'x-result': { params: relevant(params) } });
    },
    'prompts/get': ({ params, reply, refuse }) => {
      if (params['name'] === 'third') return refuse(-32602, 'Cannot be got', { why: ['unknown', number('12345678901234567890')] });
      reply({
        description: 'What was asked for',
        messages: [
          { role: 'user', content: { type: 'text', text: stringify(relevant(params)), annotations: { audience: ['user'] } }, 'x-m': 1 },
          { role: 'assistant', content: { type: 'image', data: 'AAA=', mimeType: 'image/png' } },
          { role: 'user', content: { type: 'resource', resource: { uri: 'fixture://text', text: 'hello', _meta: { r: 1 } } } },
          { role: 'user', content: { type: 'resource_link', uri: 'fixture://blob', name: 'blob' } },
          { role: 'user', content: { type: 'x-hologram', rays: [1, 2] } },
        ],
        _meta: { p: 1 },
        'x-result': 1,
      });
    },
    'completion/complete': ({ params, reply }) => reply({ completion: { values: [stringify(relevant(params)), 'ünï'], total: 2, hasMore: true, 'x-c': 1 }, _meta: { c: 1 } }),
    'tools/call': (request) => this.#call(request),
  };

  readonly #legacy: Record<string, (request: Request) => void> = {
    'tasks/get': (request) => this.#task(request, ({ task }) => request.reply({ ...task, _meta: { t: 1 } })),
    'tasks/cancel': (request) => this.#task(request, (known) => request.reply((known.task = { ...known.task, status: 'cancelled', statusMessage: 'You said so' }))),
    initialize: ({ params, reply }) =>
      reply({ protocolVersion: params['protocolVersion'], capabilities: { ...CAPABILITIES, ...LEGACY_TASKS }, serverInfo: { name: 'fixture', version: '1' }, instructions: INSTRUCTIONS }),
    ping: ({ reply }) => reply({}),
    'logging/setLevel': ({ params, reply }) => {
      this.#level = LEVELS.indexOf(String(params['level']));
      reply({});
    },
    'resources/subscribe': ({ params, reply }) => {
      this.#watched.add(String(params['uri']));
      reply({});
    },
    'resources/unsubscribe': ({ params, reply }) => {
      this.#watched.delete(String(params['uri']));
      reply({});
    },
    'tasks/result': (request) =>
      this.#task(request, (known) => {
        const done = (): void => request.reply({ ...known.result, _meta: { [`${P}related-task`]: { taskId: known.task['taskId'] }, own: 1 } });
        if (known.task['status'] === 'working') known.waiting.push(done);
        else done();
      }),
    'tasks/list': ({ reply }) => reply({ tasks: [...this.#tasks.values()].map(({ task }) => task), _meta: { l: 1 } }),
  };

  readonly #modern: Record<string, (request: Request) => void> = {
    'server/discover': ({ reply }) => reply({ supportedVersions: ['2026-07-28'], capabilities: { ...CAPABILITIES, ...MODERN_TASKS }, instructions: INSTRUCTIONS }),
    'tasks/get': (request) => this.#modernTask(request, ({ task }) => request.reply({ ...task, _meta: { t: 1 }, 'x-later': request.params['x-later'] })),
    'tasks/update': (request) => this.#modernTask(request, (known) => this.#updated(request, known)),
    'tasks/cancel': (request) =>
      this.#modernTask(request, (known) => {
        known.task = { ...known.task, status: 'cancelled', statusMessage: 'You said so' };
        request.reply({ 'x-r': 1 });
      }),
    'subscriptions/listen': ({ id, params }) => {
      const asked = object(params['notifications']);
      const taskIds = asked['taskIds'] as readonly string[] | undefined;
      const wanted = taskIds === undefined ? asked : { ...asked, taskIds: taskIds.filter((one) => this.#modernTasks.has(one)) };
      this.#listens.set(id, wanted);
      this.#send({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { notifications: wanted, _meta: { [`${P}subscriptionId`]: id } } }, id);
    },
  };

  #page(member: string, whole: readonly Json[], params: Json): Json {
    const all = this.#without.has(member) ? whole.filter(({ name }) => name !== FLEETING) : whole;
    const { cursor } = params;
    const from = typeof cursor === 'string' ? Number(cursor.slice('page '.length)) : 0;
    const next = from + PAGE < all.length ? { nextCursor: `page ${from + PAGE}` } : {};
    return { [member]: all.slice(from, from + PAGE), ...next };
  }

  #call({ id, params, reply, refuse }: Request): void {
    const meta = object(params['_meta']);
    const call: Call = {
      id,
      args: object(params['arguments']),
      params,
      meta,
      reply,
      notify: (method, content) => this.#send({ jsonrpc: '2.0', method, ...(content && { params: content }) }, id),
    };
    if (params['task'] !== undefined) return this.#begin(call, object(params['task']));
    if (this.#era === 'modern' && call.args['becomes'] !== undefined) return this.#beginModern(call, object(call.args['becomes']));
    const run = this.#runs[String(params['name'])];
    if (run === undefined) refuse(-32602, `Unknown tool: ${String(params['name'])}`);
    else void run(call, refuse);
  }

  readonly #runs: Record<string, (call: Call, refuse: Request['refuse']) => unknown> = {
    /** Says what it was sent. */
    echo: ({ params, reply }) => reply(text(relevant(params))),
    annotated: ({ reply }) => reply({ content: [{ type: 'text', text: '{"value":1.10}' }], structuredContent: { value: number('1.10') } }),
    panel: ({ reply }) => reply({ ...text('shown'), _meta: { ui: { resourceUri: 'ui://fixture/panel.html' } } }),
    /** Answers with this very result. */
    answer: ({ args, reply }) => reply(object(args['result'])),
    /** Answers with this very error. */
    fail: ({ args }, refuse) => refuse(Number(args['code']), String(args['message']), object(args['data'])),
    /** Says whatever else of this method it was sent. */
    said: ({ args, reply }) => reply(text(this.#said.filter(({ method }) => method === args['method']).map(({ params }) => relevant(params ?? {})))),
    /** Says who called: what `initialize` held, or the envelope of this call. */
    who: ({ meta, reply }) => reply(text(this.#era === 'legacy' ? this.#said.find(({ method }) => method === 'initialize')?.params : Object.fromEntries(Object.entries(meta).filter(([key]) => ENVELOPE.has(key))))),
    /** Asks the client within this call, and says what it answered. */
    ask: (call) => this.#ask(call, [{ method: String(call.args['method']), params: call.args['params'] as Json | undefined }]),
    /** Asks two questions, one after the other. */
    askTwice: (call) => this.#ask(call, [{ method: 'roots/list', params: undefined }, { method: String(call.args['method']), params: call.args['params'] as Json | undefined }]),
    /** Asks the client on no request's stream. */
    askAside: async ({ args, reply }) => reply(text(await this.#question_(String(args['method']), args['params'] as Json | undefined, undefined))),
    /** Withdraws the question that is open. */
    cancelQuestion: ({ args, reply }) => {
      const { id, during } = this.#question ?? {};
      this.#send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id, ...args } }, during);
      if (id !== undefined) this.#answers.get(id)?.({ result: { withdrawn: true } });
      reply(text('withdrawn'));
    },
    /** Needs a page to be visited first (-32042), and says that it was. */
    elicitUrl: ({ args, notify, reply }, refuse) => {
      const elicitations = [{ mode: 'url', elicitationId: 'e-1', url: 'https://auth.example/start?x=1', message: 'Sign in', 'x-e': 1 }];
      if (args['done'] !== true) return refuse(-32042, 'This needs a page to be visited', { elicitations, 'x-data': 1 });
      notify('notifications/elicitation/complete', { elicitationId: 'e-1', 'x-n': 1 });
      reply(text('visited'));
    },
    /** Sends notifications within this call. */
    notify: ({ args, notify, reply }) => {
      for (const { method, params } of args['messages'] as { readonly method: string; readonly params?: Json }[]) notify(method, params);
      reply(text('notified'));
    },
    /** Reports progress of every form. */
    progress: ({ meta, notify, reply }) => {
      const progressToken = meta['progressToken'];
      if (progressToken === undefined) return reply(text('no token'));
      notify('notifications/progress', { progressToken, progress: 0 });
      notify('notifications/progress', { progressToken, progress: number('0.50'), total: 1, message: 'half ½', 'x-n': number('12345678901234567890'), _meta: { p: 1 } });
      notify('notifications/progress', { progressToken, progress: 1, total: 1 });
      reply(text(typeof progressToken === 'string' || Number.isInteger(progressToken) ? 'a token' : 'no token of MCP'));
    },
    /** One log message of each level the client wants. */
    log: ({ meta, notify, reply }) => {
      const wanted = meta[`${P}logLevel`];
      const least = this.#era === 'legacy' ? this.#level : typeof wanted === 'string' ? LEVELS.indexOf(wanted) : LEVELS.length;
      for (const level of LEVELS.slice(least)) notify('notifications/message', { level, logger: 'db/pool', data: { text: 'ünï', n: number('12345678901234567890') }, 'x-n': 1 });
      notify('notifications/message', { level: 'emergency', data: 'no logger' });
      reply(text('logged'));
    },
    /** Answers once `release` is called with the same key, unless it is cancelled. */
    hold: (call) => void this.#held.set(String(call.args['key']), call),
    held: ({ args, reply }) => reply(text(this.#held.has(String(args['key'])))),
    release: ({ args, reply }) => {
      const held = this.#held.get(String(args['key']));
      this.#held.delete(String(args['key']));
      held?.reply(text('released'));
      reply(text({ wasHeld: held !== undefined, cancelled: this.#cancelled.length }));
    },
    /** So many bytes, in one text or in structured content. */
    large: ({ args, reply }) => {
      const bytes = 'ä€𝄞x'.repeat(Math.ceil(Number(args['bytes']) / 10));
      reply(args['structured'] === true ? { content: [], structuredContent: { bytes } } : text(bytes));
    },
    /** An answer that arrives in pieces, each of which may end within a character. */
    chunks: ({ params, reply }) => reply(text({ 'ä€𝄞': 'äöü€𝄞👩‍👩‍👧 \u2028\u0000', said: relevant(params) }), true),
    /** A list changes, or a resource. */
    change: ({ args, reply }) => {
      if (args['uri'] !== undefined) this.#tell('notifications/resources/updated', { uri: args['uri'], 'x-n': 1 });
      else {
        const list = String(args['list']);
        if (!this.#without.delete(list)) this.#without.add(list);
        this.#tell(`notifications/${list}/list_changed`);
      }
      reply(text('changed'));
    },
  };

  /** Says that something changed, to who asked for it. */
  #tell(method: string, params?: Json): void {
    if (this.#era === 'legacy') {
      if (params === undefined || this.#watched.has(String(params['uri']))) this.#send({ jsonrpc: '2.0', method, ...(params && { params }) }, undefined);
      return;
    }
    for (const [id, wanted] of this.#listens) {
      const list = /^notifications\/(\w+)\/list_changed$/.exec(method)?.[1];
      const wants = method === 'notifications/tasks' ? (wanted['taskIds'] as string[] | undefined)?.includes(String(params?.['taskId'])) === true : list === undefined ? (wanted['resourceSubscriptions'] as string[] | undefined)?.includes(String(params?.['uri'])) === true : wanted[`${list}ListChanged`] === true;
      if (wants) this.#send({ jsonrpc: '2.0', method, params: { ...params, _meta: { [`${P}subscriptionId`]: id } } }, id);
    }
  }

  async #ask(call: Call, questions: readonly { readonly method: string; readonly params: Json | undefined }[]): Promise<void> {
    if (this.#era === 'legacy') {
      const answers: unknown[] = [];
      for (const { method, params } of questions) answers.push(await this.#question_(method, params, call.id));
      return call.reply(text(answers));
    }
    // Answers so far travel in the state, which the client has to bring back to the byte.
    const state = call.params['requestState'];
    const before = typeof state === 'string' ? (JSON.parse(state.slice('state: '.length)) as { readonly answers: unknown[] }).answers : [];
    const given = object(call.params['inputResponses']);
    const answers = state === undefined ? before : [...before, { result: object(given[`question ${before.length}`]) }];
    const next = questions[answers.length];
    if (next === undefined) return call.reply(text(answers));
    const { method, params } = next;
    call.reply({
      resultType: 'input_required',
      inputRequests: { [`question ${answers.length}`]: { method, ...(params && { params }) } },
      requestState: `state: ${stringify({ answers, pad: 'ünï \\ "' })}`,
    });
  }

  #question_(method: string, params: Json | undefined, during: Message['id']): Promise<Json> {
    const id = `asked-${++this.#asked}`;
    return new Promise((resolve) => {
      this.#question = { id, during };
      this.#answers.set(id, ({ result, error }) => {
        this.#answers.delete(id);
        resolve(error === undefined ? { result } : { error });
      });
      this.#send({ jsonrpc: '2.0', id, method, ...(params && { params }) }, during);
    });
  }

  #begin(call: Call, wanted: Json): void {
    const taskId = `task-${this.#tasks.size + 1}`;
    const at = '2026-01-12T15:00:58Z';
    const known: Task = {
      task: { taskId, status: 'working', statusMessage: 'begun', createdAt: at, lastUpdatedAt: at, ttl: wanted['ttl'] ?? null, pollInterval: 50, 'x-t': 1 },
      result: { ...text(relevant(call.params)), 'x-result': 1 },
      waiting: [],
    };
    this.#tasks.set(taskId, known);
    call.reply({ task: known.task, _meta: { [`${P}model-immediate-response`]: 'begun' } });
    if (object(call.args)['ends'] !== true) return;
    setImmediate(() => {
      known.task = { ...known.task, status: 'completed' };
      this.#send({ jsonrpc: '2.0', method: 'notifications/tasks/status', params: { ...known.task, _meta: { s: 1 } } }, undefined);
      for (const done of known.waiting) done();
    });
  }

  /** Makes a task (SEP-2663) that is as the call says. */
  #beginModern(call: Call, state: Json): void {
    const taskId = `täsk-${this.#modernTasks.size + 1}`;
    const at = '2026-07-28T15:00:58Z';
    const seed = { taskId, status: 'working', statusMessage: 'begun', createdAt: at, lastUpdatedAt: at, ttlMs: 60_000, pollIntervalMs: 50, 'x-t': number('12345678901234567890') };
    this.#modernTasks.set(taskId, { task: { ...seed, ...state, ...(state['result'] !== undefined && { result: { ...object(state['result']), 'x-said': relevant(call.params) } }) }, answers: {} });
    call.reply({ resultType: 'task', ...seed, _meta: { made: 1 } });
  }

  #updated({ params, reply }: Request, known: ModernTask): void {
    Object.assign(known.answers, params['inputResponses']);
    const { inputRequests, ...task } = known.task;
    known.task = { ...task, status: 'completed', result: { ...text({ answers: known.answers, of: Object.keys(object(inputRequests)), more: params['x-later'] }), 'x-result': 1 } };
    reply({});
    this.#tell('notifications/tasks', known.task);
  }

  #modernTask({ params, refuse }: Request, use: (known: ModernTask) => void): void {
    const known = this.#modernTasks.get(String(params['taskId']));
    if (known === undefined) refuse(-32602, 'Unknown task');
    else use(known);
  }

  #task({ params, refuse }: Request, use: (known: Task) => void): void {
    const known = this.#tasks.get(String(params['taskId']));
    if (known === undefined) refuse(-32602, 'Unknown task');
    else use(known);
  }
}

interface Request {
  readonly id: number | string;
  readonly params: Json;
  readonly reply: (result: Json, split?: boolean) => void;
  readonly refuse: (code: number, message: string, data?: Json) => void;
}

/** What a server says it was sent: without what belongs to each leg (see `rewritten.ts`). */
function relevant(params: Json): Json {
  const { _meta: meta, ...rest } = params;
  const kept = Object.entries(object(meta)).filter(([key]) => key !== 'progressToken' && !ENVELOPE.has(key));
  return kept.length === 0 ? rest : { ...rest, _meta: Object.fromEntries(kept) };
}

const ENVELOPE: ReadonlySet<string> = new Set(['protocolVersion', 'clientInfo', 'clientCapabilities', 'logLevel'].map((name) => P + name));
const CACHEABLE: ReadonlySet<string> = new Set(['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list', 'resources/read', 'server/discover']);

/** What 2026-07-28 requires of every result. */
function completed(method: string, result: Json): Json {
  return {
    resultType: 'complete',
    ...(CACHEABLE.has(method) && { ttlMs: 0, cacheScope: 'private' }),
    ...result,
    _meta: { ...object(result['_meta']), [`${P}serverInfo`]: { name: 'fixture', version: '1' } },
  };
}
