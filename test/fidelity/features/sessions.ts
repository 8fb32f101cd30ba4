/* Who the agent is, and what lives longer than a request. */
import { said } from '../client/client.ts';
import { parse } from '../lossless.ts';
import type { Feature } from './feature.ts';

export const SESSION_FEATURES: readonly Feature[] = [
  {
    name: 'who the agent is',
    without: ({ agent, upstream }) => (agent === upstream ? undefined : 'each era says it its own way'),
    run: async (side) => parse(said(await side.call('who'))),
  },
];
