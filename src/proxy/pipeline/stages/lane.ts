import type { ServerName } from '../../model.ts';
import type { Flow } from '../../policy/flow/flow.ts';
import type { Lane, NoTurn } from '../../policy/flow/lane.ts';
import { toolOf } from '../call.ts';
import { refusal } from '../refusal.ts';
import type { Call, InboundStage, Next, Outcome } from '../types.ts';

/** Calls of a server at the same time; the rest wait for their turn, agents one after another, up to a deadline. */
export function createLane(flow: Flow): InboundStage & { readonly name: 'lane' } {
  return {
    name: 'lane',
    phase: 'in',
    run(call, next) {
      const { server } = toolOf(call);
      const lane = flow.of(server)?.lane;
      return lane === undefined ? next() : inTurn(lane, server, call, next);
    },
  };
}

async function inTurn(lane: Lane, server: ServerName, call: Call, next: Next): Promise<Outcome> {
  const turn = await lane.enter(call.principal.id, call.signal);
  if (typeof turn === 'string') return noTurn(server, turn);
  try {
    return await next();
  } finally {
    turn.dispose();
  }
}

const WHY: Readonly<Record<Exclude<NoTurn, 'cancelled'>, string>> = {
  full: 'has as many calls as it takes at once, and as many waiting as may wait',
  late: 'was busy with other calls for as long as a call may wait',
};

function noTurn(server: string, why: NoTurn): Outcome {
  if (why === 'cancelled') return refusal('ambiguous', 'The call was cancelled while it waited for its turn. It was not sent.', { retryable: true, action: 'Call again if it is still wanted.' });
  return refusal('overloaded', `The server ${JSON.stringify(server)} ${WHY[why]}. The call was not sent.`, { retryable: true, action: 'Wait for calls of yours that are under way, then call again.' });
}
