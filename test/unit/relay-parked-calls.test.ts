import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AgentRequest, AgentSession } from '../../src/proxy/downstream/types.ts';
import { members, stringOf } from '../../src/proxy/json/slice.ts';
import { FULL_GRANT, type Era, type RawReply } from '../../src/proxy/model.ts';
import { ParkedCalls } from '../../src/proxy/relay/bridge/parked-calls.ts';
import { StateSeal } from '../../src/proxy/relay/bridge/sealed-state.ts';

const never = (): Promise<RawReply> => Promise.reject(new Error('nobody is asked this way'));

function session(id: string, options: { readonly era?: Era; readonly principal?: string; readonly capabilities?: string } = {}): AgentSession {
  return {
    id,
    era: options.era ?? 'modern',
    principal: { id: options.principal ?? 'p', kind: 'agent', label: 'p', grant: FULL_GRANT },
    client: { name: 'c', version: '1' },
    clientInfo: '{}',
    capabilities: options.capabilities ?? '{"elicitation":{}}',
    protocolVersion: '2026-07-28',
    notify: () => undefined,
    congestion: () => undefined,
    request: never,
  };
}

const ONE = session('one');

function request(from: AgentSession, params: object = { name: 't' }, method = 'tools/call', signal = new AbortController().signal): AgentRequest {
  return { session: from, method, params: JSON.stringify(params), signal, notify: () => undefined, congestion: () => undefined, request: never };
}

/** Asks for a name and says what it heard. */
const asking = async (call: AgentRequest): Promise<RawReply> => {
  const reply = await call.request('elicitation/create', '{"message":"?"}');
  return 'result' in reply ? { result: `{"heard":${reply.result}}` } : reply;
};

function questionsOf(reply: RawReply): { readonly keys: string[]; readonly requestState: string } {
  assert.ok('result' in reply, JSON.stringify(reply));
  const all = members(reply.result);
  return { keys: [...(members(all?.get('inputRequests') ?? '{}') ?? new Map<string, string>()).keys()], requestState: stringOf(all?.get('requestState')) ?? assert.fail(reply.result) };
}

const codeOf = (reply: RawReply): number => ('error' in reply ? (JSON.parse(reply.error) as { code: number }).code : 0);

/** Resolves when the signal aborts. */
const aborted = (signal: AbortSignal): Promise<void> => new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve())));

describe('a state of ours', () => {
  const seal = new StateSeal();
  const state = { call: 'abc', round: 3, expires: 1_000 };

  it('opens for what it is bound to, until it expires, in the process that made it', () => {
    const text = seal.seal(state, 'bound');
    assert.deepEqual(seal.open(text, 'bound', 999), state);
    assert.equal(seal.open(text, 'bound', 1_000), undefined);
    assert.equal(seal.open(text, 'else', 999), undefined);
    assert.equal(new StateSeal().open(text, 'bound', 999), undefined);
    assert.notEqual(seal.seal(state, 'bound'), text);
  });

  it('opens in no other form than it was given', () => {
    const text = seal.seal(state, 'bound');
    const last = text.at(-1) === 'A' ? 'B' : 'A';
    for (const other of [`${text}=`, `${text}!`, `${text}A`, text.slice(0, -1), `${text.slice(0, -1)}${last}`, ` ${text}`, text.toUpperCase(), 'vestibule-', 'vestibule-AAAA', '', 'x'.repeat(5_000), `vestibule-${'A'.repeat(5_000)}`]) {
      assert.equal(seal.open(other, 'bound', 999), undefined, other.slice(0, 80));
    }
  });

  it('says nothing of what it is', () => {
    assert.ok(!Buffer.from(seal.seal(state, 'bound').slice(10), 'base64url').toString('latin1').includes('abc'));
  });
});

describe('parked calls', { timeout: 60_000 }, () => {
  it('are left alone where nobody can be asked, or nothing may ask', async () => {
    const parked = new ParkedCalls();
    for (const one of [request(session('l', { era: 'legacy' })), request(session('n', { capabilities: '{}' })), request(ONE, {}, 'tools/list')]) {
      let given: AgentRequest | undefined;
      await parked.answer(one, (call) => {
        given = call;
        return { result: '{}' };
      });
      assert.equal(given, one);
    }
    assert.equal(parked.size, 0);
  });

  it('go on where they waited, and leave nothing behind', async () => {
    const parked = new ParkedCalls();
    const { keys, requestState } = questionsOf(await parked.answer(request(ONE), asking));
    assert.equal(parked.size, 1);
    const again = async (): Promise<RawReply> => parked.answer(request(ONE, { name: 't', requestState, inputResponses: { [keys[0] ?? '']: { action: 'decline' } } }), asking);
    const [first, second] = await Promise.all([again(), again()]);
    assert.deepEqual([first, codeOf(second)], [{ result: '{"heard":{"action":"decline"}}' }, -32602], 'one of two that race');
    assert.equal(parked.size, 0);
  });

  it('are not for another principal', async () => {
    const parked = new ParkedCalls();
    const { requestState } = questionsOf(await parked.answer(request(ONE), asking));
    assert.equal(codeOf(await parked.answer(request(session('one', { principal: 'q' }), { name: 't', requestState }), asking)), -32602);
    parked.closed(ONE);
  });

  it('give what they came to while nobody stood for them', async () => {
    const parked = new ParkedCalls();
    const withdrawal = new AbortController();
    const { requestState } = questionsOf(await parked.answer(request(ONE), async (call) => {
      await call.request('roots/list', undefined, { signal: withdrawal.signal }).catch(() => undefined);
      return { result: '{"without":"roots"}' };
    }));
    withdrawal.abort();
    assert.deepEqual(await parked.answer(request(ONE, { name: 't', requestState }), asking), { result: '{"without":"roots"}' });
  });

  it('are cancelled when nobody comes back in time, when the agent is gone, and the oldest when there are too many', async () => {
    const park = async (parked: ParkedCalls, of: AgentSession): Promise<AbortSignal> => {
      let signal: AbortSignal | undefined;
      await parked.answer(request(of), (call) => {
        signal = call.signal;
        return asking(call);
      });
      return signal ?? assert.fail();
    };
    const brief = new ParkedCalls(1);
    await aborted(await park(brief, ONE));
    assert.equal(brief.size, 0);

    const parked = new ParkedCalls();
    const [mine, other] = [await park(parked, ONE), await park(parked, session('two'))];
    parked.closed(ONE);
    assert.deepEqual([mine.aborted, other.aborted], [true, false]);
    const many = await Promise.all(Array.from({ length: 33 }, () => park(parked, ONE)));
    assert.equal(many.filter((signal) => signal.aborted).length, 1);
    assert.equal(other.aborted, false, 'one agent cannot push out the calls of another');
  });

  it('end when they ask without end', async () => {
    const endless = async (call: AgentRequest): Promise<RawReply> => {
      for (;;) if ('error' in (await call.request('roots/list'))) assert.fail();
    };
    const parked = new ParkedCalls();
    const answered = async (call: AgentRequest): Promise<unknown> => {
      try {
        return await parked.answer(call, endless);
      } catch (error) {
        return error;
      }
    };
    let reply = await answered(request(ONE));
    let rounds = 0;
    while (!(reply instanceof Error)) {
      rounds++;
      const { keys, requestState } = questionsOf(reply as RawReply);
      reply = await answered(request(ONE, { name: 't', requestState, inputResponses: { [keys[0] ?? '']: { roots: [] } } }));
    }
    assert.equal(rounds, 32);
    assert.equal(parked.size, 0);
  });
});
