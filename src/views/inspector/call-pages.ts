import type { GatewayApi } from '../../proxy/api.ts';
import type { CallRecord } from '../../proxy/journal/types.ts';
import { readCallQuery } from './call-query.ts';
import type { CallPage, CallQuery } from './messages.ts';
import { callRow } from './rows.ts';

/** Rows of a page at most: the first is on the screen at once, the others come in larger pieces. */
const FIRST_ROWS = 200;
const ROWS = 2_000;
/** Records that are looked at for one page. */
const MAX_LOOKED_AT = 10_000;

/**
 * The calls that match, newest first, from the newest or from `before` on.
 * @param unwanted once aborted, nothing more is read: the page is as far as it got
 */
export async function callPage(gateway: Pick<GatewayApi, 'calls'>, query: CallQuery & { readonly before?: number | undefined }, unwanted?: AbortSignal): Promise<CallPage> {
  const { filter, fits } = readCallQuery(query);
  const wanted = query.before === undefined ? FIRST_ROWS : ROWS;
  const found: CallRecord[] = [];
  let { before } = query;
  for (let looked = 0; looked < MAX_LOOKED_AT; ) {
    const records = await gateway.calls({ ...filter, limit: wanted, ...(before !== undefined && { before }) });
    looked += records.length;
    before = records.at(-1)?.seq;
    found.push(...records.filter(fits));
    if (records.length < wanted) return { rows: found.map(callRow), before: undefined };
    if (found.length >= wanted || unwanted?.aborted === true) break;
  }
  return { rows: found.map(callRow), before };
}
