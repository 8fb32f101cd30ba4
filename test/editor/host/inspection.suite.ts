import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Command } from '../../../src/views/ids.ts';
import { decide } from './answers.ts';
import { callTool, languageModelTool, untilToolIsGone } from './language-model-tools.ts';
import { untilState, upstream, vestibule } from './vestibule.ts';

const server = 'everything';

describe('agent inspection', () => {
  it('does not exist for agents until a person opens a server to it', async () => {
    await vestibule();
    await languageModelTool('retrieve_tools');
    assert.deepEqual(vscode.lm.tools.filter(({ name }) => name.endsWith('quarantine_security')), []);
    assert.equal((await decide(false, Command.agentInspection, { server })).length, 1, 'it is asked about');
    assert.deepEqual(vscode.lm.tools.filter(({ name }) => name.endsWith('quarantine_security')), []);
  });

  it('then shows what waits as marked data, and decides nothing', async () => {
    const api = await vestibule();
    await decide(true, Command.agentInspection, { server });
    assert.match(await callTool('quarantine_security', { operation: 'inspect', server }), /UNTRUSTED DATA[\s\S]*"echo"/);
    assert.notEqual(upstream(api.state(), server)?.tools.find(({ name }) => name === 'echo')?.status, 'approved');
  });

  it('is gone when the person closes it again', async () => {
    const api = await vestibule();
    await decide(true, Command.agentInspection, { server });
    await untilState(api, (state) => upstream(state, server)?.inspectable === false);
    await untilToolIsGone('quarantine_security');
  });
});
