import assert from 'node:assert/strict';
import { once } from 'node:events';
import * as vscode from 'vscode';
import { View } from '../../../src/views/ids.ts';
import { NativeTree } from '../../../src/views/native-tree.ts';
import type { TreeNode } from '../../../src/views/present/tree-node.ts';
import { vestibule } from './vestibule.ts';

const ROW: TreeNode = { id: 'row', label: 'row', icon: { id: 'circle' }, words: [], spoken: 'row', fold: 'leaf', children: () => [], tooltip: () => '' };

// The last suite of the run: its tree stands in the place of the extension's own.
describe('a tree that nobody sees', () => {
  it('makes no rows, however much changes, until it is seen', async () => {
    await vestibule();
    await vscode.commands.executeCommand('workbench.view.explorer');
    let made = 0;
    const asked = new EventTarget();
    const rows = (): readonly TreeNode[] => {
      made++;
      asked.dispatchEvent(new Event('made'));
      return [ROW];
    };
    const tree = new NativeTree(View.agents, { rows, message: () => undefined });
    const isSeen = (): boolean => tree.view.visible;
    try {
      assert.equal(isSeen(), false);
      for (let change = 0; change < 100; change++) tree.refresh();
      assert.equal(made, 0);
      const seen = once(asked, 'made');
      await vscode.commands.executeCommand(`${View.agents}.focus`);
      await seen;
      await vscode.commands.executeCommand('workbench.view.explorer');
      while (isSeen()) await new Promise((resolve) => tree.view.onDidChangeVisibility(resolve));
      const before = made;
      for (let change = 0; change < 100; change++) tree.refresh();
      assert.equal(made, before);
    } finally {
      tree.dispose();
    }
  }).timeout(120_000);
});
