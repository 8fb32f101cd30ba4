import assert from 'node:assert/strict';
import { Command } from '../../../src/views/ids.ts';
import { decide } from './answers.ts';
import { callTool } from './language-model-tools.ts';
import { untilState, upstream, vestibule } from './vestibule.ts';

const server = 'everything';

describe('approval', () => {
  it('of a launch is asked for, and a no leaves everything as it was', async () => {
    const api = await vestibule();
    await untilState(api, (state) => upstream(state, server) !== undefined);
    assert.equal((await decide(false, Command.approve, { server })).length, 1);
    assert.equal(upstream(api.state(), server)?.launch.approved, false);
  });

  it('of a launch lets the server list its tools, all of which wait', async () => {
    const api = await vestibule();
    await decide(true, Command.approve, { server });
    const state = await untilState(api, (now) => (upstream(now, server)?.tools.length ?? 0) > 0);
    assert.deepEqual(new Set(upstream(state, server)?.tools.map(({ status }) => status)), new Set(['pending']));
    assert.doesNotMatch(await callTool('retrieve_tools', { query: 'add two numbers' }), /get-sum/);
  });

  it('is refused at a digest that nobody was shown', async () => {
    const api = await vestibule();
    const forged = { server, definition: { kind: 'tool', name: 'get-sum', digest: `sha256-${'A'.repeat(43)}=` } };
    assert.deepEqual(await decide(true, Command.approve, forged), []);
    assert.equal(upstream(api.state(), server)?.tools.find(({ name }) => name === 'get-sum')?.status, 'pending');
  });

  it('of one tool makes it findable and callable, and no other', async () => {
    const api = await vestibule();
    const digest = upstream(api.state(), server)?.tools.find(({ name }) => name === 'get-sum')?.digest;
    await decide(true, Command.approve, { server, definition: { kind: 'tool', name: 'get-sum', digest } });
    await untilState(api, (now) => upstream(now, server)?.tools.find(({ name }) => name === 'get-sum')?.status === 'approved');
    assert.match(await callTool('retrieve_tools', { query: 'add two numbers' }), /^everything:get-sum\(/m);
    assert.match(await callTool('call_tool', { tool: 'everything:get-sum', arguments: { a: 2, b: 40 } }), /42/);
    assert.match(await callTool('call_tool', { tool: 'everything:echo', arguments: { message: 'secret' } }), /approv/);
  });

  it('is taken back by blocking', async () => {
    const api = await vestibule();
    const digest = upstream(api.state(), server)?.tools.find(({ name }) => name === 'get-sum')?.digest;
    await decide(true, Command.block, { server, definition: { kind: 'tool', name: 'get-sum', digest } });
    await untilState(api, (now) => upstream(now, server)?.tools.find(({ name }) => name === 'get-sum')?.status === 'blocked');
    assert.doesNotMatch(await callTool('call_tool', { tool: 'everything:get-sum', arguments: { a: 2, b: 40 } }), /42/);
  });
});
