import { freeName } from '../proxy/config/suggest-name.ts';
import { visible } from '../proxy/json/visible.ts';
import { RegistryCache } from '../proxy/registry/cache.ts';
import { searchRegistry } from '../proxy/registry/client.ts';
import type { Offer, RegistryPage, RegistryServer } from '../proxy/registry/types.ts';
import type { Choice, Dialogs } from './dialogs.ts';
import { commandOrAddress } from '../proxy/import/describe.ts';
import type { Pasted } from './servers-files.ts';
import { oneLine, plural } from './text.ts';

/** What browsing a registry works with. */
export interface RegistryContext {
  readonly dialogs: Dialogs;
  /** The registry's address, as set. */
  readonly base: () => string;
  readonly dataDir: string;
  /** Names that are taken. */
  readonly taken: () => Promise<ReadonlySet<string>>;
  /** Adds what was chosen, after showing the exact command or address. */
  readonly add: (servers: Pasted) => Promise<boolean>;
  /** Runs something that may take a while, with a progress a person can cancel. */
  readonly progress: <T>(title: string, run: (signal: AbortSignal) => Promise<T>) => Promise<T>;
}

/** What a row of results stands for. */
type Row = { readonly kind: 'server'; readonly server: RegistryServer } | { readonly kind: 'more'; readonly cursor: string };

/**
 * Finds a server in a registry and adds it. Nothing is fetched but the registry's answer; what is added is shown whole
 * first, pinned to its version. Resolves with true when something was added.
 */
export async function browseRegistry(context: RegistryContext): Promise<boolean> {
  const { dialogs } = context;
  const host = hostOf(context.base());
  const query = await dialogs.prompt({ title: `Search ${host}`, prompt: 'Words of a server\'s name; leave it empty to see all', placeholder: 'github' });
  if (query === undefined) return false;
  const cache = await RegistryCache.open(context.dataDir, (problem) => dialogs.fail(problem));
  try {
    const server = await choose(context, cache, query, host);
    const offer = server && (await chooseOffer(dialogs, server));
    if (server === undefined || offer === undefined) return false;
    const taken = await context.taken();
    const name = freeName(server.name.split('/').at(-1) ?? server.name, (candidate) => taken.has(candidate));
    const notes = server.status === 'deprecated' ? ['The registry calls this server deprecated.'] : [];
    return await context.add({ ok: true, servers: [{ name, entry: offer.entry, notes }], inputs: offer.inputs });
  } finally {
    await cache.flush();
  }
}

async function choose(context: RegistryContext, cache: RegistryCache, query: string, host: string): Promise<RegistryServer | undefined> {
  for (let cursor: string | undefined; ; ) {
    const page = await context.progress(`Asking ${host}…`, (signal) => searchRegistry(query, cursor, { base: context.base(), cache }, signal));
    if (page.servers.length === 0) {
      context.dialogs.inform(`${host} has no server for “${oneLine(query, 60)}”. It looks for words of names; try a shorter one.`);
      return undefined;
    }
    const row: Row | undefined = await context.dialogs.pick<Row>(titleOf(page, host), rowsOf(page));
    if (row?.kind !== 'more') return row?.server;
    cursor = row.cursor;
  }
}

function titleOf({ servers, at, offline }: RegistryPage, host: string): string {
  const count = plural(servers.length, 'server');
  return offline ? `${host} cannot be reached: ${count} as of ${new Date(at).toLocaleString()}` : `${count} of ${host}`;
}

function rowsOf({ servers, next }: RegistryPage): readonly Choice<Row>[] {
  const rows = servers.map((server): Choice<Row> => {
    const { name, title, version, status, description } = server;
    return {
      label: oneLine(title ?? name, 80),
      description: oneLine(`${title === undefined ? '' : `${name} `}${version}${status === 'deprecated' ? ' · deprecated' : ''}`, 120),
      detail: oneLine(description, 200),
      value: { kind: 'server', server },
    };
  });
  return next === undefined ? rows : [...rows, { label: 'More…', value: { kind: 'more', cursor: next } }];
}

async function chooseOffer(dialogs: Dialogs, { name, offers, notes }: RegistryServer): Promise<Offer | undefined> {
  const [only] = offers;
  if (only === undefined) {
    dialogs.fail({ message: `${oneLine(name, 100)} cannot be added.`, action: notes.length > 0 ? oneLine(notes.join(' '), 300) : 'The registry names neither a package nor an address for it.' });
    return undefined;
  }
  if (offers.length === 1) return only;
  const choices = offers.map((offer) => ({ label: `${offer.kind}: ${oneLine(offer.what, 100)}`, detail: oneLine(commandOrAddress(offer.entry), 300), value: offer }));
  return dialogs.pick(`How should ${oneLine(name, 60)} be used?`, choices);
}

function hostOf(base: string): string {
  return URL.canParse(base) ? new URL(base).host : visible(base);
}
