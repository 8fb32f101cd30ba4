/**
 * @param values at least one
 * @param share 0 to 1; 0.5 is the median
 * @returns the smallest value that at least this share of the values does not exceed
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('no values');
  return value;
}

/** A duration in milliseconds with as many digits as a person can use. */
export function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}
