import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { BreakerConfig } from '../../src/proxy/config/types.ts';
import type { Disposable } from '../../src/proxy/events.ts';
import { Answers } from '../../src/proxy/policy/flow/answers.ts';
import { Breaker, type CircuitOutcome } from '../../src/proxy/policy/flow/breaker.ts';
import { Lane, type NoTurn } from '../../src/proxy/policy/flow/lane.ts';
import { Rates } from '../../src/proxy/policy/flow/rates.ts';
import { RetryBudget, waitBefore } from '../../src/proxy/policy/flow/retry-budget.ts';
import { TestClock } from '../fixtures/test-clock.ts';

const rate = (key: string, perMinute: number) => ({ key, perMinute, what: key });

describe('rates', () => {
  it('let a minute of calls through at once, then one as often as they fill', () => {
    const clock = new TestClock();
    const rates = new Rates(clock);
    const two = [rate('a', 2)];
    assert.deepEqual([rates.take(two), rates.take(two)], [undefined, undefined]);
    assert.equal(rates.take(two)?.retryAfterSeconds, 30);
    clock.advance(29_000);
    assert.equal(rates.take(two)?.retryAfterSeconds, 1);
    clock.advance(1_000);
    assert.equal(rates.take(two), undefined);
    assert.equal(rates.take(two)?.retryAfterSeconds, 30);
    clock.advance(3_600_000);
    assert.deepEqual([rates.take(two), rates.take(two)], [undefined, undefined], 'no more than a minute is saved up');
    assert.notEqual(rates.take(two), undefined);
  });

  it('take from every bucket or from none, and name the one that lasts longest', () => {
    const rates = new Rates(new TestClock());
    const [wide, narrow] = [rate('wide', 60), rate('narrow', 1)];
    assert.equal(rates.take([wide, narrow]), undefined);
    for (let i = 0; i < 100; i++) assert.deepEqual(rates.take([wide, narrow])?.rate, narrow);
    for (let i = 0; i < 59; i++) assert.equal(rates.take([wide]), undefined, 'refusals cost nothing');
    assert.deepEqual(rates.take([wide])?.rate, wide);
  });

  it('never let more through than a minute of calls and what fills meanwhile, whatever comes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 100 }), (perMinute, waits) => {
        const clock = new TestClock();
        const rates = new Rates(clock);
        let passed = 0;
        let time = 0;
        for (const wait of waits) {
          clock.advance(wait);
          time += wait;
          if (rates.take([rate('a', perMinute)]) === undefined) passed++;
        }
        assert.ok(passed <= perMinute + (time * perMinute) / 60_000 + 1e-6);
      }),
    );
  });

  it('keep the share that was left when the rule changes', () => {
    const rates = new Rates(new TestClock());
    for (let i = 0; i < 5; i++) rates.take([rate('a', 10)]);
    let passed = 0;
    while (rates.take([rate('a', 100)]) === undefined) passed++;
    assert.equal(passed, 50);
  });
});

describe('a lane', () => {
  const never = new AbortController().signal;
  const settled = async <T>(promise: Promise<T>): Promise<T | 'waits'> => Promise.race([promise, new Promise<'waits'>((resolve) => setImmediate(() => resolve('waits')))]);
  const turnOf = (entered: Disposable | NoTurn | 'waits'): Disposable => (typeof entered === 'string' ? assert.fail(entered) : entered);

  it('runs so many at once, and gives turns to one caller after another', async () => {
    const lane = new Lane({ concurrent: 1, queue: 10, queueMs: 1_000 }, new TestClock());
    const first = turnOf(await lane.enter('a', never));
    const order: string[] = [];
    const waiting = ['a', 'a', 'a', 'b', 'c', 'b'].map(async (who, i) => {
      const turn = turnOf(await lane.enter(who, never));
      order.push(`${who}${i}`);
      turn.dispose();
      turn.dispose();
    });
    assert.deepEqual([lane.active, lane.queued], [1, 6]);
    first.dispose();
    await Promise.all(waiting);
    assert.deepEqual(order, ['a0', 'b3', 'c4', 'a1', 'b5', 'a2']);
    assert.deepEqual([lane.active, lane.queued], [0, 0]);
  });

  it('refuses when too many wait, when one waits too long, and who is gone', async () => {
    const clock = new TestClock();
    const lane = new Lane({ concurrent: 1, queue: 2, queueMs: 500 }, clock);
    const first = turnOf(await lane.enter('a', never));
    const abort = new AbortController();
    const gone = lane.enter('a', abort.signal);
    const late = lane.enter('a', never);
    assert.equal(await lane.enter('b', never), 'full');
    abort.abort();
    assert.equal(await gone, 'cancelled');
    assert.equal(await lane.enter('a', abort.signal), 'cancelled');
    clock.advance(499);
    assert.equal(await settled(late), 'waits');
    clock.advance(1);
    assert.equal(await late, 'late');
    first.dispose();
    assert.deepEqual([lane.active, lane.queued, clock.waiting], [0, 0, 0]);
  });

  it('gives what wider limits allow at once', async () => {
    const lane = new Lane({ concurrent: 1, queue: 5, queueMs: 500 }, new TestClock());
    turnOf(await lane.enter('a', never));
    const second = lane.enter('a', never);
    lane.limits = { concurrent: 2, queue: 5, queueMs: 500 };
    turnOf(await second);
    assert.deepEqual([lane.active, lane.queued], [2, 0]);
  });
});

