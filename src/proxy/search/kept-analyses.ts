import { createHash } from 'node:crypto';
import type { ServerName } from '../model.ts';
import type { ToolAnalysis } from './analysis.ts';
import { BRANDS } from './lexicon/brands.ts';
import { GENERIC_SERVER_WORDS } from './lexicon/generic-words.ts';
import { STOP_WORDS } from './lexicon/stop-words.ts';
import { VERB_CLASSES, type VerbClass } from './lexicon/verbs.ts';
import type { SearchDocument } from './types.ts';
import { FIELDS, SATURATION } from './weights.ts';

/** Grows with what `analyse` does beyond its tables and weights. */
const FORMAT = 1;

/** The analyses of one server's tools, and of which definitions they are. */
export interface ServerAnalyses {
  readonly server: ServerName;
  readonly key: string;
  readonly tools: readonly ToolAnalysis[];
}

/** How they are kept: words once, numbers as base64 of their bytes, so that scores come back to the last bit. */
interface KeptText {
  readonly stamp: string;
  readonly words: readonly string[];
  readonly servers: readonly (readonly [server: ServerName, key: string, tools: readonly KeptTool[]])[];
  /** Positions in `words`, 32 bits each, of all tools' terms. */
  readonly terms: string;
  /** 64 bits each, in step. */
  readonly impacts: string;
}

type KeptTool = readonly [terms: number, name: readonly number[], verb: string];

/** Tells apart the definitions that analyses are of; undefined where a definition has no digest. */
export function analysesKey(documents: readonly SearchDocument[]): string | undefined {
  if (documents.some(({ digest }) => digest === undefined)) return undefined;
  const [first] = documents;
  return hash([first?.serverTitle ?? null, ...documents.flatMap(({ id, digest }) => [id, digest])]);
}

/** Analyses as one text. @param version of the program: another one's analyses are not used */
export function encodeAnalyses(servers: readonly ServerAnalyses[], version: string): string {
  const at = new Map<string, number>();
  const place = (word: string): number => {
    const known = at.get(word);
    if (known !== undefined) return known;
    at.set(word, at.size);
    return at.size - 1;
  };
  const tools = servers.flatMap((entry) => entry.tools);
  const terms = Uint32Array.from(tools.flatMap((tool) => tool.terms.map(place)));
  const impacts = Float64Array.from(tools.flatMap((tool) => tool.impacts));
  const kept = servers.map(
    (entry) => [entry.server, entry.key, entry.tools.map((tool): KeptTool => [tool.terms.length, tool.name.map(place), tool.verb ?? ''])] as const,
  );
  const text: KeptText = { stamp: stampOf(version), words: [...at.keys()], servers: kept, terms: base64(terms), impacts: base64(impacts) };
  return JSON.stringify(text);
}

/** Reads what `encodeAnalyses` made. Anything else, or of another version, is as good as nothing. */
export function decodeAnalyses(text: string, version: string): readonly ServerAnalyses[] {
  try {
    const kept = JSON.parse(text) as KeptText;
    if (kept.stamp !== stampOf(version)) return [];
    const bytes = Buffer.from(kept.terms, 'base64');
    const places = new Uint32Array(aligned(bytes));
    const impacts = new Float64Array(aligned(Buffer.from(kept.impacts, 'base64')));
    if (places.length !== impacts.length) return [];
    let from = 0;
    return kept.servers.map(([server, key, tools]) => ({
      server,
      key,
      tools: tools.map(([length, name, verb]): ToolAnalysis => {
        const terms: string[] = [];
        const own: number[] = [];
        // Loops, for this is what a start waits for: an iterator costs as much again as the reading.
        for (const to = from + length; from < to; from++) {
          terms.push(wordAt(kept.words, places[from]));
          own.push(impactOf(impacts[from]));
        }
        return { terms, impacts: own, name: name.map((place) => wordAt(kept.words, place)), verb: Object.hasOwn(VERB_CLASSES, verb) ? (verb as VerbClass) : undefined };
      }),
    }));
  } catch {
    // A cache that cannot be read costs the analysis, no more.
    return [];
  }
}

function wordAt(words: readonly unknown[], place: number | undefined): string {
  const word = place === undefined ? undefined : words[place];
  if (typeof word !== 'string') throw new TypeError('no such word');
  return word;
}

function impactOf(value: number | undefined): number {
  if (value === undefined || !(value > 0 && value <= SATURATION + 1)) throw new RangeError('no impact');
  return value;
}

function base64(numbers: Uint32Array | Float64Array): string {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64');
}

/** Buffers of Node may begin anywhere in their memory; typed arrays may not. */
function aligned(buffer: Buffer): ArrayBuffer {
  const copy = new ArrayBuffer(buffer.length);
  new Uint8Array(copy).set(buffer);
  return copy;
}

let tables: string | undefined;

function stampOf(version: string): string {
  tables ??= hash([FORMAT, FIELDS, SATURATION, BRANDS, [...GENERIC_SERVER_WORDS], [...STOP_WORDS], VERB_CLASSES]);
  return `${version} ${tables}`;
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64');
}
