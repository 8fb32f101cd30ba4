import type { ReadyQuery } from '../src/views/inspector/call-query.ts';
import type { CallRow } from '../src/views/inspector/messages.ts';

/**
 * What of a filter the rows tell by themselves. Where the journal has to be asked too, for text in arguments or
 * sessions, these are the calls that surely match: what is looked for stands in what is shown of them.
 */
export function rowFilter({ byRows, columns, filter: { outcome, since = 0, text }, terms }: ReadyQuery): (row: CallRow) => boolean {
  const part = text?.toLowerCase();
  // Of these words a row has not enough to tell.
  if (!byRows && terms.some(({ key }) => key === 'session' || key === 'finding')) return () => false;
  return (row) => (outcome === undefined || row.outcome === outcome) && row.time >= since && columns(row) && (part === undefined || shown(row).some((held) => held.toLowerCase().includes(part)));
}

function shown({ agent, client, code = '', id, outcome, route, server, tool }: CallRow): readonly string[] {
  return [tool, server, agent, client, id, outcome, code, route];
}
