import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Command } from '../../../src/views/ids.ts';
import { vestibule } from './vestibule.ts';

/** Resolves with the output channels that are open, once one is whose name fits. */
function openOutputs(wanted: RegExp): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const outputs = (): string[] => vscode.workspace.textDocuments.flatMap(({ uri }) => (uri.scheme === 'output' ? [uri.path] : []));
    const look = (): void => {
      if (!outputs().some((name) => wanted.test(name))) return;
      clearTimeout(timer);
      subscription.dispose();
      resolve(outputs());
    };
    const timer = setTimeout(() => {
      subscription.dispose();
      reject(new Error(`open: ${outputs().join(', ')}`));
    }, 60_000);
    const subscription = vscode.workspace.onDidOpenTextDocument(look);
    look();
  });
}

// What stands in it, test/integration/log-channels.test.ts shows: VS Code writes logs by a native module that the
// editor of these tests may lack.
describe('the log of a server', () => {
  it('opens in a channel of its own', async () => {
    await vestibule();
    await vscode.commands.executeCommand(Command.showLogs, { server: 'everything' });
    const outputs = await openOutputs(/Vestibule.*everything/);
    assert.equal(outputs.filter((name) => name.includes('everything')).length, 1, outputs.join(', '));
  }).timeout(120_000);
});
