/*
 * Everything the gateway changes on purpose between an agent and a server, in one place: what the matrix leaves out
 * of its comparison, and what docs/relay.md says under the same words (a test holds the two together).
 */
import { isDeepStrictEqual } from 'node:util';
import type { Json } from './types.ts';

/** The name of the fixture in the servers file, and so its slug. */
export const SERVER = 'fixture';
const PREFIX = `${SERVER}_`;
const TITLE = `${SERVER}: `;
const P = 'io.modelcontextprotocol/';

/** One rewriting; `undo` takes it back in an object of what the agent saw. */
export interface Rewriting {
  /** First column of the table in docs/relay.md. */
  readonly what: string;
  /** Where it happens: through the gateway (default); on both sides, each of which has its own; between eras. */
  readonly where?: 'both' | 'between eras';
  readonly undo: (object: Record<string, unknown>) => void;
}

/** In the order of the table. */
export const REWRITINGS: readonly Rewriting[] = [
  {
    what: 'names of tools and prompts',
    undo(object) {
      const { name, title } = object;
      if (typeof name !== 'string' || !name.startsWith(PREFIX)) return;
      object['name'] = name.slice(PREFIX.length);
      if (typeof title !== 'string' || !title.startsWith(TITLE)) return;
      object['title'] = title.slice(TITLE.length);
      // What had no title is shown under its name, after that of its server.
      if (object['title'] === object['name']) delete object['title'];
      // Some clients prefer this older place for the title.
      const annotations = object['annotations'] as Record<string, unknown> | undefined;
      const older = annotations?.['title'];
      if (typeof older === 'string' && older.startsWith(TITLE)) object['annotations'] = { ...annotations, title: older.slice(TITLE.length) };
    },
  },
  {
    what: '`logger` of log messages',
    undo(object) {
      if (object['logger'] === SERVER) delete object['logger'];
      else if (typeof object['logger'] === 'string') object['logger'] = object['logger'].replace(`${SERVER}/`, '');
    },
  },
  {
    what: '`message` of elicitations',
    undo(object) {
      const { message } = object;
      if (typeof message === 'string' && message.startsWith(TITLE)) object['message'] = message.slice(TITLE.length);
    },
  },
  {
    what: 'instructions of servers',
    undo(object) {
      const { instructions } = object;
      const block = typeof instructions === 'string' ? instructions.split(`## ${SERVER}\n`)[1] : undefined;
      if (block !== undefined) object['instructions'] = block;
    },
  },
  {
    what: 'request ids, progress tokens, cursors, the `_meta` envelope',
    where: 'both',
    // Ids, cursors and envelopes are no part of what is compared (client.ts, fixture.ts); of tokens a client has its own.
    undo(object) {
      const meta = object['_meta'];
      if ('requestId' in object) delete object['requestId'];
      if (typeof meta !== 'object' || meta === null) return;
      const kept = Object.entries(meta).filter(([key]) => key !== 'progressToken' && key !== `${P}serverInfo` && key !== `${P}subscriptionId`);
      if (kept.length > 0) object['_meta'] = Object.fromEntries(kept);
      else delete object['_meta'];
    },
  },
  {
    what: 'between eras: `resultType`, `ttlMs`, `cacheScope` of results',
    where: 'between eras',
    undo(object) {
      delete object['resultType'];
      delete object['ttlMs'];
      delete object['cacheScope'];
    },
  },
  {
    what: 'between eras: `elicitationId` of URLs, `params` of questions without any',
    where: 'between eras',
    undo(object) {
      delete object['elicitationId'];
      if (isDeepStrictEqual(object['params'], {})) delete object['params'];
    },
  },
];

/** What was seen on one side, without what is rewritten on purpose there. */
export function comparable(value: unknown, seen: { readonly proxied: boolean; readonly betweenEras: boolean }): unknown {
  if (Array.isArray(value)) return value.map((item) => comparable(item, seen));
  if (typeof value !== 'object' || value === null || isRaw(value)) return value;
  const object: Record<string, unknown> = { ...(value as Json) };
  for (const { where, undo } of REWRITINGS) if (where === 'both' || (where === undefined ? seen.proxied : seen.betweenEras)) undo(object);
  return Object.fromEntries(Object.entries(object).map(([key, member]) => [key, comparable(member, seen)]));
}

/** A number by its text (lossless.ts). */
function isRaw(value: object): boolean {
  return Object.getPrototypeOf(value) === null && 'rawJSON' in value;
}
