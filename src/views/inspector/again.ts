import type { GatewayApi } from '../../proxy/api.ts';
import type { CallRecord } from '../../proxy/journal/types.ts';
import type { Dialogs } from '../dialogs.ts';
import { tierText } from '../present/labels.ts';
import { findUpstream } from '../target.ts';
import { oneLine, visibleLines } from '../text.ts';
import type { AgainAnswer, Draft } from './messages.ts';
import { shownJson } from './rows.ts';

/** Characters of arguments in the question; all of them stand in the page. */
const MAX_ASKED = 1_500;
/** Other records that may hold the id of a call in their text. */
const MAX_SAME_TEXT = 50;
/** What stands where something was left out of a record. */
const LEFT_OUT = /\[redacted\]|\[\d+ characters, not recorded\]|… \[\d+ characters\]|vestibule\/shortened|\[not recorded: too many values\]/;

/** Something the page is told instead of an answer. */
class AgainError extends Error {
  override readonly name = 'VestibuleError';
  readonly action: string;

  constructor(message: string, action: string) {
    super(message);
    this.action = action;
  }
}

/** The arguments of a recorded call, to be edited and sent again. @throws Error when there is no such call any more */
export async function draftOf(gateway: GatewayApi, id: string): Promise<Draft> {
  const { arguments: args = {} } = await recordOf(gateway, id);
  const text = JSON.stringify(args, null, 2);
  return { arguments: text, note: LEFT_OUT.test(text) ? 'Some of it was not recorded (secrets, long values). Put it back before you call.' : undefined };
}

/**
 * Calls the tool of a recorded call once more as the person, through every check that calls of agents pass. What is
 * not approved as read-only is asked about first.
 * @returns undefined when the person said no
 * @throws Error when the arguments cannot be sent
 */
export async function callAgain(gateway: GatewayApi, dialogs: Dialogs, id: string, argumentsText: string): Promise<AgainAnswer | undefined> {
  const { server, tool } = await recordOf(gateway, id);
  if (!isObject(argumentsText)) throw new AgainError('The arguments are no JSON object.', 'Correct them, then call again.');
  if (LEFT_OUT.test(argumentsText)) throw new AgainError('The arguments still hold what was left out of the record.', 'Put the values back, then call again.');
  const known = findUpstream(gateway.snapshot().upstreams, server)?.tools.find(({ name }) => name === tool);
  if (known?.tier !== 'read') {
    const sent = visibleLines(argumentsText.slice(0, MAX_ASKED));
    const confirmed = await dialogs.confirm({
      message: `Call ${oneLine(`${server}:${tool}`, 120)} as yourself?`,
      detail: `${known === undefined ? 'It is not known to the gateway now.' : `It is approved as: ${tierText(known.tier)}.`} It really runs, and is recorded as your call.\n\n${sent}${argumentsText.length > MAX_ASKED ? '\n… (all of it stands in the inspector)' : ''}`,
      yes: 'Call',
      needsDocument: false,
    });
    if (!confirmed) return undefined;
  }
  const { answer, code, outcome } = await gateway.callTool({ server, tool, argumentsText });
  return { outcome, code, text: shownJson(JSON.parse(answer)) };
}

async function recordOf(gateway: GatewayApi, id: string): Promise<CallRecord> {
  const found = (await gateway.calls({ text: id, limit: MAX_SAME_TEXT })).find((record) => record.id === id);
  if (found === undefined || found.server === '') throw new AgainError('There is no record of this call any more.', 'Choose another one.');
  return found;
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
