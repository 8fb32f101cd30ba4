import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ConsentDesk } from '../../src/proxy/consent/consent-desk.ts';
import { withConsent, withoutConsents } from '../../src/proxy/consent/standing.ts';
import type { AskAgent, ConsentAnswer, ConsentMode, ConsentQuestion, ConsentRequest, ConsentStore, ConsentVerdict, StandingConsent } from '../../src/proxy/consent/types.ts';
import { Emitter } from '../../src/proxy/events.ts';
import type { DecisionEntry } from '../../src/proxy/journal/types.ts';
import { FULL_GRANT, type Principal } from '../../src/proxy/model.ts';
import { toolFixture } from '../fixtures/calls.ts';

const WAIT_MS = 60_000;

class MemoryStore implements ConsentStore {
  readonly onDidChange = new Emitter<void>().event;
  all: readonly StandingConsent[] = [];

  of(server: string, tool: string): readonly StandingConsent[] {
    return this.all.filter((consent) => consent.server === server && (consent.tool === undefined || consent.tool === tool));
  }

  add(consents: readonly StandingConsent[]): Promise<void> {
    this.all = consents.reduce(withConsent, this.all);
    return Promise.resolve();
  }

  revoke(consents: readonly StandingConsent[]): Promise<void> {
    this.all = withoutConsents(this.all, consents);
    return Promise.resolve();
  }

  dispose(): void {
    this.all = [];
  }
}

/** A question and the way to answer it. */
interface Asked {
  readonly question: ConsentQuestion;
  readonly answer: (answer: ConsentAnswer) => void;
}

/** A desk with a person who answers when the test says so. */
class Bench {
  readonly store = new MemoryStore();
  readonly journal: DecisionEntry[] = [];
  readonly asked: Asked[] = [];
  readonly desk: ConsentDesk;
  now = 1_000;
  readonly #waiting: (() => void)[] = [];

