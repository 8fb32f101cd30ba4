/* What passes between a request and its answer: progress, logs, cancellation, questions of the server. */
import { said, type Answering } from '../client/client.ts';
import { number, parse } from '../lossless.ts';
import type { Side } from '../side.ts';
import type { Json } from '../types.ts';
import { legacyOnly, type Feature } from './feature.ts';

const ROOTS = { roots: [{ uri: 'file:///one', name: 'One', _meta: { r: 1 }, 'x-root': 1 }] };
const SAMPLE = {
  messages: [
    { role: 'user', content: { type: 'text', text: 'Weather?', 'x-c': 1 } },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'weather', input: { city: 'Köln', n: number('12345678901234567890') } }] },
    { role: 'user', content: [{ type: 'tool_result', toolUseId: 'c1', content: [{ type: 'text', text: '18°' }], structuredContent: { t: 18 } }] },
  ],
  tools: [{ name: 'weather', description: 'By city', inputSchema: { type: 'object', properties: { city: { type: 'string' } } }, 'x-tool': 1 }],
  toolChoice: { mode: 'required' },
  systemPrompt: 'Be brief.',
  modelPreferences: { hints: [{ name: 'any' }], costPriority: 0.1 },
  temperature: 0,
  maxTokens: 100,
  stopSequences: ['x'],
  metadata: { any: [1] },
  'x-later': 1,
};
const SAMPLED = { role: 'assistant', model: 'm', stopReason: 'toolUse', content: [{ type: 'tool_use', id: 'c2', name: 'weather', input: {}, _meta: { u: 1 } }], _meta: { s: 1 }, 'x-result': number('1.50') };
const FORM = {
  mode: 'form',
  message: 'Who äre you?',
  requestedSchema: { type: 'object', properties: { name: { type: 'string', title: 'Name', default: 'x', minLength: 1 }, kind: { type: 'string', oneOf: [{ const: 'a', title: 'A' }] }, many: { type: 'array', items: { type: 'string', enum: ['a', 'b'] } } }, required: ['name'] },
  'x-later': 1,
};
const URL_FORM = { mode: 'url', message: 'Sign in', url: 'https://auth.example/start?state=%2F&x=1', elicitationId: 'e-7', 'x-later': 1 };

/** Calls `ask` with a question, and returns what the client was asked, and what the server was answered. */
async function question(side: Side, method: string, params: Json | undefined, answering: Answering, tool = 'ask'): Promise<unknown> {
  side.client.answering = answering;
  const { reply, heard: all } = await side.call(tool, { method, ...(params && { params }) });
  // A bridge between eras says itself that a page was visited: servers of the modern era do not.
  const heard = side.betweenEras ? all.filter((message) => message['method'] !== 'notifications/elicitation/complete') : all;
  return { heard, answers: parse(said({ reply, heard })) };
}

export const CONVERSATION_FEATURES: readonly Feature[] = [
  {
    name: 'progress, also with token 0 and ""',
    async run(side) {
      const seen: unknown[] = [];
      for (const progressToken of [0, '', 'a token', 7, 'ünï"']) seen.push(await side.call('progress', {}, { _meta: { progressToken, kept: 1 } }));
      return [...seen, await side.call('progress')];
    },
  },
  {
    name: 'logging level per session',
    async run(side) {
      const [quiet, loud] = [await side.another(), await side.another()];
      for (const [client, level] of [[quiet, 'error'], [loud, 'info']] as const) {
        if (side.era === 'legacy') await client.request('logging/setLevel', { level });
        else client.logLevel = level;
      }
      // One after the other: over pipes that several agents share, nothing says which of two calls a message is of.
      return [await side.call('log', {}, {}, { client: quiet }), await side.call('log', {}, {}, { client: loud })];
    },
  },
  {
    name: 'cancellation by the agent',
    async run(side) {
      const closing = new AbortController();
      const { id, answer } = side.client.send('tools/call', { name: side.name('hold'), arguments: { key: 'c' } }, { signal: closing.signal });
      answer.catch(() => undefined);
      while ((await side.ask('held', { key: 'c' })) !== true);
      if (side.era === 'legacy' || side.isStdio) await side.client.notify('notifications/cancelled', { requestId: id, reason: 'Changed my mind, ünï' });
      else closing.abort();
      while ((await side.ask('held', { key: 'c' })) === true);
      const released = await side.ask('release', { key: 'c' });
      // A modern server over HTTP hears of it by the end of the response.
      return side.era === 'legacy' && !side.betweenEras ? { released, notified: await side.ask('said', { method: 'notifications/cancelled' }) } : { released };
    },
  },
  {
    name: 'cancellation by the server',
    without: legacyOnly,
    async run(side) {
      side.client.answering = () => undefined;
      const before = side.client.count('elicitation/create');
      const asking = side.call('ask', { method: 'elicitation/create', params: FORM });
      await side.client.hears('elicitation/create', before + 1);
      await side.call('cancelQuestion', { reason: 'Not needed äny more', 'x-n': 1 });
      const { params } = await side.client.hears('notifications/cancelled');
      return { cancelled: params, answer: parse(said(await asking)) };
    },
  },
  { name: 'sampling with tools', run: (side) => question(side, 'sampling/createMessage', SAMPLE, () => SAMPLED) },
  {
    name: 'elicitation: forms',
    run: async (side) => [
      await question(side, 'elicitation/create', FORM, () => ({ action: 'accept', content: { name: 'ü', many: ['a'], n: number('1.0') }, _meta: { e: 1 }, 'x-answer': 1 })),
      await question(side, 'elicitation/create', { ...FORM, mode: undefined }, () => ({ action: 'decline' })),
    ],
  },
  {
    name: 'elicitation: URLs',
    run: async (side) => [
      await question(side, 'elicitation/create', URL_FORM, () => ({ action: 'accept', 'x-answer': 1 })),
      ...(side.era === 'legacy' ? [await side.call('elicitUrl'), await side.call('elicitUrl', { done: true })] : []),
    ],
  },
  {
    name: 'roots, with changes',
    async run(side) {
      const before = await question(side, 'roots/list', undefined, () => ROOTS);
      if (side.era === 'legacy') await side.client.notify('notifications/roots/list_changed', { _meta: { changed: 1 } });
      const after = await question(side, 'roots/list', { _meta: { again: 1 } }, () => ({ roots: [] }));
      if (side.era === 'modern' || side.betweenEras) return { before, after };
      return { before, after, notified: await side.ask('said', { method: 'notifications/roots/list_changed' }) };
    },
  },
  {
    name: 'errors as answers of the agent',
    without: legacyOnly,
    run: (side) => question(side, 'sampling/createMessage', SAMPLE, () => Promise.reject(new Error('Nö'))),
  },
  {
    name: 'several questions in one call',
    run: (side) => question(side, 'elicitation/create', FORM, (method) => (method === 'roots/list' ? ROOTS : { action: 'cancel' }), 'askTwice'),
  },
  {
    name: 'questions outside of calls',
    without: legacyOnly,
    run: (side) => question(side, 'roots/list', undefined, () => ROOTS, 'askAside'),
  },
];
