import { editDistance } from '../edit-distance.ts';
import type { ServerName } from '../model.ts';
import { findingAt } from './finding.ts';
import { skeleton } from './text/confusables.ts';
import type { Finding } from './types.ts';

/** Names that people know, and that others may want to be taken for. */
const WELL_KNOWN: readonly string[] = [
  'github', 'gitlab', 'bitbucket', 'slack', 'notion', 'linear', 'sentry', 'stripe', 'filesystem', 'playwright', 'puppeteer', 'postgres', 'sqlite', 'supabase',
  'cloudflare', 'kubernetes', 'docker', 'figma', 'atlassian', 'confluence', 'google-drive', 'gmail', 'context7', 'sequential-thinking', 'brave-search', 'anthropic', 'openai',
];
/** Shorter names differ in one letter by chance. */
const MIN_TYPO_LENGTH = 6;
const MAX_NAME = 80;
const MAX_SERVERS = 1_000;
/** Names whose looks are kept: every pair of servers is compared, and there may be hundreds. */
const MAX_KEPT = 2 * MAX_SERVERS;

/**
 * Whether a server's name can be taken for that of another configured server, or of one that everybody knows. The
 * name is the configuration's own: never what the server calls itself (security D17). O(servers).
 * @param others the names beside it; its own may be among them
 */
export function scanServerName(server: ServerName, others: Iterable<ServerName>): readonly Finding[] {
  const name = server.slice(0, MAX_NAME);
  let seen = 0;
  for (const other of others) {
    if (++seen > MAX_SERVERS) break;
    if (other !== server && isMistakable(name, other.slice(0, MAX_NAME))) return [lookAlike(name, `Another server is named "${other}".`)];
  }
  const known = WELL_KNOWN.find((candidate) => looksOf(candidate).letters !== looksOf(name).letters && isMistakable(name, candidate));
  return known === undefined ? [] : [lookAlike(name, `Many know a server named "${known}".`)];
}

function isMistakable(a: string, b: string): boolean {
  const [first, second] = [looksOf(a), looksOf(b)];
  if (first.skeleton === second.skeleton) return true;
  return !(first.counted && second.counted) && Math.min(first.letters.length, second.letters.length) >= MIN_TYPO_LENGTH && editDistance(first.letters, second.letters, 1) === 1;
}

/** What of a name is compared. */
interface Looks {
  readonly skeleton: string;
  readonly letters: string;
  /** "db1" and "db2", "team-a" and "team-b" are how people number things. */
  readonly counted: boolean;
}

const kept = new Map<string, Looks>();

function looksOf(name: string): Looks {
  let looks = kept.get(name);
  if (looks === undefined) {
    looks = { skeleton: skeleton(name), letters: letters(name), counted: /[\d]|[-_ .][a-z]$/i.test(name) };
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(name, looks);
  }
  return looks;
}

function letters(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

function lookAlike(name: string, detail: string): Finding {
  return findingAt({ path: '', of: 'value', text: name, offset: 0 }, { code: 'look-alike-server', severity: 'warning', start: 0, end: name.length, detail });
}
