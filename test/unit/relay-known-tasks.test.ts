import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CatalogTool } from '../../src/proxy/catalog/types.ts';
import { KnownTasks } from '../../src/proxy/relay/known-tasks.ts';

const tool = (server: string): CatalogTool => ({ server, name: 't' }) as CatalogTool;
const created = (taskId: string, ttl: number | null = null): string => JSON.stringify({ task: { taskId, status: 'working', ttl } });
const status = (taskId: string) => ({ method: 'notifications/tasks/status', params: JSON.stringify({ taskId }) });

describe('tasks that are known', () => {
  it('belong to the principal whose call they were made of', () => {
    const known = new KnownTasks();
    known.remember('me', tool('a'), created('1'));
    assert.deepEqual(known.find('me', '1').map(({ tool: { server } }) => server), ['a']);
    assert.deepEqual(known.find('you', '1'), []);
    assert.deepEqual([...known.servers('me')], ['a']);
    assert.deepEqual([...known.servers('you')], []);
    assert.equal(known.isForeign('you', 'a', status('1')), true);
    assert.equal(known.isForeign('me', 'a', status('1')), false);
    assert.equal(known.isForeign('you', 'b', status('1')), false, 'the same id at another server is another task');
    assert.equal(known.isForeign('you', 'a', { method: 'notifications/message', params: '{"taskId":"1"}' }), false);
  });

  it('are several where servers give the same id, and one where one server repeats itself', () => {
    const known = new KnownTasks();
    for (const server of ['a', 'b', 'a']) known.remember('me', tool(server), created('1'));
    assert.deepEqual(known.find('me', '1').map(({ tool: { server } }) => server), ['b', 'a']);
  });

  it('are forgotten when their time is over, or after a day', () => {
    let now = 1_000;
    const known = new KnownTasks(() => now);
    known.remember('me', tool('a'), created('short', 500));
    known.remember('me', tool('b'), created('for ever'));
    known.remember('me', tool('b'), created('longer', 1e300));
    now += 501;
    assert.deepEqual(['short', 'for ever', 'longer'].map((id) => known.find('me', id).length), [0, 1, 1]);
    assert.deepEqual([...known.servers('me')], ['b']);
    now += 24 * 60 * 60_000;
    assert.deepEqual([...known.servers('me')], []);
  });

  it('are so many at most, and nothing but tasks', () => {
    const known = new KnownTasks();
    for (let i = 0; i < 1_001; i++) known.remember('me', tool('a'), created(`${i}`));
    assert.deepEqual([known.find('me', '0').length, known.find('me', '1').length, known.find('me', '1000').length], [0, 1, 1]);
    for (const result of ['{"content":[]}', '{"task":7}', '{"task":{"taskId":7}}', '[]']) known.remember('you', tool('a'), result);
    assert.deepEqual([...known.servers('you')], []);
  });
});
