import { DOCUMENT_TYPES, PLAIN_TYPES } from './lexicon/file-types.ts';

/** A URL, path, address or other value in a query, as the words of the need it implies (0–1 per word). */
export interface Entity {
  readonly key: string;
  readonly words: readonly (readonly [word: string, weight: number])[];
}

export interface EntityReading {
  /** The text with the values taken out; names inside them that may be words (a host's) stay. */
  readonly text: string;
  readonly entities: readonly Entity[];
  /** Names inside file paths. They may name the subject, or nothing. */
  readonly pathText: string;
}

/** A path, absolute or beginning with a dot or tilde, POSIX or Windows. */
export const PATH = String.raw`(?:(?:[A-Za-z]:)?(?:\.{1,2}|~)?[\\/])(?:[\w.@{}-]{1,100}[\\/]){0,20}[\w.@{}-]{1,100}[\\/]?`;

/**
 * Reads typed values out of a query: they are noise as words ("0x3f…", "/root/x.md") but tell what kind of tool is
 * needed. Works in time linear in the text, which the caller bounds.
 */
export function readEntities(query: string): EntityReading {
  const found = new Map<string, Map<string, number>>();
  const paths: string[] = [];
  let text = query;
  for (const { pattern, read } of READERS) {
    text = text.replace(pattern, (value: string) => {
      const reading = read(value);
      for (const [key, words] of Object.entries(reading.entities)) {
        const own = found.get(key) ?? new Map<string, number>();
        for (const [word, weight] of parseWords(words)) own.set(word, Math.max(own.get(word) ?? 0, weight));
        found.set(key, own);
      }
      if (reading.path !== undefined) paths.push(reading.path);
      return ` ${reading.keep ?? ''} `;
    });
  }
  return { text, entities: [...found].map(([key, words]) => ({ key, words: [...words] })), pathText: paths.join(' ') };
}

interface Reading {
  /** Entity key to `word:weight …`. */
  readonly entities: Readonly<Record<string, string>>;
  /** Text that stays in the query. */
  readonly keep?: string;
  readonly path?: string;
}

interface Reader {
  readonly pattern: RegExp;
  readonly read: (value: string) => Reading;
}

const EXTENSIONS = [...Object.keys(DOCUMENT_TYPES), ...Object.keys(PLAIN_TYPES)].sort((a, b) => b.length - a.length).join('|');
const TOP_DOMAINS = 'com|org|net|io|ai|dev|app|co|gov|edu|cn|uk|de|jp|me|tv|info|xyz';
/** Hyphenated names that look like ticket ids. */
const NOT_A_TICKET = /^(?:GPT|UTF|ISO|SHA|MD|COVID|RFC|GB|PM|CO|H|T)-/i;

