/** Lets so many different values be labels, the first that come; all later ones are one. */
export class BoundedLabels {
  /** What stands for every value beyond the bound. */
  static readonly OTHER = 'other';

  readonly #max: number;
  readonly #known = new Set<string>();

  constructor(max: number) {
    this.#max = max;
  }

  /** True when the value is a label of its own, which it stays. */
  has(value: string): boolean {
    if (this.#known.has(value)) return true;
    if (this.#known.size >= this.#max) return false;
    this.#known.add(value);
    return true;
  }

  /** The label of a value: itself, or `other`. */
  of(value: string): string {
    return this.has(value) ? value : BoundedLabels.OTHER;
  }
}
