import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ShownTree, type ShownRow } from '../../src/views/present/shown-tree.ts';
import { LEAF, type TreeNode } from '../../src/views/present/tree-node.ts';

const row = (id: string, label: string, children: readonly TreeNode[] = [], more: Partial<TreeNode> = {}): TreeNode => ({ ...LEAF, id, label, icon: { id: 'x' }, words: [], spoken: label, tooltip: () => `${label}!`, children: () => children, ...more });

/** A tree that was shown and unfolded whole. */
function shownOf(nodes: readonly TreeNode[]): { readonly tree: ShownTree; readonly all: ReadonlyMap<string, ShownRow>; readonly show: (next: readonly TreeNode[]) => void } {
  let now = nodes;
  const tree = new ShownTree(() => now);
  const all = new Map<string, ShownRow>();
  const walk = (rows: readonly ShownRow[]): void => {
    for (const one of rows) {
      one.draw();
      all.set(one.node.id, one);
      walk(tree.below(one));
    }
  };
  walk(tree.below(undefined));
  return { tree, all, show: (next) => void (now = next) };
}
const outdated = (tree: ShownTree): readonly string[] | undefined => tree.outdated()?.map(({ node }) => node.id);

describe('rows that VS Code was given', () => {
  const before = [row('a', 'A', [row('a1', 'one'), row('a2', 'two')]), row('b', 'B', [row('b1', 'one')])];

  it('are left alone where nothing that is drawn of them changed', () => {
    const { tree, show } = shownOf(before);
    show([row('a', 'A', [row('a1', 'one'), row('a2', 'two')]), row('b', 'B', [row('b1', 'one')])]);
    assert.deepEqual(outdated(tree), []);
  });

  it('are drawn anew by themselves, and with those below them as soon as one comes or goes', () => {
    const { tree, show } = shownOf(before);
    show([row('a', 'A', [row('a1', 'one'), row('a2', 'TWO')]), row('b', 'B', [])]);
    assert.deepEqual(outdated(tree), ['a2', 'b']);
  });

  it('are all drawn anew when one of the first level comes, goes or moves, and before any was', () => {
    const { tree, show } = shownOf(before);
    for (const next of [[...before, row('c', 'C')], before.slice(1), [...before].reverse()]) {
      show(next);
      assert.equal(outdated(tree), undefined);
    }
    assert.equal(new ShownTree(() => before).outdated(), undefined);
  });

  it('stay the same objects by their ids, and are asked for no row that nobody unfolded', () => {
    let asked = 0;
    const lazy = row('a', 'A', [], { children: () => [row(`a${asked++}`, 'x')] });
    const tree = new ShownTree(() => [lazy]);
    const [first] = tree.below(undefined);
    first?.draw();
    assert.deepEqual(outdated(tree), []);
    assert.equal(tree.below(undefined)[0], first);
    assert.equal(asked, 0);
  });

  it('give commands what was drawn: a decision is about what was seen', () => {
    const { tree, all, show } = shownOf([row('a', 'A', [], { target: { server: 'a', launch: 'old' } })]);
    show([row('a', 'A', [], { target: { server: 'a', launch: 'new' } })]);
    assert.deepEqual(outdated(tree), ['a']);
    const shown = all.get('a');
    assert.ok(shown);
    assert.deepEqual(shown.target, { server: 'a', launch: 'old' });
    shown.draw();
    assert.deepEqual(shown.target, { server: 'a', launch: 'new' });
    assert.deepEqual(outdated(tree), []);
  });

  it('are drawn anew for their hover once it was read', () => {
    const { tree, all, show } = shownOf(before);
    const hovering = (text: string): TreeNode[] => [row('a', 'A', [row('a1', 'one'), row('a2', 'two')]), row('b', 'B', [row('b1', 'one')], { tooltip: () => text })];
    show(hovering('first'));
    assert.deepEqual(outdated(tree), []);
    assert.equal(all.get('b')?.hover(), 'first');
    show(hovering('second'));
    assert.deepEqual(outdated(tree), ['b']);
    all.get('b')?.draw();
    assert.deepEqual(outdated(tree), []);
  });

  it('are all drawn anew when a box changes, or shows what was asked for: VS Code would change others with it', () => {
    const boxed = (on: boolean): TreeNode[] => [row('a', 'A', [row('a1', 'one', [], { check: { on, hint: 'x' } })])];
    const { tree, all, show } = shownOf(boxed(true));
    show(boxed(false));
    assert.equal(outdated(tree), undefined);
    all.get('a1')?.draw();
    assert.deepEqual(outdated(tree), []);
    all.get('a1')?.undraw();
    assert.equal(outdated(tree), undefined);
  });
});
