/** Longer texts are shown whole on both sides: the comparison takes the product of their lengths. */
const MAX_LINES = 1_000;

/** Two texts line by line: `- ` was there, `+ ` is there now, two blanks for both (longest common subsequence). */
export function diffLines(before: readonly string[], after: readonly string[]): string[] {
  const removed = before.map((line) => `- ${line}`);
  const added = after.map((line) => `+ ${line}`);
  if (before.length > MAX_LINES || after.length > MAX_LINES) return [...removed, ...added];
  const width = after.length + 1;
  // common[i * width + j]: how many lines the rests from i and j have in common.
  const common = new Uint16Array((before.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      common[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: string[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push(`  ${before[i] ?? ''}`);
      i++;
      j++;
    } else if (j >= after.length || (i < before.length && at(i + 1, j) >= at(i, j + 1))) lines.push(removed[i++] ?? '');
    else lines.push(added[j++] ?? '');
  }
  return lines;
}
