import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { editDistance } from '../../src/proxy/edit-distance.ts';
import { nearNames } from '../../src/proxy/pipeline/near.ts';

describe('edit distance', () => {
  it('counts insertions, deletions, changes and swaps of neighbours', () => {
    assert.equal(editDistance('', 'abc'), 3);
    assert.equal(editDistance('kitten', 'sitting'), 3);
    assert.equal(editDistance('form', 'from'), 1);
    assert.equal(editDistance('same', 'same'), 0);
  });

  it('stops at its limit', () => {
    assert.equal(editDistance('aaaaaaaa', 'bbbbbbbb', 3), 4);
    assert.equal(editDistance('a', 'abcdefgh', 3), 4);
  });
});

describe('near names', () => {
  const tools = ['create_issue', 'list_issues', 'get_weather', 'create_issue_comment'].map((name) => ({ id: `github:${name}`, name }));

  it('are the nearest few, best first, by tool name or id', () => {
    assert.deepEqual(nearNames('github:create_isue', tools), ['github:create_issue']);
    assert.deepEqual(nearNames('create_issue_', tools), ['github:create_issue', 'github:create_issue_comment']);
    assert.deepEqual(nearNames('List_Issues', tools), ['github:list_issues']);
    assert.equal(nearNames('weather', tools)[0], 'github:get_weather');
  });

  it('are none for what is like nothing, and cost little for what is very long', () => {
    assert.deepEqual(nearNames('zzzzzz', tools), []);
    assert.deepEqual(nearNames('', tools), []);
    assert.deepEqual(nearNames('x'.repeat(1_000_000), tools), []);
  });
});
