/* Runs the columns of the matrix: every feature on both sides, compared as whole JSON. */
import { isDeepStrictEqual } from 'node:util';
import { CONTENT_FEATURES } from './features/content.ts';
import { CONVERSATION_FEATURES } from './features/conversation.ts';
import type { Feature } from './features/feature.ts';
import { SESSION_FEATURES } from './features/sessions.ts';
import { TOOL_FEATURES } from './features/tools.ts';
import { comparable, SERVER } from './rewritten.ts';
import { Side } from './side.ts';
import { startRelayRig } from '../fixtures/relay/rig.ts';
import type { Address, Column, Era } from './types.ts';
import { serve } from './upstream/serve.ts';

/** Rows, in the order of the table. Those that change what a server offers come last. */
export const FEATURES: readonly Feature[] = [...TOOL_FEATURES, ...CONTENT_FEATURES.filter(({ name }) => name !== 'lists that change'), ...CONVERSATION_FEATURES, ...SESSION_FEATURES, ...CONTENT_FEATURES.filter(({ name }) => name === 'lists that change')];

const ERAS: readonly Era[] = ['legacy', 'modern'];

/** Columns, in the order of the table. HTTP+SSE is of the legacy era alone. */
export const COLUMNS: readonly Column[] = ERAS.flatMap((agent) =>
  ERAS.flatMap((upstream) => (['stdio', 'http', 'sse'] as const).filter((transport) => transport !== 'sse' || upstream === 'legacy').map((transport): Column => ({ transport, agent, upstream }))),
);

/** The two sides of one column, connected. */
export interface Sides extends AsyncDisposable {
  readonly direct: Side;
  readonly proxied: Side;
}

/** Opens the two sides of a column. The direct one is at a server of the agent's own era, which it would have to be. */
export async function openSides(column: Column): Promise<Sides> {
  const { transport, agent, upstream } = column;
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  const kept = <T extends AsyncDisposable>(part: T): T => {
    closing.push(async () => part[Symbol.asyncDispose]());
    return part;
  };
  try {
    const own = kept(await serve(agent === 'modern' && transport === 'sse' ? 'http' : transport, agent));
    const behind = kept(await serve(transport, upstream));
    const rig = kept(await startRelayRig({ [SERVER]: { ...entryOf(behind.address), output: { limit: 10_000_000 } } }));
    const direct = await Side.open(column, own.address, (name) => name);
    closing.push(() => direct.close());
    const proxied = await Side.open(column, { transport: 'http', url: rig.url, token: rig.token }, (name) => `${SERVER}_${name}`);
    closing.push(() => proxied.close());
    return { direct, proxied, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Runs a feature on both sides. @returns the two observations, equal or not, without what is rewritten on purpose */
export async function compare(feature: Feature, { agent, upstream }: Column, { direct, proxied }: Sides): Promise<{ readonly equal: boolean; readonly direct: unknown; readonly proxied: unknown }> {
  const betweenEras = agent !== upstream;
  const expected = comparable(await feature.run(direct), { proxied: false, betweenEras });
  const seen = comparable(await feature.run(proxied), { proxied: true, betweenEras });
  return { equal: isDeepStrictEqual(seen, expected), direct: expected, proxied: seen };
}

function entryOf(address: Address): object {
  return address.transport === 'stdio' ? { type: 'stdio', command: address.command, args: address.args } : { type: address.transport, url: address.url };
}
