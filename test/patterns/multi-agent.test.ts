import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { call, codeOf, listed, Pattern, said, textOf } from './kit.ts';

describe('pattern: multi-agent', { timeout: 240_000 }, () => {
  const crew = new Pattern('multi-agent');
  before(() => crew.start());

  it('holds each to its role', async () => {
    const own = async (name: string): Promise<string[]> => (await listed(crew.modern(name))).filter((tool) => tool !== 'read_cache').sort();
    assert.deepEqual(await own('planner'), ['deploy_list_builds', 'library_read_book', 'tickets_search']);
    assert.deepEqual(await own('worker'), ['deploy_list_builds', 'library_read_book', 'tickets_create_ticket', 'tickets_search']);
    assert.deepEqual(await own('reviewer'), ['library_read_book', 'tickets_search']);
    assert.equal(said(await call(crew.modern('worker'), 'tickets_create_ticket', { title: 'x' })).tool, 'create_ticket');
    for (const name of ['planner', 'reviewer']) assert.notEqual(codeOf(await call(crew.modern(name), 'tickets_create_ticket', { title: 'x' })), undefined, name);
    for (const name of ['planner', 'worker', 'reviewer']) assert.notEqual(codeOf(await call(crew.modern(name), 'deploy_deploy', { build: '1', environment: 'x' })), undefined, name);
  });

  it('keeps what one was answered from the others', async () => {
    const cut = textOf(await call(crew.modern('reviewer'), 'library_read_book', { title: 'Emma' }));
    const key = /key[^\w-]+([\w-]{6,})/.exec(cut)?.[1] ?? assert.fail(cut.slice(-400));
    const page = { key, offset: 0, limit: 100 };
    assert.match(textOf(await call(crew.modern('reviewer'), 'read_cache', page)), /Emma, line 1/);
    assert.doesNotMatch(textOf(await call(crew.modern('worker'), 'read_cache', page)), /Emma/);
  });

  it('spends a budget of its own only', async () => {
    const codes: (string | undefined)[] = [];
    // Those it was refused before count, too, or not: there are three at most.
    for (let n = 0; n < 4; n++) codes.push(codeOf(await call(crew.modern('planner'), 'tickets_search', { query: String(n) })));
    assert.equal(codes.at(-1), 'rate_limited', String(codes));
    assert.equal(said(await call(crew.modern('reviewer'), 'tickets_search', { query: 'x' })).server, 'tickets');
  });
});