  constructor(mode: ConsentMode = 'ask', timeoutMs = WAIT_MS) {
    const { store } = this;
    this.desk = new ConsentDesk({ mode, ask: (question) => this.#ask(question), timeoutMs, store, toolsOf: () => [DROP, WIPE], journal: (entry) => this.journal.push(entry), onUnkept: unkept, now: () => this.now });
  }

  /** The question that is asked next, in order. */
  async question(index: number): Promise<Asked> {
    while (this.asked.length <= index) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const asked = this.asked[index];
    assert.ok(asked);
    return asked;
  }

  /** Decides a call; the person gives this answer if they are asked. */
  async decide(request: ConsentRequest, answer: ConsentAnswer): Promise<{ verdict: ConsentVerdict; asked: boolean }> {
    const before = this.asked.length;
    const decided = this.desk.decide(request);
    await Promise.race([decided, this.question(before)]);
    this.asked[before]?.answer(answer);
    return { verdict: await decided, asked: this.asked.length > before };
  }

  #ask(question: ConsentQuestion): Promise<ConsentAnswer> {
    return new Promise((resolve) => {
      this.asked.push({ question, answer: resolve });
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }
}

const DROP = toolFixture('s', 'drop');
const DROP_2 = toolFixture('s', 'drop', { description: 'changed' });
const WIPE = toolFixture('s', 'wipe');
const READ = toolFixture('s', 'read', { annotations: { readOnlyHint: true } });
const WRITE = toolFixture('s', 'write', { annotations: { destructiveHint: false } });
const principal = (id: string, kind: Principal['kind'] = 'agent'): Principal => ({ id, kind, label: id, grant: FULL_GRANT });

function request(more: Partial<ConsentRequest> = {}): ConsentRequest {
  return { tool: DROP, principal: principal('p'), session: 'one', client: 'test 1', route: 'call_tool', argumentsText: '{"a":1,"b":2}', signal: new AbortController().signal, continues: undefined, askAgent: undefined, ...more };
}

function unkept(error: unknown): void {
  throw error;
}

const ALLOWED: ConsentVerdict = { allowed: true };
const refused = (why: string): unknown => ({ allowed: false, why });

describe('the consent desk', { timeout: 120_000 }, () => {
  it('asks nobody about read-only tools, and otherwise as the mode says', async () => {
    const outcomes = async (mode: ConsentMode, more: Partial<ConsentRequest> = {}): Promise<string[]> => {
      const found: string[] = [];
      for (const tool of [READ, WRITE, DROP]) {
        const bench = new Bench(mode);
        const { verdict, asked } = await bench.decide(request({ tool, ...more }), 'once');
        found.push(asked ? 'asked' : verdict.allowed ? 'allowed' : verdict.why);
      }
      return found;
    };
    assert.deepEqual(await outcomes('client'), ['allowed', 'allowed', 'allowed']);
    assert.deepEqual(await outcomes('ask'), ['allowed', 'asked', 'asked']);
    assert.deepEqual(await outcomes('deny-destructive'), ['allowed', 'allowed', 'destructive']);
    assert.deepEqual(await outcomes('first-use'), ['allowed', 'allowed', 'asked']);
    assert.deepEqual(await outcomes('first-use', { route: 'code' }), ['allowed', 'allowed', 'asked']);
    assert.deepEqual(await outcomes('first-use', { principal: principal('e', 'editor'), route: 'direct' }), ['allowed', 'allowed', 'allowed']);
    assert.deepEqual(await outcomes('first-use', { principal: principal('e', 'editor') }), ['allowed', 'allowed', 'asked']);
    assert.deepEqual(await outcomes('ask', { principal: principal('me', 'person'), route: 'person' }), ['allowed', 'allowed', 'allowed']);
  });

  it('uses "once" for one of two calls that race', async () => {
    const bench = new Bench();
    const [first, second] = [bench.desk.decide(request()), bench.desk.decide(request())];
    (await bench.question(0)).answer('once');
    assert.deepEqual(await first, ALLOWED);
    (await bench.question(1)).answer('decline');
    assert.deepEqual(await second, refused('declined'));
    assert.equal(bench.asked.length, 2);
  });

  it('puts one question at a time, and none that the answer before has settled', async () => {
    const bench = new Bench();
    const calls = [request(), request(), request({ tool: WIPE })].map(async (one) => bench.desk.decide(one));
    const { question, answer } = await bench.question(0);
    assert.equal(question.tool, DROP);
    assert.equal(bench.asked.length, 1);
    answer('tool');
    const next = await bench.question(1);
    assert.equal(next.question.tool, WIPE, 'the second call of the first tool is settled');
    next.answer('never');
    assert.deepEqual(await Promise.all(calls), [ALLOWED, ALLOWED, refused('never')]);
  });

  it('refuses what nobody answers in time, and takes no answer after that', async () => {
    const bench = new Bench('ask', 1);
    const verdict = await bench.desk.decide(request());
    assert.deepEqual(verdict, refused('timeout'));
    const { question, answer } = await bench.question(0);
    assert.ok(question.signal.aborted);
    answer('tool');
    assert.deepEqual(bench.store.all, []);
    assert.deepEqual(bench.journal.map(({ action, by }) => `${action} ${by}`), ['consent-decline timeout']);
  });

  it('voids the question of a call that is cancelled, asked or still in line', async () => {
    const bench = new Bench();
    const [asked, waiting] = [new AbortController(), new AbortController()];
    const first = bench.desk.decide(request({ signal: asked.signal }));
    const second = bench.desk.decide(request({ signal: waiting.signal }));
    const { question, answer } = await bench.question(0);
    waiting.abort();
    assert.deepEqual(await second, refused('cancelled'));
    asked.abort();
    assert.deepEqual(await first, refused('cancelled'));
    assert.ok(question.signal.aborted);
    answer('tool');
    const { verdict } = await bench.decide(request(), 'decline');
    assert.deepEqual(verdict, refused('declined'));
    assert.equal(bench.asked.length, 2, 'the cancelled call in line was never asked about');
  });

  it('bounds the questions that wait', async () => {
    const bench = new Bench();
    const abort = new AbortController();
    const calls = Array.from({ length: 40 }, async () => bench.desk.decide(request({ signal: abort.signal })));
    assert.deepEqual(await calls.at(-1), refused('too-many'));
    abort.abort();
    assert.ok((await Promise.all(calls)).every(({ allowed }) => !allowed));
  });

  it('refuses when there is nobody to ask, and when asking fails', async () => {
    const store = new MemoryStore();
    const journal: DecisionEntry[] = [];
    const desk = new ConsentDesk({ mode: 'ask', store, toolsOf: () => [], journal: (entry) => journal.push(entry), onUnkept: unkept });
    assert.deepEqual(await desk.decide(request()), refused('nobody-to-ask'));
    const failing: AskAgent = { line: 'x', ask: () => Promise.reject(new Error('no stream')) };
    assert.deepEqual(await desk.decide(request({ askAgent: failing })), refused('declined'));
    assert.deepEqual(await desk.decide(request({ askAgent: { line: 'x', ask: () => Promise.resolve('once') } })), ALLOWED);
    assert.deepEqual(journal.map(({ action, by }) => `${action} ${by}`), ['consent-decline nobody', 'consent-decline person at p', 'consent-once person at p']);
  });

  it('lets a person be asked every time although the mode does not, and never although it does', async () => {
    const bench = new Bench('client');
    await bench.store.add([{ kind: 'ask', server: 's', tool: 'drop', at: 1 }]);
    assert.deepEqual(await bench.decide(request(), 'once'), { verdict: ALLOWED, asked: true });
    assert.equal((await bench.question(0)).question.everyCall, true);
    await bench.store.add([{ kind: 'never', server: 's', tool: 'drop', principal: 'p', at: 1 }]);
    assert.deepEqual(await bench.decide(request(), 'once'), { verdict: refused('never'), asked: false });
    const strict = new Bench('deny-destructive');
    await strict.store.add([{ kind: 'tool', server: 's', tool: 'drop', principal: 'p', digest: DROP.digest, at: 1 }]);
    assert.deepEqual(await strict.decide(request(), 'once'), { verdict: refused('destructive'), asked: false });
  });

  it('shows what the last allowed call had', async () => {
    const bench = new Bench();
    await bench.decide(request({ argumentsText: '{"a":1}' }), 'once');
    await bench.decide(request({ argumentsText: '{"a":2}' }), 'decline');
    await bench.decide(request({ argumentsText: '{"a":3}' }), 'once');
    assert.deepEqual(bench.asked.map(({ question }) => question.lastAllowed), [undefined, '{"a":1}', '{"a":1}']);
  });

  it('takes the repetition of an interrupted call for the same call, once', async () => {
    const bench = new Bench();
    const call = request();
    assert.deepEqual(await bench.decide(call, 'once'), { verdict: ALLOWED, asked: true });
    bench.desk.interrupted(call, '"state"');
    const repeated = request({ continues: '"state"' });
    assert.equal((await bench.decide(request({ continues: '"other"' }), 'once')).asked, true);
    assert.equal((await bench.decide(request({ continues: '"state"', argumentsText: '{}' }), 'once')).asked, true);
    assert.deepEqual(await bench.decide(repeated, 'decline'), { verdict: ALLOWED, asked: false });
    assert.deepEqual(await bench.decide(repeated, 'decline'), { verdict: refused('declined'), asked: true });
  });

  it('lets what was allowed for a session end with its time, with being taken back, and with the run', async () => {
    const bench = new Bench();
    const call = (more = {}): Promise<{ verdict: ConsentVerdict; asked: boolean }> => bench.decide(request(more), 'session');
    assert.equal((await call()).asked, true);
    bench.now += 12 * 60 * 60 * 1000 - 1;
    assert.equal((await call()).asked, false);
    assert.equal((await call({ session: 'two' })).asked, true);
    bench.now++;
    assert.equal((await call()).asked, true, 'twelve hours are over');
    assert.equal(bench.store.all.length, 2, 'what is over is forgotten with the next decision');
    await bench.store.revoke(bench.store.all);
    assert.equal((await call()).asked, true, 'a person took it back');
    await bench.desk.end();
    assert.deepEqual(bench.store.all, []);
  });

  it('agrees with a model over random calls, answers, changes and revocations', async () => {
    const answers = ['once', 'session', 'arguments', 'tool', 'server', 'ask', 'never', 'decline'] as const;
    // Equal in canonical form, pairwise: order and spelling of numbers make no other arguments.
    const texts = ['{"a":1,"b":2}', '{"b":2,"a":1.0}', '{"a":2}'] as const;
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ do: fc.constant('call' as const), tool: fc.constantFrom(DROP, DROP_2, WIPE), who: fc.constantFrom('p', 'q'), session: fc.constantFrom('one', 'two'), text: fc.constantFrom(...texts), answer: fc.constantFrom(...answers) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('revoke' as const), at: fc.nat(10) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const bench = new Bench();
        // The model: plain sets of strings, one for each kind of promise, and the rules in words.
        let sessions = new Set<string>();
        let tools = new Set<string>();
        let given = new Set<string>();
        const nevers = new Set<string>();
        const sessionOf = new Map<string, string>();
        const without = (set: Set<string>, fits: (key: string) => boolean): Set<string> => new Set([...set].filter((key) => !fits(key)));
        for (const one of steps) {
          if (one.do === 'revoke') {
            const consent = bench.store.all[one.at];
            if (consent === undefined || consent.kind === 'ask') continue;
            await bench.store.revoke([consent]);
            if (consent.kind === 'never') nevers.delete(`${consent.principal} ${consent.tool}`);
            else if (consent.kind === 'tool') tools.delete(`${consent.principal} ${consent.tool} ${consent.digest}`);
            else if (consent.kind === 'arguments') given.delete(`${consent.principal} ${consent.tool} ${consent.digest} ${consent.arguments}`);
            else sessions.delete(`${consent.principal} ${consent.tool} ${consent.digest} ${sessionOf.get(consent.session) ?? ''}`);
            continue;
          }
          const { tool, who, session, text, answer } = one;
          const { verdict, asked } = await bench.decide(request({ tool, session, principal: principal(who), argumentsText: text }), answer);
          const never = nevers.has(`${who} ${tool.name}`);
          const args = text === texts[2] ? 'second' : 'first';
          const argumentsKey = (): string => `${who} ${tool.name} ${tool.digest} `;
          const free = tools.has(`${who} ${tool.name} ${tool.digest}`) || sessions.has(`${who} ${tool.name} ${tool.digest} ${session}`) || [...given].some((key) => key.startsWith(argumentsKey()) && argsOf.get(key) === args);
          assert.equal(asked, !never && !free, JSON.stringify(one));
          assert.equal(verdict.allowed, !never && (free || (answer !== 'decline' && answer !== 'never')), JSON.stringify(one));
          if (!asked || answer === 'decline') continue;
          // What was promised about another definition of the tool is history as soon as there is a new promise.
          const renew = (name: string, digest: string): void => {
            tools = without(tools, (key) => key.startsWith(`${who} ${name} `) && !key.includes(digest));
            given = without(given, (key) => key.startsWith(`${who} ${name} `) && !key.includes(digest));
          };
          if (answer === 'session') {
            const stored = bench.store.all.at(-1);
            assert.ok(stored?.kind === 'session' && !JSON.stringify(stored).includes(`"${session}"`), 'an id of a session is not kept as it is');
            sessionOf.set(stored.session, session);
            sessions.add(`${who} ${tool.name} ${tool.digest} ${session}`);
          }
          if (answer === 'arguments') {
            renew(tool.name, tool.digest);
            const stored = bench.store.all.at(-1);
            assert.ok(stored?.kind === 'arguments');
            const key = `${argumentsKey()}${stored.arguments}`;
            argsOf.set(key, args);
            given.add(key);
          }
          if (answer === 'tool') {
            renew(tool.name, tool.digest);
            tools.add(`${who} ${tool.name} ${tool.digest}`);
          }
          if (answer === 'server') {
            for (const { name, digest } of [DROP, WIPE]) {
              renew(name, digest);
              tools.add(`${who} ${name} ${digest}`);
              nevers.delete(`${who} ${name}`);
            }
          }
          if (answer === 'ask') {
            tools = without(tools, (key) => key.split(' ')[1] === tool.name);
            given = without(given, (key) => key.split(' ')[1] === tool.name);
            sessions = without(sessions, (key) => key.split(' ')[1] === tool.name);
          }
          if (answer === 'never') {
            nevers.add(`${who} ${tool.name}`);
            tools = without(tools, (key) => key.startsWith(`${who} ${tool.name} `));
            given = without(given, (key) => key.startsWith(`${who} ${tool.name} `));
            sessions = without(sessions, (key) => key.split(' ')[1] === tool.name);
          }
        }
        assert.equal(bench.journal.length, bench.asked.length, 'every answer is journalled, once');
      }),
      { numRuns: 300 },
    );
  });
});

const argsOf = new Map<string, string>();
