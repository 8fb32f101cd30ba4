/**
 * Full jitter: anything between nothing and a ceiling that doubles with each failure, so that many clients of one
 * server do not come back at the same moment.
 * @param failures failures in a row so far, from 0
 * @param base ceiling of the first wait, in milliseconds
 * @param most ceiling of every wait, in milliseconds
 * @returns milliseconds
 */
export function fullJitter(failures: number, base: number, most: number, random: () => number = Math.random): number {
  return Math.round(random() * Math.min(most, base * 2 ** Math.min(failures, 30)));
}
