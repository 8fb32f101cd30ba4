import { editDistance } from '../edit-distance.ts';

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
