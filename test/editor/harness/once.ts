/** A value that arrives once, from somewhere that cannot be awaited. */
export interface Once<T> {
  readonly resolve: (value: T) => void;
  /** @throws Error when nothing arrived in time */
  within(ms: number): Promise<T>;
}

/** @returns an empty one */
export function once<T>(): Once<T> {
  let resolve: (value: T) => void = () => undefined;
  const arrived = new Promise<T>((settle) => (resolve = settle));
  return {
    resolve: (value) => resolve(value),
    within: (ms) =>
      new Promise((settle, reject) => {
        const timer = setTimeout(() => reject(new Error(`nothing after ${ms} ms`)), ms);
        void arrived.then((value) => {
          clearTimeout(timer);
          settle(value);
        });
      }),
  };
}