/** In order: what an earlier reader takes, a later one no longer sees. */
const READERS: readonly Reader[] = [
  {
    pattern: /\b(?:https?|ftp):\/\/[^\s<>"'`）)]+|\bwww\.[^\s<>"'`)]+/giu,
    read: (value) => ({ entities: { url: 'url:1 link:.6 page:.6 web:.6 fetch:.5 website:.6 navigate:.4' }, keep: hostWords(value) }),
  },
  {
    pattern: /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,5}/giu,
    read: () => ({ entities: { email: 'email:.5' } }),
  },
  { pattern: /\b10\.\d{4,9}\/\S+/g, read: () => ({ entities: { doi: 'doi:1 paper:.8 article:.6' } }) },
  { pattern: /\b\d{1,3}(?:\.\d{1,3}){3}\b/g, read: () => ({ entities: { ip: 'ip:1 address:.4 geolocation:.4' } }) },
  { pattern: /\bCVE-\d{4}-\d+\b/gi, read: () => ({ entities: { cve: 'cve:1 vulnerability:.9' } }) },
  { pattern: /\bNCT\d{8}\b/gi, read: () => ({ entities: { trial: 'clinical:1 trial:1' } }) },
  { pattern: /\barxiv:?\s?\d{4}\.\d{4,5}(?:v\d+)?\b|\b\d{4}\.\d{5}(?:v\d+)?\b/gi, read: () => ({ entities: { arxiv: 'arxiv:1 paper:.8' } }) },
  {
    pattern: /[-+]?\d{1,3}\.\d{3,}\s?°?\s?[NS]?\s?[,，]\s?[-+]?\d{1,3}\.\d{3,}/g,
    read: () => ({ entities: { coordinates: 'coordinate:1 latitude:1 longitude:1 geocode:.8 location:.5' } }),
  },
  { pattern: /\b0x[0-9a-f]{8,}\b/gi, read: () => ({ entities: { hex: 'address:.8 wallet:.6 transaction:.6 contract:.5 ethereum:.6' } }) },
  {
    pattern: /\b[A-Z][A-Z0-9]{1,9}-\d{1,6}\b/g,
    read: (value) => (NOT_A_TICKET.test(value) ? { entities: {}, keep: value } : { entities: { ticket: 'issue:.8 ticket:.8 jira:.6' } }),
  },
  {
    pattern: /\bSELECT\b[^;]{1,200}?\bFROM\b|\bINSERT\s+INTO\b|\bCREATE\s+TABLE\b/g,
    read: (value) => ({ entities: { sql: 'sql:1 query:1 database:.8' }, keep: value }),
  },
  { pattern: new RegExp(`(?<![\\w)])${PATH}`, 'g'), read: readPath },
  {
    pattern: new RegExp(`\\b[\\w-]{1,100}\\.(?:${EXTENSIONS})\\b`, 'g'),
    read: (value) => {
      const dot = value.lastIndexOf('.');
      return { entities: fileWords(value.slice(dot + 1)), keep: value.slice(0, dot) };
    },
  },
  {
    pattern: new RegExp(`\\b[\\w-]{1,63}(?:\\.[\\w-]{1,63}){0,3}\\.(?:${TOP_DOMAINS})\\b(?:/\\S*)?`, 'gi'),
    read: (value) => ({ entities: { domain: 'domain:.8 website:.7 url:.8 web:.5 site:.6 navigate:.3' }, keep: hostWords(value) }),
  },
  {
    pattern: /\d[\d.,]*\s?[×*+÷^]\s?\d[\d.,]*|\b\d[\d.,]*\s(?:plus|minus|times|divided by|multiplied by)\s\d/gi,
    read: (value) => ({ entities: { sum: `calculate:1 math:.8 ${operationWord(value)}` }, keep: value }),
  },
];

function readPath(value: string): Reading {
  const extension = /\.([A-Za-z0-9]{1,6})$/.exec(value)?.[1]?.toLowerCase();
  const entities = extension === undefined ? { directory: 'directory:.5 file:.4' } : fileWords(extension);
  return { entities, path: extension === undefined ? value : value.slice(0, -extension.length - 1) };
}

function fileWords(extension: string): Readonly<Record<string, string>> {
  const type = extension.toLowerCase();
  const document = Object.hasOwn(DOCUMENT_TYPES, type) ? DOCUMENT_TYPES[type] : undefined;
  if (document !== undefined) return { [`.${type}`]: `${weighted(document, 1)} file:.5` };
  const plain = Object.hasOwn(PLAIN_TYPES, type) ? PLAIN_TYPES[type] : undefined;
  return { file: 'file:1 path:.4', ...(plain === undefined || plain === '' ? {} : { [`.${type}`]: weighted(plain, 0.8) }) };
}

function weighted(words: string, weight: number): string {
  return words.split(' ').map((word) => `${word}:${weight}`).join(' ');
}

function operationWord(value: string): string {
  if (/[+]|plus/i.test(value)) return 'add:.8 sum:.6';
  if (/[×*]|times|multipl/i.test(value)) return 'multiply:.8';
  return /÷|divided/i.test(value) ? 'divide:.8' : 'subtract:.8';
}

/** The labels of a URL's host without its last: `https://www.youtube.com/x` → `youtube`. */
function hostWords(url: string): string {
  const host = url.replace(/^[a-z]+:\/\//i, '').replace(/^www\./i, '').split(/[/?#:]/, 1)[0] ?? '';
  return host.split('.').slice(0, -1).join(' ');
}

function parseWords(words: string): (readonly [string, number])[] {
  return words.split(' ').map((entry) => {
    const [word = '', weight = ''] = entry.split(':');
    return [word, Number(weight)] as const;
  });
}
