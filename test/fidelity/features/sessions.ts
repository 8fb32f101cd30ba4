/* Who the agent is, and what lives longer than a request. */
import { said } from '../client/client.ts';
import { parse } from '../lossless.ts';
import type { Json } from '../types.ts';
import { legacyOnly, type Feature } from './feature.ts';

const STATUS = 'notifications/tasks/status';

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
];
