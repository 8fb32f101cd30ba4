import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { terms } from '../../src/proxy/search/analyse.ts';
import { BRANDS } from '../../src/proxy/search/lexicon/brands.ts';
import { CHINESE } from '../../src/proxy/search/lexicon/chinese.ts';
import { alternativesOf, alternativesOfStem, brandWords, phrasesFrom, verbClass } from '../../src/proxy/search/lexicon/lexicon.ts';
import { RELATED } from '../../src/proxy/search/lexicon/related.ts';
import { STOP_WORDS } from '../../src/proxy/search/lexicon/stop-words.ts';
import { SYNONYMS } from '../../src/proxy/search/lexicon/synonyms.ts';

const PHRASE = /^[a-z0-9]+(?: [a-z0-9]+)*$/;

describe('the lexicon files', () => {
  it('synonym groups hold two to a dozen or so members, each once', () => {
    for (const line of SYNONYMS) {
      const members = line.split(', ');
      assert.ok(members.length >= 2 && members.length <= 18, line);
      assert.equal(new Set(members).size, members.length, line);
      for (const member of members) assert.match(member, PHRASE, line);
    }
    assert.equal(new Set(SYNONYMS).size, SYNONYMS.length);
  });

  it('related words have a head and words of their own', () => {
    for (const line of RELATED) {
      const [head = '', words = '', more] = line.split(': ');
      assert.equal(more, undefined, line);
      assert.match(head, PHRASE, line);
      assert.match(words, PHRASE, line);
      assert.ok(!words.split(' ').includes(head), line);
    }
  });

  it('brands are single names, listed once, that no ordinary stop word is', () => {
    const names = BRANDS.map((line) => line.split(': ')[0] ?? '');
    assert.equal(new Set(names).size, names.length, names.filter((name, at) => names.indexOf(name) !== at).join());
    for (const name of names) {
      assert.match(name, /^[a-z0-9]+$/);
      assert.ok(!STOP_WORDS.has(name), name);
    }
  });

  it('Chinese words are pairs of characters, as Chinese text is indexed', () => {
    for (const line of CHINESE) {
      const [english = '', words = ''] = line.split(': ');
      assert.match(english, PHRASE, line);
      for (const word of words.split(' ')) assert.deepEqual(terms(word, 10), [word], line);
    }
  });
});

describe('what the lexicons know', () => {
  const words = (term: string): string[] => alternativesOf(term).map((other) => other.term);

  it('synonyms both ways, plurals folded', () => {
    assert.ok(words('delete').includes('remove') && words('remove').includes('delete'));
    assert.ok(words('repository').includes('repo'));
    assert.ok(!words('delete').includes('delete'));
    assert.deepEqual(words('xyzzy'), []);
  });

  it('related words weigh less than synonyms', () => {
    const weight = (term: string, other: string): number => alternativesOf(term).find((entry) => entry.term === other)?.weight ?? 0;
    assert.ok(weight('museum', 'painting') > 0);
    assert.ok(weight('museum', 'painting') < weight('delete', 'remove'));
    assert.ok(weight('weather', '天气') > 0 && weight('天气', 'weather') > 0);
  });

  it('a word borrows the synonyms of a word with its stem', () => {
    assert.deepEqual(words('translator'), []);
    assert.ok(alternativesOfStem('translator').some((other) => other.term === 'localize'));
    assert.deepEqual(alternativesOfStem('xyzzy'), []);
  });

  it('phrases, brands and verbs', () => {
    assert.ok(phrasesFrom('pull').some((phrase) => phrase.words.join(' ') === 'pull request'));
    assert.ok(brandWords('my-google-maps-server', 3).includes('geocode'));
    assert.deepEqual(brandWords('nothing-known', 3), []);
    assert.ok(brandWords('github-jira-slack-notion', 1).every((word) => brandWords('github', 1).includes(word)));
    assert.deepEqual([verbClass('remove'), verbClass('fetch'), verbClass('table')], ['delete', 'read', undefined]);
  });
});
