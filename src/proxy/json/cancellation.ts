import type { RawJson } from '../model.ts';
import { withMembers } from './slice.ts';

/** The reason a signal aborts with when the other side said so: what `notifications/cancelled` held goes along. */
export class Cancellation {
  readonly params: RawJson | undefined;

  /** @param params raw, as they came */
  constructor(params: RawJson | undefined) {
    this.params = params;
  }
}

/**
 * Raw params of the `notifications/cancelled` that passes a cancellation on.
 * @param requestId raw id of the request where the notification goes to
 * @param why reason of the aborted signal
 * @param otherwise what it says when nobody said anything
 */
export function cancelledParams(requestId: RawJson, why: unknown, otherwise: string): RawJson {
  const params = why instanceof Cancellation ? why.params : undefined;
  return withMembers(params ?? JSON.stringify({ reason: otherwise }), { requestId });
}
