import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sequence, terms } from '../../src/proxy/search/analyse.ts';
import { heavyStem, lightStem } from '../../src/proxy/search/stem.ts';

const read = (text: string): string[] => terms(text, 2_000);

describe('text analysis', () => {
  it('splits identifiers at case, separators and acronyms', () => {
    assert.deepEqual(read('list_pull_requests'), ['list', 'pull', 'request']);
    assert.deepEqual(read('get-HTTPResponseHeaders.body'), ['get', 'http', 'response', 'header', 'body']);
    assert.deepEqual(read('coingecko_price2USD'), ['coingecko', 'price2usd', 'price2', 'usd']);
  });

  it('knows short mixed-case words by their joined form as well', () => {
    assert.deepEqual(read('GitHub'), ['github', 'git', 'hub']);
    assert.deepEqual(read('createIssue'), ['createissue', 'create', 'issue']);
    assert.deepEqual(read('getNetworkPoolDetails'), ['get', 'network', 'pool', 'detail']);
    assert.deepEqual(read('Weather WEATHER weather'), ['weather', 'weather', 'weather']);
  });

  it('drops stop words, keeps them in sequences', () => {
    assert.deepEqual(read('show me the files that I have'), ['show', 'file']);
    assert.deepEqual(sequence('how many of the files', 100), ['how', 'many', 'of', 'the', 'file']);
  });

  it('cuts scripts without spaces into pairs', () => {
    assert.deepEqual(read('查询天气'), ['查询', '询天', '天气']);
    assert.deepEqual(read('図'), ['図']);
    assert.deepEqual(read('GitHub仓库'), ['github', 'git', 'hub', '仓库']);
    assert.deepEqual(read('날씨'), ['날씨']);
    assert.deepEqual(read('อากาศ').length, 4);
  });

  it('folds width, accents and case, and keeps emoji and other scripts', () => {
    assert.deepEqual(read('ＦＵＬＬ ｗｉｄｔｈ'), ['full', 'width']);
    assert.deepEqual(read('São Paulo café'), ['sao', 'paulo', 'cafe']);
    assert.deepEqual(read('ПОГОДА сегодня'), ['погода', 'сегодня']);
    assert.deepEqual(read('がっこう'), ['がっ', 'っこ', 'こう']);
    assert.deepEqual(read('brew ☕ now'), ['brew', '☕']);
  });

  it('reads no further than it is told and skips blobs', () => {
    assert.deepEqual(terms('alpha beta', 5), ['alpha']);
    assert.deepEqual(read(`key ${'a'.repeat(41)} end`), ['key', 'end']);
  });

  it('yields lower-case terms without spaces for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        for (const term of [...terms(text, 300), ...sequence(text, 300)]) {
          assert.notEqual(term, '');
          assert.equal(/[\s\p{P}]/u.test(term), false, JSON.stringify(term));
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('stems', () => {
  it('folds plurals only, lightly', () => {
    const cases = { files: 'file', queries: 'query', boxes: 'box', classes: 'class', status: 'status', analysis: 'analysis', class: 'class', bus: 'bus', us: 'us' };
    for (const [word, stem] of Object.entries(cases)) assert.equal(lightStem(word), stem);
  });

  it('brings the forms of a word together, heavily', () => {
    const families = [['translate', 'translation', 'translator', 'translating'], ['create', 'created', 'creation', 'creator'], ['run', 'runs'], ['forecast', 'forecasting'], ['scrape', 'scraper', 'scraping']];
    for (const family of families) assert.equal(new Set(family.map((word) => heavyStem(lightStem(word)))).size, 1, family.join());
    assert.notEqual(heavyStem('issue'), heavyStem('list'));
  });
});
