import type { ServerName } from '../model.ts';
import type { ToolNames } from './judge.ts';
import { skeleton } from './text/confusables.ts';
import type { Peer, ScanContext } from './types.ts';

/** Beyond so many tools the rest is not compared with. */
const MAX_PEERS = 20_000;
/** Shorter names differ in one letter by chance. */
const MIN_TYPO_LENGTH = 8;
const MAX_NAME = 120;

/** How one name resembles that of another server's tool. */
export interface Resemblance {
  readonly kind: 'looks-alike' | 'one-letter' | 'clone';
  readonly peer: Peer;
}

/** The tools around a scanned one, prepared for comparing. */
export class PeerIndex {
  readonly #bySkeleton = new Map<string, Peer[]>();
  readonly #byLength = new Map<number, { readonly letters: string; readonly peer: Peer }[]>();
  readonly #byDescription = new Map<string, Peer>();
  /** Servers that have a tool of this distinctive name, lower case. */
  readonly #mentionable = new Map<string, Set<ServerName>>();

  constructor(peers: readonly Peer[]) {
    for (const peer of peers.slice(0, MAX_PEERS)) {
      if (peer.name === '' || peer.name.length > MAX_NAME) continue;
      push(this.#bySkeleton, skeleton(peer.name), peer);
      const letters = lettersOf(peer.name);
      if (letters.length >= MIN_TYPO_LENGTH - 1) push(this.#byLength, letters.length, { letters, peer });
      const description = descriptionKey(peer.description);
      if (description !== undefined && !this.#byDescription.has(description)) this.#byDescription.set(description, peer);
      if (isDistinctive(peer.name)) {
        const key = peer.name.toLowerCase();
        this.#mentionable.set(key, (this.#mentionable.get(key) ?? new Set()).add(peer.server));
      }
    }
  }

  /** How a tool of `server` resembles one of another server, if it does. */
  resemblance(server: ServerName, name: string, description: string): Resemblance | undefined {
    const foreign = (peer: Peer): boolean => peer.server !== server;
    const letters = lettersOf(name);
    const same = (this.#bySkeleton.get(skeleton(name)) ?? []).filter(foreign);
    const looksAlike = same.find((peer) => lettersOf(peer.name) !== letters);
    if (looksAlike !== undefined) return { kind: 'looks-alike', peer: looksAlike };
    const oddlySpelled = same.find((peer) => isOdd(name) && !isOdd(peer.name));
    if (oddlySpelled !== undefined) return { kind: 'one-letter', peer: oddlySpelled };
    const key = descriptionKey(description);
    const clone = key === undefined ? undefined : this.#byDescription.get(key);
    if (clone !== undefined && foreign(clone)) return { kind: 'clone', peer: clone };
    if (same.length > 0 || letters.length < MIN_TYPO_LENGTH) return undefined;
    for (const length of [letters.length - 1, letters.length, letters.length + 1]) {
      const near = (this.#byLength.get(length) ?? []).find((other) => foreign(other.peer) && isSlip(letters, other.letters) && singular(other.peer.name) !== singular(name));
      if (near !== undefined) return { kind: 'one-letter', peer: near.peer };
    }
    return undefined;
  }

  /** The names that tools of other servers than `server` alone have. */
  namesBeside(server: ServerName): ToolNames | undefined {
    if (this.#mentionable.size === 0) return undefined;
    return {
      find: (sentence) => {
        for (const match of sentence.matchAll(/[a-z][\w-]{4,80}/g)) {
          const servers = this.#mentionable.get(match[0]);
          if (servers !== undefined && !servers.has(server)) return { start: match.index, end: match.index + match[0].length };
        }
        return undefined;
      },
    };
  }
}

const indexes = new WeakMap<readonly Peer[], PeerIndex>();

/** The index of a context's peers; made once per array. */
export function peersOf(context: ScanContext): PeerIndex {
  let index = indexes.get(context.peers);
  if (index === undefined) {
    index = new PeerIndex(context.peers);
    indexes.set(context.peers, index);
  }
  return index;
}

/** True when two strings of letters differ by one slip that is no other form of the same word. */
export function isSlip(a: string, b: string): boolean {
  if (a === b || Math.abs(a.length - b.length) > 1) return false;
  let head = 0;
  while (head < a.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const [restA, restB] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
  const swapped = restA.length === 2 && restB.length === 2 && restA[0] === restB[1] && restA[1] === restB[0];
  if (restA.length > 1 || restB.length > 1) return swapped;
  // "get" and "set", "issue" and "issues", "v1" and "v2" are different words of their own.
  return head > 0 && !/\d/.test(restA + restB) && !(tail === 0 && /^[sd]?$/.test(restA) && /^[sd]?$/.test(restB));
}

/** Every word of a name without a final s. */
function singular(name: string): string {
  return name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .map((word) => word.replace(/s$/, ''))
    .join('');
}

/** Separators where no convention puts them. */
function isOdd(name: string): boolean {
  return /^[_-]|[_-]$|[_-]{2}/.test(name);
}

function lettersOf(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

/** Names nobody writes by chance: of several words. */
function isDistinctive(name: string): boolean {
  return name.length >= 6 && /^[a-z][\w-]*$/i.test(name) && (/[a-z0-9][_-][a-z0-9]/i.test(name) || /[a-z][A-Z]/.test(name));
}

/** Descriptions of some length that differ only in white space and case share a key. */
function descriptionKey(description: string | undefined): string | undefined {
  const key = description?.slice(0, 2_000).toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
  return key === undefined || key.length < 60 ? undefined : key;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
