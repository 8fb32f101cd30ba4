import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { characterHead, isWellFormed, readableHead } from '../../src/proxy/output/cut.ts';

describe('readableHead', () => {
  it('returns what fits unchanged', () => {
    assert.equal(readableHead('a\nb', 3), 'a\nb');
  });

  it('ends after a line when one ends in the second half of the room', () => {
    assert.equal(readableHead('one line\ntwo lines\nthree', 20), 'one line\ntwo lines\n');
  });

  it('does not give up most of the room for a line end', () => {
    assert.equal(readableHead('a\nbbbbbbbbbbbbbbbbbbbb', 12), 'a\nbbbbbbbbbb');
  });

  it('ends after an element of JSON on one line', () => {
    assert.equal(readableHead('[{"a":"x,y"},{"b":"z,,,,,,,,,,,,"}]', 20), '[{"a":"x,y"},');
  });

  it('takes no comma inside a string for the end of an element', () => {
    assert.equal(readableHead('["aaaaaaaaaa,bbbbbb\\",cccccccc"]', 24), '["aaaaaaaaaa,bbbbbb\\",cc');
  });
});

describe('characterHead', () => {
  it('is a head within the room that leaves no half of a pair behind', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(30), (text, room) => {
        const head = characterHead(text, room);
        assert.ok(text.startsWith(head) && head.length <= room);
        assert.ok(isWellFormed(head));
        assert.ok(head.length === text.length || head.length >= room - 1);
      }),
    );
  });

  it('leaves out an emoji that does not fit whole', () => {
    assert.equal(characterHead('a😀b', 2), 'a');
    assert.equal(characterHead('a😀b', 3), 'a😀');
  });
});
