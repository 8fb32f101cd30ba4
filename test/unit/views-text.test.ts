import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countHidden, visible } from '../../src/proxy/json/visible.ts';
import { bytes, folded, oneLine, plural, quoted, withoutIcons, withoutLinks } from '../../src/views/text.ts';

describe('visible', () => {
  for (const [what, text, shown] of [
    ['tag characters', 'a\u{E0041}\u{E0042}', 'a\\u{E0041}\\u{E0042}'],
    ['bidi overrides', '\u202Eabc\u202C', '\\u{202E}abc\\u{202C}'],
    ['bidi isolates', '\u2066x\u2069', '\\u{2066}x\\u{2069}'],
    ['zero-width characters', 'a\u200Bb\u200Dc\uFEFF', 'a\\u{200B}b\\u{200D}c\\u{FEFF}'],
    ['escape and C1', '\u001B[31m\u009B', '\\u{001B}[31m\\u{009B}'],
    ['line feeds and tabs', 'a\nb\r\tc', 'a\\nb\\r\\tc'],
    ['line separators', 'a\u2028b\u2029', 'a\\u{2028}b\\u{2029}'],
    ['fillers that look blank', '\u3164\u115F\u2800', '\\u{3164}\\u{115F}\\u{2800}'],
    ['private use', '\uE000\u{F0000}', '\\u{E000}\\u{F0000}'],
    ['lone surrogates', 'a\uD800b', 'a\\u{D800}b'],
    ['a variation selector on its own', 'a\uFE0Fb', 'a\\u{FE0F}b'],
    ['soft hyphens', 'a\u00ADb', 'a\\u{00AD}b'],
  ] as const) {
    it(`spells out ${what}`, () => assert.equal(visible(text), shown));
  }

  it('leaves ordinary text in any script alone', () => {
    for (const text of ['plain', 'grüße', '日本語', 'سلام', 'नमस्ते', '⚠️ emoji ✅ 👍🏽', 'e\u0301']) assert.equal(visible(text), text);
  });
});

describe('countHidden', () => {
  it('counts what visible would spell out, but for line feeds and tabs', () => {
    assert.equal(countHidden('a\u200Bb\u{E0041}\n\tc'), 2);
  });
});

describe('oneLine', () => {
  it('cuts visibly and never exceeds its length', () => {
    assert.equal(oneLine('abcdef', 5), 'abcd…');
    assert.equal(oneLine('abcde', 5), 'abcde');
    assert.equal(oneLine('a\nb', 10), 'a\\nb');
    assert.ok(oneLine('\u200B'.repeat(50), 20).length <= 20);
  });

  it('stays fast on hostile lengths', () => {
    assert.equal(oneLine('x'.repeat(50_000_000), 3), 'xx…');
  });
});

describe('quoted', () => {
  it('puts every line behind a margin, so that it cannot pass for ours', () => {
    const text = quoted('one\n────\nLaunch — approved');
    for (const line of text.split('\n')) assert.match(line, /^[│┆]/);
  });

  it('wraps long lines without losing a character', () => {
    const long = `${'x'.repeat(250)}👍${'y'.repeat(250)}`;
    const shown = quoted(long)
      .split('\n')
      .map((line) => line.slice(2))
      .join('');
    assert.equal(shown, long);
  });

  it('never cuts a character in two', () => {
    for (let pad = 75; pad < 85; pad++) {
      for (const line of quoted(`${'x'.repeat(pad)}👍👍👍`).split('\n')) assert.doesNotMatch(line, /\p{Surrogate}/u);
    }
  });

  it('counts runs of blanks that would push a payload out of sight', () => {
    assert.equal(quoted(`a${' '.repeat(300)}payload`), '│ a⟨300 spaces⟩payload');
    assert.equal(quoted(`a${'\n'.repeat(100)}payload`), '│ a\n│ ⟨99 empty lines⟩\n│ payload');
    assert.equal(quoted('a\n\nb'), '│ a\n│\n│ b');
  });
});

describe('folded', () => {
  it('keeps the layout of JSON, counts what hides in it, and wraps', () => {
    const deep = `${' '.repeat(24)}"a": 1`;
    assert.equal(folded(`{\n${deep}\n}`), `{\n${deep}\n}`);
    assert.equal(folded(`"x${' '.repeat(300)}payload"`), '"x⟨300 spaces⟩payload"');
    assert.equal(folded(`${' '.repeat(300)}payload`), '⟨300 spaces⟩payload');
    assert.deepEqual(folded('x'.repeat(200)).split('\n').map(({ length }) => length), [60, 60, 60, 20]);
  });
});

describe('withoutLinks and withoutIcons', () => {
  it('leave nothing a notification or a list would render', () => {
    assert.equal(withoutLinks('[x](command:evil)'), '[x] (command:evil)');
    assert.equal(withoutIcons('$(verified) safe'), '\\$(verified) safe');
  });
});

describe('plural and bytes', () => {
  it('read naturally', () => {
    assert.equal(plural(1, 'tool'), '1 tool');
    assert.equal(plural(0, 'tool'), '0 tools');
    assert.equal(bytes(1023), '1023 B');
    assert.equal(bytes(1536), '1.5 KiB');
    assert.equal(bytes(3 * 1024 * 1024), '3.0 MiB');
  });
});
