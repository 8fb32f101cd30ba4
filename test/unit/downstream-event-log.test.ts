import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EventLog } from '../../src/proxy/downstream/event-log.ts';

describe('EventLog', () => {
  it('remembers the newest messages within both bounds, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 40 })), fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 100 }), (messages, maxEvents, maxBytes) => {
        const log = new EventLog('g1', maxEvents, maxBytes);
        const start = log.lastId;
        for (const message of messages) log.append(message);
        const kept = log.after(start).map(({ message }) => message);
        assert.deepEqual(kept, messages.slice(messages.length - kept.length));
        assert.ok(kept.length <= maxEvents && kept.join('').length <= maxBytes);
        const oneMore = messages.slice(messages.length - kept.length - 1);
        const fits = oneMore.length <= maxEvents && oneMore.join('').length <= maxBytes;
        assert.ok(kept.length === messages.length || !fits, 'nothing is forgotten that would fit');
      }),
    );
  });

  it('gives back what follows an id, and nothing else', () => {
    const log = new EventLog('p7', 10, 1_000);
    const first = log.append('a');
    assert.deepEqual(log.after(first), []);
    const second = log.append('b');
    assert.deepEqual(log.after(first), [{ id: second, message: 'b' }]);
    assert.equal(log.lastId, second);
  });

  it('finds the stream in an id, and none in what is no id of ours', () => {
    assert.equal(EventLog.streamOf('p7-12'), 'p7');
    for (const id of ['', '-', 'p7', 'p7-', '-1', 'p7-x', 'p7-1 ', `${'a'.repeat(100)}-1`, `p7-${'1'.repeat(100)}`]) assert.equal(EventLog.streamOf(id), undefined, id);
  });
});
