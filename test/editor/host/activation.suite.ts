import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Command } from '../../../src/views/ids.ts';
import { vestibule } from './vestibule.ts';

describe('activation', () => {
  it('exports version 1 of its API', async () => {
    assert.equal((await vestibule()).apiVersion, 1);
  });

  it('registers every command', async () => {
    await vestibule();
    const registered = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(Object.values(Command).filter((id) => !registered.has(id)), []);
  });
});
