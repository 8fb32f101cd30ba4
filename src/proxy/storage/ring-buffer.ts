/** The last `capacity` items that were pushed; older ones are dropped and counted. */
export class RingBuffer<T> {
  readonly #items: T[] = [];
  readonly #capacity: number;
  #next = 0;
  #dropped = 0;

  /** @throws RangeError when `capacity` is not a positive integer */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`capacity ${capacity} is not a positive integer`);
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#items.length;
  }

  /** How many items have been pushed out since the start or the last `clear()`. */
  get dropped(): number {
    return this.#dropped;
  }

  push(item: T): void {
    if (this.#items.length === this.#capacity) this.#dropped++;
    this.#items[this.#next] = item;
    this.#next = (this.#next + 1) % this.#capacity;
  }

  /** The kept items, oldest first. */
  toArray(): T[] {
    if (this.#items.length < this.#capacity) return [...this.#items];
    return [...this.#items.slice(this.#next), ...this.#items.slice(0, this.#next)];
  }

  clear(): void {
    this.#items.length = 0;
    this.#next = 0;
    this.#dropped = 0;
  }
}
