import { VestibuleError, messageOf } from '../errors.ts';
import { offersOf } from './offers.ts';
import type { RegistryCache } from './cache.ts';
import type { RegistryPage, RegistryServer } from './types.ts';
import { recordOf } from '../json/data.ts';
import { recordsOf } from './values.ts';

/** The registry that is asked unless a person names another. */
export const OFFICIAL_REGISTRY = 'https://registry.modelcontextprotocol.io';

const LIMIT = 30;
const TIMEOUT_MS = 10_000;
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_TEXT = 500;
/** An answer that is younger is not asked for again: the official registry wants its readers to keep what they got. */
const FRESH_MS = 60 * 60_000;

/** What a registry is asked with. */
export interface RegistryOptions {
  /** Address of a registry that speaks the API v0.1, without that part of the path. */
  readonly base: string;
  readonly cache: RegistryCache;
  readonly now?: () => number;
}

/**
 * Searches a registry by the words of server names (API v0.1, `GET /v0.1/servers`). Only the latest version of each
 * server, without those that were deleted. Without a network an older answer is given, and said so.
 * @throws VestibuleError `bad-url`, `connection-failed`, `http-status` or `bad-json` when there is no older answer
 */
export async function searchRegistry(query: string, cursor: string | undefined, { base, cache, now = Date.now }: RegistryOptions, signal?: AbortSignal): Promise<RegistryPage> {
  const url = searchUrl(base, query, cursor);
  const kept = cache.get(url.href);
  if (kept !== undefined && now() - kept.at < FRESH_MS) return { ...pageOf(kept.body), at: kept.at, offline: false };
  try {
    const body = await fetchJson(url, signal);
    const at = now();
    cache.set(url.href, { at, body });
    return { ...pageOf(body), at, offline: false };
  } catch (error) {
    if (kept === undefined || signal?.aborted === true) throw error;
    return { ...pageOf(kept.body), at: kept.at, offline: true };
  }
}

/**
 * The server that a link into the registry is about: `…/servers/NAME`, with `/versions/VERSION` or without; undefined for
 * any other text. Only links into the registry that was set count: another one could be anybody's.
 */
export function linkedServer(text: string, base: string): { readonly name: string; readonly version: string } | undefined {
  if (!URL.canParse(text) || !URL.canParse(base) || new URL(text).origin !== new URL(base).origin) return undefined;
  const [, name, version = 'latest'] = /[/]servers[/]([^/]+(?:[/][^/]+?)?)(?:[/]versions[/]([^/]+))?[/]?$/.exec(new URL(text).pathname) ?? [];
  if (name === undefined) return undefined;
  try {
    return { name: decodeURIComponent(name), version: decodeURIComponent(version) };
  } catch {
    // No text was meant by it.
    return undefined;
  }
}

/**
 * One version of a server (API v0.1, `GET /v0.1/servers/NAME/versions/VERSION`), always asked for anew.
 * @throws VestibuleError as `searchRegistry` does, and `not-found`
 */
export async function lookUpServer({ name, version }: { readonly name: string; readonly version: string }, base: string, signal?: AbortSignal): Promise<RegistryServer> {
  const url = new URL(`${rootOf(base)}/v0.1/servers/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`);
  const server = serverOf(recordOf(await fetchJson(url, signal)));
  if (server.name === name && server.status !== 'deleted') return server;
  throw new VestibuleError('not-found', `The registry ${url.host} has no server ${JSON.stringify(name)}.`, { action: 'Search for it: Browse Registry….' });
}

function searchUrl(base: string, query: string, cursor: string | undefined): URL {
  const url = new URL(`${rootOf(base)}/v0.1/servers`);
  url.searchParams.set('limit', String(LIMIT));
  url.searchParams.set('version', 'latest');
  if (query.trim() !== '') url.searchParams.set('search', query.trim().slice(0, MAX_TEXT));
  if (cursor !== undefined) url.searchParams.set('cursor', cursor);
  return url;
}

/** The address without slashes at its end. @throws VestibuleError `bad-url` */
function rootOf(base: string): string {
  const root = URL.canParse(base) ? new URL(base) : undefined;
  if (root === undefined || !/^https?:$/.test(root.protocol) || root.username !== '') {
    throw new VestibuleError('bad-url', `The registry's address ${JSON.stringify(base)} is not a plain http or https address.`, { action: 'Correct the setting vestibule.registry.' });
  }
  return root.href.replace(/[/]+$/, '');
}

async function fetchJson(url: URL, signal: AbortSignal | undefined): Promise<unknown> {
  const ends = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal === undefined ? [] : [signal])]);
  const response = await fetch(url, { headers: { accept: 'application/json' }, signal: ends, redirect: 'error' }).catch((error: unknown) => {
    throw new VestibuleError('connection-failed', `The registry ${url.host} does not answer: ${messageOf(error)}`, { action: 'Check the network and the setting vestibule.registry.' });
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new VestibuleError('http-status', `The registry ${url.host} answers with ${response.status}.`, { action: 'Try again later, or set another registry in vestibule.registry.' });
  }
  const bytes = await readBounded(response, url);
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    throw new VestibuleError('bad-json', `The registry ${url.host} does not answer in JSON.`, { action: 'Check the setting vestibule.registry: it names the address before /v0.1.' });
  }
}

async function readBounded(response: Response, url: URL): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new VestibuleError('too-large', `The registry ${url.host} answers with more than ${MAX_BYTES / 1_048_576} MiB.`, { action: 'Search for something narrower.' });
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}

/** The servers of all answers that are kept, the latest first; asks nobody. */
export function keptServers(cache: RegistryCache): readonly RegistryServer[] {
  const byName = new Map<string, RegistryServer>();
  for (const body of [...cache.bodies()].reverse()) for (const server of pageOf(body).servers) if (!byName.has(server.name)) byName.set(server.name, server);
  return [...byName.values()];
}

function pageOf(body: unknown): Pick<RegistryPage, 'servers' | 'next'> {
  const { servers, metadata } = recordOf(body);
  const { nextCursor } = recordOf(metadata);
  return {
    servers: recordsOf(servers, 2 * LIMIT).map(serverOf).filter(({ status, name }) => status !== 'deleted' && name !== ''),
    next: typeof nextCursor === 'string' && nextCursor !== '' && nextCursor.length <= 2_000 ? nextCursor : undefined,
  };
}

function serverOf(item: Readonly<Record<string, unknown>>): RegistryServer {
  const server = recordOf(item['server']);
  const { status } = recordOf(recordOf(item['_meta'])['io.modelcontextprotocol.registry/official']);
  return {
    name: short(server['name']) ?? '',
    title: short(server['title']),
    description: short(server['description']) ?? '',
    version: short(server['version']) ?? '',
    status: status === 'deprecated' || status === 'deleted' ? status : 'active',
    repository: short(recordOf(server['repository'])['url']),
    ...offersOf(server),
  };
}

function short(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_TEXT) : undefined;
}
