import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dropped, ordered, readOrder, stepped } from '../../src/views/present/server-order.ts';
import { readFilter } from '../../src/views/present/tree-filter.ts';
import { upstreamRows } from '../../src/views/present/upstreams.ts';
import { snapshot, tool, upstream } from './views-fixtures.ts';

const servers = ['a', 'b', 'c', 'd'].map((name) => upstream({ name }));
const names = (order: readonly string[]): string => ordered(servers, order).map(({ name }) => name).join('');

describe('the order of servers', () => {
  it('is by name until a person says otherwise; servers it does not know follow', () => {
    assert.equal(names([]), 'abcd');
    assert.equal(names(['c', 'gone', 'a']), 'cabd');
  });

  it('takes what is dropped: to the place of the one it is dropped on, to the end below all', () => {
    const shown = ['a', 'b', 'c', 'd'];
    assert.deepEqual(dropped(shown, ['d'], 'b'), ['a', 'd', 'b', 'c']);
    assert.deepEqual(dropped(shown, ['a'], 'c'), ['b', 'c', 'a', 'd']);
    assert.deepEqual(dropped(shown, ['a'], 'd'), ['b', 'c', 'd', 'a']);
    assert.deepEqual(dropped(shown, ['a', 'b'], undefined), ['c', 'd', 'a', 'b']);
    assert.deepEqual(dropped(shown, ['a'], 'a'), shown);
    assert.deepEqual(dropped(shown, [], 'a'), shown);
  });

  it('is undone by dragging back', () => {
    const shown = ['a', 'b', 'c', 'd'];
    for (const from of shown) for (const to of shown) {
      const after = dropped(shown, [from], to);
      const back = shown[shown.indexOf(from)];
      const place = after[shown.indexOf(from)];
      assert.deepEqual(dropped(after, [back ?? ''], place), shown, `${from} to ${to}`);
    }
  });

  it('goes step by step without a mouse, and stops at the ends', () => {
    assert.deepEqual(stepped(['a', 'b', 'c'], 'b', -1), ['b', 'a', 'c']);
    assert.deepEqual(stepped(['a', 'b', 'c'], 'b', 1), ['a', 'c', 'b']);
    assert.deepEqual(stepped(['a', 'b'], 'a', -1), ['a', 'b']);
    assert.deepEqual(stepped(['a', 'b'], 'x', 1), ['a', 'b']);
  });

  it('is read from whatever was kept', () => {
    assert.deepEqual(readOrder(['a', 1, null]), ['a']);
    assert.deepEqual(readOrder({}), []);
  });
});

describe('the filter of servers and tools', () => {
  const state = snapshot([
    upstream({ name: 'github', tools: [tool('create_issue', { status: 'approved' }), tool('close_issue')] }),
    upstream({ name: 'files', config: { enabled: false }, state: { kind: 'disabled' }, tools: [tool('read_file', { status: 'approved', tier: 'read' })] }),
  ]);
  const shown = (text: string): unknown[] => upstreamRows({ snapshot: state, trusted: true, filter: readFilter(text) }).map((row) => [row.label, row.fold, ...row.children().map(({ label }) => label)]);

  it('is none without a word', () => {
    assert.equal(readFilter('  '), undefined);
  });

  it('shows a server that it names with all it has, folded', () => {
    assert.deepEqual(shown('GitHub'), [['github', 'collapsed', 'close_issue', 'create_issue']]);
  });

  it('shows the tools it finds, and nothing else of their servers, unfolded', () => {
    assert.deepEqual(shown('close'), [['github', 'expanded', 'close_issue']]);
    assert.deepEqual(shown('git issue close'), [['github', 'expanded', 'close_issue']]);
  });

  it('knows states of servers and tools', () => {
    assert.deepEqual(shown('@off'), [['files', 'collapsed', 'read_file']]);
    assert.deepEqual(shown('@review'), [['github', 'expanded', 'close_issue']]);
    assert.deepEqual(shown('@read'), [['files', 'expanded', 'read_file']]);
    assert.deepEqual(shown('@failed'), []);
    assert.deepEqual(shown('@nonsense'), []);
    assert.deepEqual(shown('constructor'), []);
  });
});
