import { freeName } from '../proxy/config/suggest-name.ts';
import { visible } from '../proxy/json/visible.ts';
import { RegistryCache } from '../proxy/registry/cache.ts';
import { linkedServer, lookUpServer, searchRegistry } from '../proxy/registry/client.ts';
import { installBundle } from '../proxy/registry/bundle/install.ts';
import type { BundleRef } from '../proxy/registry/bundle/types.ts';
import type { Offer, ReadyOffer, RegistryPage, RegistryServer } from '../proxy/registry/types.ts';
import type { Choice, Dialogs } from './dialogs.ts';
import { t } from './l10n.ts';
import { commandOrAddress } from '../proxy/import/describe.ts';
import type { Pasted } from './servers-files.ts';
import { oneLine, plural } from './text.ts';

/** What browsing a registry works with. */
export interface RegistryContext {
  readonly dialogs: Dialogs;
  /** The registry's address, as set. */
  readonly base: () => string;
  readonly dataDir: string;
  readonly platform: NodeJS.Platform;
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
    return server !== undefined && (await addFrom(context, server));
  } finally {
    await cache.flush();
  }
}

/**
 * What adds the server that a link into the registry is about; undefined for any other text.
 */
export function fromLink(text: string, context: RegistryContext): (() => Promise<boolean>) | undefined {
  const base = context.base();
  const linked = linkedServer(text.trim(), base);
  if (linked === undefined) return undefined;
  return async () => addFrom(context, await context.progress(t('Asking {0}…', hostOf(base)), (signal) => lookUpServer(linked, base, signal)));
}

/** Adds one server by the way a person picks. */
async function addFrom(context: RegistryContext, server: RegistryServer): Promise<boolean> {
  const offer = await chooseOffer(context.dialogs, server);
  if (offer === undefined) return false;
  const taken = await context.taken();
  const name = freeName(server.name.split('/').at(-1) ?? server.name, (candidate) => taken.has(candidate));
  const notes = server.status === 'deprecated' ? [t('The registry calls this server deprecated.')] : [];
  const launch = offer.bundle === undefined ? offer : await fetchBundle(context, name, offer.bundle);
  return launch !== undefined && (await context.add({ ok: true, servers: [{ name, entry: launch.entry, notes }], inputs: launch.inputs }));
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

/** Fetches a bundle after asking: its command is known only from what is inside. */
async function fetchBundle({ dataDir, dialogs, platform, progress }: RegistryContext, name: string, bundle: BundleRef): Promise<Pick<ReadyOffer, 'entry' | 'inputs'> | undefined> {
  const fetching = await dialogs.confirm({
    message: t('Fetch the bundle of “{0}”?', oneLine(name, 60)),
    detail: t('From {0}\nSHA-256 {1}\n\nIt is thrown away unless it has this digest, and unpacked below the data folder of Vestibule. Nothing of it is run: you see the exact command before it is added.', visible(bundle.url), bundle.sha256),
    yes: t('Fetch'),
    needsDocument: false,
  });
  if (!fetching) return undefined;
  return progress(t('Fetching the bundle of “{0}”…', oneLine(name, 60)), (signal) => installBundle(bundle, name, { dataDir, platform }, signal));
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
  const choices = offers.map((offer) => ({ label: `${offer.kind}: ${oneLine(offer.what, 100)}`, detail: oneLine(offer.bundle === undefined ? commandOrAddress(offer.entry) : t('A bundle: its command is shown after it was fetched and checked'), 300), value: offer }));
  return dialogs.pick(`How should ${oneLine(name, 60)} be used?`, choices);
}

function hostOf(base: string): string {
  return URL.canParse(base) ? new URL(base).host : visible(base);
}
