/* Prompts, resources, templates, completion, subscriptions, lists and their changes, instructions. */
import type { Client } from '../client/client.ts';
import type { Side } from '../side.ts';
import type { Json } from '../types.ts';
import type { Feature } from './feature.ts';

const LISTS = [
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resourceTemplates'],
] as const;

/** Makes a client hear of changes, the way of its era. */
async function listen(client: Client, notifications: Json): Promise<() => void> {
  if (client.era === 'legacy') {
    for (const uri of (notifications['resourceSubscriptions'] ?? []) as string[]) await client.request('resources/subscribe', { uri });
    return () => undefined;
  }
  const closing = new AbortController();
  client.send('subscriptions/listen', { notifications }, { signal: closing.signal }).answer.catch(() => undefined);
  await client.hears('notifications/subscriptions/acknowledged');
  return () => closing.abort();
}

const changes = (client: Client, method: string): readonly Json[] => client.heard.filter((message) => message.method === method).map(({ params = {} }) => params);

const UPDATED = 'notifications/resources/updated';

export const CONTENT_FEATURES: readonly Feature[] = [
  {
    name: 'pagination',
    run: async (side) => Object.fromEntries(await Promise.all(LISTS.map(async ([method, member]) => [member, await side.list(method, member)]))) as Json,
  },
  {
    name: 'resources',
    run: async (side) => ({
      list: await side.list('resources/list', 'resources'),
      text: await side.client.request('resources/read', { uri: 'fixture://text', 'x-later': 1, _meta: { a: 1 } }),
      several: await side.client.request('resources/read', { uri: 'fixture://blob' }),
    }),
  },
  {
    name: 'resource templates',
    run: async (side) => ({
      list: await side.list('resources/templates/list', 'resourceTemplates'),
      read: await side.client.request('resources/read', { uri: 'fixture://items/a%2Fb?page=2&size=3' }),
      another: await side.client.request('resources/read', { uri: 'fixture://files/x/y.txt' }),
    }),
  },
  {
    name: 'subscriptions',
    async run(side) {
      const watching = await side.another();
      const stop = await listen(watching, { resourceSubscriptions: ['fixture://watched'] });
      const change = (uri: string): Promise<unknown> => side.call('change', { uri }, {}, { client: watching });
      await change('fixture://text');
      await change('fixture://watched');
      await watching.hears(UPDATED);
      const heard = changes(watching, UPDATED);
      if (watching.era === 'modern') stop();
      else await watching.request('resources/unsubscribe', { uri: 'fixture://watched' });
      return heard;
    },
  },
  {
    name: 'lists that change',
    async run(side) {
      const stop = await listen(side.client, { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true });
      const seen: unknown[] = [];
      const lists = LISTS.slice(0, 3);
      // Taken out, and put back as it was: a definition nobody has seen before would wait for approval.
      for (let times = 1; times <= 2; times++) {
        for (const [, list] of lists) await side.call('change', { list });
        for (const [, list] of lists) await side.client.hears(`notifications/${list}/list_changed`, times);
        for (const [method, list] of lists) seen.push(await side.list(method, list));
      }
      stop();
      return seen;
    },
  },
  {
    name: 'completion',
    run: (side) =>
      Promise.all([
        complete(side, { type: 'ref/prompt', name: side.name('greet'), title: 'kept', 'x-ref': 1 }),
        complete(side, { type: 'ref/resource', uri: 'fixture://items/{id}{?page,size*}' }),
      ]),
  },
  {
    name: 'prompts',
    run: async (side) => ({
      list: await side.list('prompts/list', 'prompts'),
      got: await side.client.request('prompts/get', { name: side.name('greet'), arguments: { who: 'Ünï "x"' }, 'x-later': 1, _meta: { a: 1 } }),
      without: await side.client.request('prompts/get', { name: side.name('plain') }),
      refused: await side.client.request('prompts/get', { name: side.name('third') }),
    }),
  },
  { name: 'instructions', run: ({ opened }) => Promise.resolve({ instructions: ((opened['result'] as Json | undefined) ?? {})['instructions'] }) },
];

function complete({ client }: Side, ref: Json): Promise<unknown> {
  return client.request('completion/complete', { ref, argument: { name: 'who', value: 'ü', 'x-a': 1 }, context: { arguments: { other: '1' } }, 'x-later': 1 });
}
