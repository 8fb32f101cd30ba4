/**
 * Up to `count` names that an agent may have meant by `requested`, nearest first. Compares case-insensitively
 * by edit distance over the tool part; names too far off are left out.
 */
export function nearNames(requested: string, candidates: Iterable<{ readonly id: string; readonly name: string }>, count = 3): string[] {
  const wanted = requested.slice(0, MAX_COMPARED).toLowerCase();
  const wantedTool = wanted.slice(wanted.lastIndexOf(':') + 1);
  const scored: { id: string; distance: number }[] = [];
  for (const candidate of candidates) {
    const name = candidate.name.slice(0, MAX_COMPARED).toLowerCase();
    const distance = Math.min(
      editDistance(wantedTool, name, MAX_DISTANCE),
      editDistance(wanted, candidate.id.slice(0, MAX_COMPARED).toLowerCase(), MAX_DISTANCE),
      name.includes(wantedTool) || (wantedTool.includes(name) && name.length > 3) ? 2 : MAX_DISTANCE + 1,
    );
    if (wantedTool !== '' && distance <= Math.min(MAX_DISTANCE, Math.ceil(wantedTool.length / 2))) scored.push({ id: candidate.id, distance });
  }
  scored.sort((a, b) => a.distance - b.distance || (a.id < b.id ? -1 : 1));
  return scored.slice(0, count).map((entry) => entry.id);
}

const MAX_DISTANCE = 4;
/** Longer names are compared by their head: the work per candidate stays bounded. */
const MAX_COMPARED = 80;

/** Levenshtein distance, or `limit + 1` as soon as it must exceed `limit`. */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    let best = i;
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const value = Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + cost);
      current.push(value);
      if (value < best) best = value;
    }
    if (best > limit) return limit + 1;
    previous = current;
  }
  return previous[b.length] ?? limit + 1;
}
