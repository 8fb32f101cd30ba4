import type { CatalogTool } from '../catalog/types.ts';
import type { RawJson } from '../model.ts';
import type { Outcome } from './types.ts';

/** An answer, and what it came by. */
export interface Taken {
  readonly target: CatalogTool;
  readonly outcome: Outcome;
  /** As the server of the target got them. */
  readonly argumentsText: RawJson | undefined;
}

/** A call at one server, which can be called off. */
export interface Running<T> {
  readonly end: Promise<T>;
  callOff(): void;
}

/**
 * The answer of whichever of two calls is answered first; the other is called off. What is no answer (`counts`) waits for
 * the other one, and where neither is one, the first call's end is what happened.
 * @param first never ends without an outcome
 */
export function firstAnswer(first: Running<Taken>, second: Running<Taken | undefined>, counts: { readonly first: (outcome: Outcome) => boolean; readonly second: (outcome: Outcome) => boolean }): Promise<Taken> {
  return new Promise((resolve, reject) => {
    let ofFirst: Taken | undefined;
    let secondEnded = false;
    first.end.then((taken) => {
      ofFirst = taken;
      if (!secondEnded && !counts.first(taken.outcome)) return;
      second.callOff();
      resolve(taken);
    }, reject);
    const ended = (taken: Taken | undefined): void => {
      secondEnded = true;
      if (taken !== undefined && counts.second(taken.outcome)) {
        first.callOff();
        resolve(taken);
      } else if (ofFirst !== undefined) resolve(ofFirst);
    };
    second.end.then(ended, () => ended(undefined));
  });
}
