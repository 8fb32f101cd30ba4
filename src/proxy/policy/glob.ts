/**
 * True when `text` as a whole matches `pattern`: `*` stands for any run of characters, also none, `?` for exactly one
 * (a code point), everything else for itself, case-sensitive. Takes time proportional to the text for a given
 * pattern; nothing a name or pattern holds makes it slower (unlike a regular expression).
 */
export function matchesGlob(pattern: string, text: string): boolean {
  return matchCodePoints(Array.from(pattern), Array.from(text));
}

/**
 * Compiles several patterns into one test: true when any of them matches. No pattern matches nothing.
 */
export function compileGlobs(patterns: readonly string[]): (text: string) => boolean {
  const exact = new Set<string>();
  const wild: string[][] = [];
  for (const pattern of patterns) {
    if (/[*?]/.test(pattern)) wild.push(Array.from(pattern));
    else exact.add(pattern);
  }
  return (text) => {
    if (exact.has(text)) return true;
    if (wild.length === 0) return false;
    const characters = Array.from(text);
    return wild.some((pattern) => matchCodePoints(pattern, characters));
  };
}

function matchCodePoints(pattern: readonly string[], text: readonly string[]): boolean {
  let p = 0;
  let t = 0;
  // Where to go on when a later character does not fit: only the latest star ever needs to take one more.
  let star = -1;
  let starText = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++;
      starText = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++starText;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