describe('a breaker', () => {
  const CONFIG: BreakerConfig = { failures: 0.5, calls: 4, windowSeconds: 10, openSeconds: 20, trials: 2, on: ['transport'] };
  const made = () => {
    const clock = new TestClock();
    const breaker = new Breaker(CONFIG, clock);
    const call = (outcome: CircuitOutcome): void => {
      const ended = breaker.enter();
      if (typeof ended !== 'function') assert.fail('refused');
      ended(outcome);
    };
    const entered = (): ((outcome: CircuitOutcome) => void) => {
      const ended = breaker.enter();
      return typeof ended === 'function' ? ended : assert.fail('refused');
    };
    return { clock, breaker, call, entered };
  };
  const refused = (breaker: Breaker): number | undefined => {
    const entered = breaker.enter();
    return typeof entered === 'function' ? undefined : entered.retryAfterSeconds;
  };

  it('opens by the share of failures of enough calls in the window, and not before', () => {
    const { breaker, call, clock } = made();
    call('failure');
    call('failure');
    call('success');
    for (let i = 0; i < 10; i++) call('neutral');
    assert.equal(breaker.state, 'closed', 'too few calls');
    clock.advance(10_001);
    call('failure');
    call('success');
    call('success');
    assert.equal(breaker.state, 'closed', 'what is out of the window does not count');
    call('failure');
    assert.equal(breaker.state, 'open');
    assert.equal(refused(breaker), 20);
    clock.advance(15_500);
    assert.equal(refused(breaker), 5);
  });

  it('lets so many trials through after a while, and closes when all of them succeed', () => {
    const { breaker, call, clock, entered } = made();
    for (let i = 0; i < 4; i++) call('failure');
    clock.advance(20_000);
    assert.equal(breaker.state, 'half-open');
    const one = entered();
    entered()('neutral');
    const two = entered();
    assert.equal(refused(breaker), 1, 'no more at once');
    one('success');
    assert.equal(breaker.state, 'half-open');
    two('success');
    assert.equal(breaker.state, 'closed');
    call('failure');
    assert.equal(breaker.state, 'closed', 'it begins anew');
  });

  it('opens again at the first trial that fails, and hears no late ones', () => {
    const { breaker, call, clock, entered } = made();
    const before = entered();
    for (let i = 0; i < 4; i++) call('failure');
    before('success');
    clock.advance(20_000);
    const [late, failing] = [entered(), entered()];
    failing('failure');
    assert.equal(breaker.state, 'open');
    clock.advance(20_000);
    const fresh = entered();
    late('success');
    fresh('success');
    assert.equal(breaker.state, 'half-open', 'one success is missing');
  });
});

describe('retries', () => {
  it('are a share of the calls, beyond a small reserve', () => {
    const config = { attempts: 3, backoffMs: 100, budget: 0.1 };
    const budget = new RetryBudget();
    for (let i = 0; i < 3; i++) assert.equal(budget.spend(), true);
    let spent = 0;
    for (let i = 0; i < 1_000; i++) {
      budget.earn(config);
      if (budget.spend()) spent++;
    }
    assert.ok(spent >= 99 && spent <= 100, String(spent));
  });

  it('wait longer each time, anywhere up to the longest', () => {
    const config = { attempts: 5, backoffMs: 100, budget: 1 };
    assert.deepEqual([1, 2, 3].map((attempt) => waitBefore(config, attempt, 0.5)), [50, 100, 200]);
    assert.equal(waitBefore(config, 1, 0), 0);
    assert.ok(waitBefore({ ...config, backoffMs: 10_000 }, 5, 0.999) < 10_000);
  });
});

describe('kept answers', () => {
  it('last as long as they may, and no longer than until something is written', () => {
    const clock = new TestClock();
    const answers = new Answers(clock);
    const generation = answers.generation('s');
    answers.put('k', 's', '{}', 1_000, generation);
    answers.put('o', 'other', '{}', 5_000, 0);
    clock.advance(999);
    assert.equal(answers.get('k'), '{}');
    clock.advance(1);
    assert.equal(answers.get('k'), undefined);
    answers.put('k', 's', '{}', 1_000, generation);
    answers.forget('s');
    assert.equal(answers.get('k'), undefined);
    answers.put('k', 's', '{"old":1}', 1_000, generation);
    assert.equal(answers.get('k'), undefined, 'it was read before the write');
    assert.deepEqual([answers.count('s'), answers.count('other')], [0, 1]);
  });

  it('are bounded, the least used first to go', () => {
    const answers = new Answers(new TestClock());
    const big = JSON.stringify('x'.repeat(1_000_000));
    for (let i = 0; i < 30; i++) {
      answers.put(`k${i}`, 's', big, 1_000, 0);
      answers.get('k0');
    }
    assert.ok(answers.count('s') <= 16);
    assert.equal(answers.get('k0'), big);
    assert.equal(answers.get('k1'), undefined);
    answers.put('huge', 's', `${big}${big}`, 1_000, 0);
    assert.equal(answers.get('huge'), undefined);
  });
});
