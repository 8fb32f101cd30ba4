import type { Plain } from './plain.ts';

/** A text whose words were disguised, with the disguise undone. Offsets of `words` are those of the `Plain`. */
export interface Undisguised {
  readonly disguise: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Words an order to a model can hardly do without. A disguise is undone only if it brings several of them to light. */
const TELLING: ReadonlySet<string> = new Set(
  ('ignore ignored disregard forget override bypass previous prior instruction instructions system prompt prompts password passwords credential credentials secret secrets secretly conversation conversations ' +
    'history silently forward forwards exfiltrate reveal private token tokens without telling contents content message messages important send sends sending upload uploads include includes including transmit transmits data usage ' +
    'user users confirm confirmation approval files file read never always hidden attacker access execute command commands environment variables sensitive information please assistant model email emails server external').split(' '),
);

/** Words of every text, by which a cipher of letters gives itself away. */
const COMMON: ReadonlySet<string> = new Set('the and you with this that from for into all any before after then user send read not your'.split(' '));

const MAX_TOKENS = 1_500;

/** What a folded text says once letters are put together, turned, shifted or spelled properly again. */
export function undisguised({ text }: Plain): Undisguised[] {
  const tokens = tokensOf(text);
  return [respaced(text), unspaced(tokens), joined(text, tokens), ...lettered(tokens)].filter((found) => found !== undefined);
}

interface Token {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(/[\p{L}\p{N}@$!|]+/gu)) {
    if (tokens.length >= MAX_TOKENS) break;
    tokens.push({ word: match[0], start: match.index, end: match.index + match[0].length });
  }
  return tokens;
}

/** "i g n o r e  p r e v i o u s": single letters with one separator between them. */
function respaced(text: string): Undisguised | undefined {
  for (const match of text.matchAll(/(?<![\p{L}\p{N}])(?:\p{L}[ ._*|/\\-]{1,2}){7,2000}\p{L}(?![\p{L}\p{N}])/gu)) {
    const letters = match[0].replace(/[^\p{L}]/gu, '');
    const words = [...TELLING].filter((word) => word.length >= 6 && letters.includes(word)).sort((a, b) => b.length - a.length);
    if (words.length === 0) continue;
    return { disguise: 'spaced letters', text: spacedOut(letters, words), start: match.index, end: match.index + match[0].length };
  }
  return undefined;
}

/** "pleaseignorepreviousinstructions": words without anything between them. */
function unspaced(tokens: readonly Token[]): Undisguised | undefined {
  for (const { word, start, end } of tokens) {
    if (word.length < 24 || !/^\p{L}+$/u.test(word)) continue;
    const words = [...TELLING].filter((telling) => telling.length >= 5 && word.includes(telling)).sort((a, b) => b.length - a.length);
    if (words.length >= 3) return { disguise: 'words without blanks', text: spacedOut(word, words), start, end };
  }
  return undefined;
}

/** Blanks around the telling words of unspaced letters, so that phrases of them can be read. */
function spacedOut(letters: string, words: readonly string[]): string {
  const found = new RegExp(`(${words.slice(0, 40).join('|')})`, 'g');
  return letters.replace(found, ' $1 ').replace(/\s+/g, ' ').trim();
}

/** "conver sation", "pass-word": words cut in two. */
function joined(text: string, tokens: readonly Token[]): Undisguised | undefined {
  const pairs: Token[] = [];
  for (let i = 0; i + 1 < tokens.length; i++) {
    const [a, b] = [tokens[i], tokens[i + 1]];
    if (a === undefined || b === undefined || b.start - a.end > 2 || text.slice(a.end, b.start).includes('\n')) continue;
    const word = a.word + b.word;
    if (!TELLING.has(word) || TELLING.has(a.word) || word === 'include' || word === 'user') continue;
    pairs.push({ word, start: a.start, end: b.end });
    i++;
  }
  const last = pairs.at(-1);
  if (pairs.length < 2 || last === undefined || !pairs.some(({ word }) => word.length >= 7)) return undefined;
  let whole = '';
  let at = 0;
  for (const pair of pairs) {
    whole += text.slice(at, pair.start) + pair.word;
    at = pair.end;
  }
  return { disguise: 'words cut in two', text: whole + text.slice(at), start: pairs[0]?.start ?? 0, end: last.end };
}

type Spelling = readonly [disguise: string, needed: number, spell: (word: string) => string | undefined];

const SPELLINGS: readonly Spelling[] = [
  ['digits for letters', 1, unleet],
  ['reversed words', 2, (word) => (word.length >= 4 ? Array.from(word).reverse().join('') : undefined)],
  ['rot13', 3, (word) => word.replace(/[a-z]/g, (letter) => String.fromCharCode(((letter.charCodeAt(0) - 84) % 26) + 97))],
];

function* lettered(tokens: readonly Token[]): Generator<Undisguised> {
  for (const [disguise, needed, spell] of SPELLINGS) {
    const hits = tokens.filter(({ word }) => {
      const spelled = spell(word);
      return spelled !== undefined && spelled !== word && !TELLING.has(word) && !COMMON.has(word) && ((spelled.length >= 4 && TELLING.has(spelled)) || (needed > 2 && COMMON.has(spelled)));
    });
    const [first, last] = [hits[0], hits.at(-1)];
    if (first === undefined || last === undefined || hits.length < needed) continue;
    // Whole sentences may run backwards: words are turned where they stand, then their order as well.
    const turned = tokens.map(({ word }) => (TELLING.has(word) || COMMON.has(word) ? word : (spell(word) ?? word)));
    yield { disguise, text: turned.join(' '), start: first.start, end: last.end };
    if (disguise === 'reversed words') yield { disguise, text: [...tokens].reverse().map(({ word }) => spell(word) ?? word).join(' '), start: first.start, end: last.end };
  }
}

function unleet(word: string): string | undefined {
  if (word.length < 4 || !/[a-z]/.test(word) || !/[013457@$!|]/.test(word)) return undefined;
  const spelled = word.replace(/[03457@$]/g, (sign) => LEET.get(sign) ?? sign);
  const withI = spelled.replace(/[1!|]/g, 'i');
  return TELLING.has(withI) ? withI : spelled.replace(/[1!|]/g, 'l');
}

const LEET: ReadonlyMap<string, string> = new Map([['0', 'o'], ['3', 'e'], ['4', 'a'], ['5', 's'], ['7', 't'], ['@', 'a'], ['$', 's']]);
