import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { serversFile, textOf } from './servers-file.ts';
import { untilState, vestibule } from './vestibule.ts';

async function writeServers(content: string): Promise<void> {
  await vscode.workspace.fs.writeFile(serversFile(), Buffer.from(content));
}

describe('servers file of the workspace', () => {
  let original = '';
  before(async () => {
    original = await textOf(serversFile());
  });
  after(() => writeServers(original));

  it('is read: its server waits for approval and nothing of it has run', async () => {
    const state = await untilState(await vestibule(), ({ upstreams }) => upstreams.length > 0);
    const server = state.upstreams.find(({ config }) => config.name === 'everything');
    assert.equal(server?.config.origin, 'workspace');
    assert.equal(server.launch.approved, false);
    assert.deepEqual(server.tools, []);
  });

  it('is followed: a server added to it appears, one removed goes', async () => {
    const api = await vestibule();
    await writeServers(JSON.stringify({ servers: { other: { type: 'http', url: 'http://127.0.0.1:9/mcp' } } }));
    const state = await untilState(api, ({ upstreams }) => upstreams.some(({ config }) => config.name === 'other'));
    assert.deepEqual(state.upstreams.map(({ config }) => config.name), ['other']);
  });

  it('may be broken: the problem names the place, and what was read before keeps serving', async () => {
    const api = await vestibule();
    await writeServers('{ "servers": {\n  "other": \n} }');
    const { problems } = await untilState(api, (state) => state.problems.length > 0);
    assert.equal(problems[0]?.at?.line, 3);
    await writeServers(original);
    await untilState(api, (state) => state.problems.length === 0 && state.upstreams.some(({ config }) => config.name === 'everything'));
  });
});
