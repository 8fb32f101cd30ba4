/* Who the agent is, and what lives longer than a request. */
import { said } from '../client/client.ts';
import { number, parse } from '../lossless.ts';
import type { Json } from '../types.ts';
import { legacyOnly, type Feature } from './feature.ts';

const STATUS = 'notifications/tasks/status';

const NEWS = 'notifications/tasks';
const modernTasksOnly: Feature['without'] = ({ agent, upstream }) => (agent === 'modern' && upstream === 'modern' ? undefined : 'an extension of 2026-07-28');

export const SESSION_FEATURES: readonly Feature[] = [
  {
    name: 'who the agent is',
    without: ({ agent, upstream }) => (agent === upstream ? undefined : 'each era says it its own way'),
    run: async (side) => parse(said(await side.call('who'))),
  },
  {
    name: 'tasks',
    without: legacyOnly,
    async run(side) {
      const begin = async (args: Json): Promise<{ readonly began: Json; readonly taskId: unknown }> => {
        const began = (await side.call('echo', args, { task: { ttl: 60_000, 'x-task': 1 }, _meta: { a: 1 } })).reply;
        return { began, taskId: ((began['result'] as Json)['task'] as Json)['taskId'] };
      };
      const request = (method: string, taskId: unknown): Promise<unknown> => side.client.request(method, { taskId, 'x-later': 1 });
      const [first, second] = [await begin({ a: 1 }), await begin({ ends: true })];
      const { params: status } = await side.client.hears(STATUS);
      return {
        capability: ((side.opened['result'] as Json)['capabilities'] as Json)['tasks'],
        began: [first.began, second.began],
        status,
        result: await request('tasks/result', second.taskId),
        got: await request('tasks/get', first.taskId),
        list: await side.list('tasks/list', 'tasks'),
        cancelled: await request('tasks/cancel', first.taskId),
        after: await request('tasks/get', first.taskId),
        unknown: await Promise.all(['tasks/get', 'tasks/result', 'tasks/cancel'].map((method) => request(method, 'no such task'))),
      };
    },
  },
  {
    name: 'tasks of the modern era',
    without: modernTasksOnly,
    async run(side) {
      const begin = async (becomes: Json): Promise<{ readonly began: Json; readonly taskId: string }> => {
        const began = (await side.call('echo', { becomes }, { 'x-later': 1, _meta: { a: 1 } })).reply;
        return { began, taskId: String((began['result'] as Json)['taskId']) };
      };
      const request = async (method: string, taskId: string, more: Json = {}): Promise<unknown> => (await side.client.request(method, { taskId, 'x-later': 1, ...more })).reply;
      const question = { method: 'elicitation/create', params: { message: 'Who?', requestedSchema: { type: 'object', properties: {} }, 'x-q': 1 } };
      const link = { type: 'resource_link', uri: 'fixture://blob', name: 'blob' };
      const tasks = {
        working: await begin({}),
        asking: await begin({ status: 'input_required', inputRequests: { 'kéy': question } }),
        done: await begin({ status: 'completed', result: { content: [{ type: 'text', text: 'ünï' }, link], structuredContent: { n: number('12345678901234567890') }, _meta: { r: 1 } } }),
        failed: await begin({ status: 'failed', error: { code: -32603, message: 'broke', data: { n: number('1.10') } } }),
      };
      const got = async (): Promise<unknown> => Object.fromEntries(await Promise.all(Object.entries(tasks).map(async ([name, { taskId }]) => [name, await request('tasks/get', taskId)] as const)));
      const before = await got();
      const { taskId } = tasks.asking;
      side.client.send('subscriptions/listen', { notifications: { taskIds: [taskId, 'no such task'] } }).answer.catch(() => undefined);
      const { params: acknowledged } = await side.client.hears('notifications/subscriptions/acknowledged', side.client.count('notifications/subscriptions/acknowledged') + 1);
      const updated = await request('tasks/update', taskId, { inputResponses: { 'kéy': { action: 'accept', content: { n: number('9007199254740993') } } } });
      const { params: news } = await side.client.hears(NEWS);
      return {
        capability: (((side.opened['result'] as Json)['capabilities'] as Json)['extensions'] as Json)['io.modelcontextprotocol/tasks'],
        began: Object.values(tasks).map(({ began }) => began),
        before,
        acknowledged: { taskIds: (acknowledged?.['notifications'] as Json)['taskIds'] },
        updated,
        news,
        cancelled: await request('tasks/cancel', tasks.working.taskId),
        after: await got(),
        removed: await Promise.all(['tasks/result', 'tasks/list'].map(async (method) => (((await request(method, taskId)) as Json)['error'] as Json)['code'])),
        unknown: await Promise.all(['tasks/get', 'tasks/update', 'tasks/cancel'].map(async (method) => (((await request(method, 'no such task')) as Json)['error'] as Json)['code'])),
      };
    },
  },
];
