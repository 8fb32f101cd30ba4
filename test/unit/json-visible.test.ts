import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { countHidden, visible, visibleJson } from '../../src/proxy/json/visible.ts';

/** Characters that hide, reorder or act: control, bidi, zero-width, tag, variation selector, separators, half a pair. */
const HIDDEN = ['\0', '\u001B', '\u007F', '\u009B', '\u00AD', '\u061C', '\u200B', '\u200E', '\u202E', '\u2066', '\u2028', '\u2800', '\u3164', '\uFE0F', '\uFEFF', '\uD800', '\u{E0041}', '\u{F0000}'];

describe('visible', () => {
  it('spells out everything that hides, reorders or acts', () => {
    for (const character of HIDDEN) {
      const shown = visible(`a${character}b`);
      assert.match(shown, /^a\\u\{[0-9A-F]{4,6}\}b$/, shown);
      assert.equal(countHidden(`a${character}b`), 1);
    }
    assert.equal(visible('a\r\n\tb'), 'a\\r\\n\\tb');
    assert.equal(countHidden('a\n\tb'), 0);
  });

  it('leaves ordinary text of any script alone, emoji included', () => {
    for (const text of ['plain', 'Grüße', '日本語', 'العربية', '❤️ 👍🏽', 'a  b']) assert.equal(visible(text), text);
  });

  it('leaves nothing to spell out', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(visible(visible(text)), visible(text))));
  });
});

describe('visibleJson', () => {
  it('means the same and shows nothing hidden', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...HIDDEN));
    fc.assert(
      fc.property(fc.dictionary(text, text), (value) => {
        const json = visibleJson(JSON.stringify(value, undefined, 2));
        assert.deepEqual(JSON.parse(json), JSON.parse(JSON.stringify(value)));
        assert.equal(countHidden(json), 0);
      }),
    );
  });
});
