/** Names and values outside of the process. Any method may reject. */
export interface KeyValue {
  /** The values of these names, in their order; undefined for those that are not there. */
  get(names: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** @param ms how long it is kept at least, as far as there is room */
  set(name: string, value: Uint8Array, ms: number): Promise<void>;
  /** Adds one to the number of a name, from 0, which is kept for good. */
  increment(name: string): Promise<void>;
  close(): Promise<void>;
}
