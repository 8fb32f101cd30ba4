import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AnswerTexts } from '../../src/proxy/relay/answer-texts.ts';
import { DefinitionTokens } from '../../src/proxy/relay/definition-tokens.ts';
import { packRanks, unpackRanks } from '../../src/proxy/tokens/packed-table.ts';
import type { TokenCounter } from '../../src/proxy/tokens/types.ts';
import { toolFixture } from '../fixtures/calls.ts';

/** Says that every text has as many tokens as characters. */
const byLength: TokenCounter = { count: (texts) => Promise.resolve(texts.map(({ length }) => length)), dispose: () => undefined };
const broken: TokenCounter = { count: () => Promise.resolve(undefined), dispose: () => undefined };

const result = (...texts: readonly string[]): string => JSON.stringify({ content: texts.map((text) => ({ type: 'text', text })) });

async function settled(answers: AnswerTexts<string>, counter: TokenCounter): Promise<[string, number | undefined][]> {
  const told: [string, number | undefined][] = [];
  await answers.settle(counter, (account, tokens) => told.push([account, tokens]));
  return told;
}

describe('texts of answers', () => {
  it('are counted once, for the account they were posted to', async () => {
    const answers = new AnswerTexts<string>();
    answers.answered('1', result('abc', 'de'));
    answers.answered('2', result('x'));
    answers.answered('never posted', result('nobody reads this'));
    assert.deepEqual([answers.assign('2', 'b'), answers.assign('1', 'a'), answers.assign('3', 'c')], [true, true, false]);
    assert.deepEqual(await settled(answers, byLength), [['b', 1], ['a', 5]]);
    assert.deepEqual(await settled(answers, byLength), []);
  });

  it('count the larger of text and structuredContent, images at their usual price, errors as nothing', async () => {
    const answers = new AnswerTexts<string>();
    const cases = {
      structured: '{"content":[{"type":"text","text":"ab"}],"structuredContent":{"a":1}}',
      image: '{"content":[{"type":"image","data":"AAAA","mimeType":"image/png"},{"type":"text","text":"ab"}]}',
      error: '{"code":-32000,"message":"no"}',
    };
    for (const [name, answer] of Object.entries(cases)) {
      answers.answered(name, answer);
      answers.assign(name, name);
    }
    assert.deepEqual(await settled(answers, byLength), [['structured', 7], ['image', 1_002], ['error', 0]]);
  });

  it('say so when they cannot be counted, and are let go of', async () => {
    const answers = new AnswerTexts<string>();
    answers.answered('1', result('abc'));
    answers.assign('1', 'a');
    assert.deepEqual(await settled(answers, broken), [['a', undefined]]);
    assert.deepEqual(await settled(answers, byLength), []);
  });

  it('hold no more than four million characters: the oldest go first', () => {
    const answers = new AnswerTexts<string>();
    for (let call = 0; call < 9; call++) answers.answered(String(call), result('x'.repeat(500_000)));
    assert.deepEqual([answers.assign('0', 'a'), answers.assign('1', 'a'), answers.assign('8', 'a')], [false, true, true]);
  });

  it('hold no more than 2,000 answers, posted ones too: the latest are counted', async () => {
    const answers = new AnswerTexts<string>();
    for (let call = 0; call < 5_000; call++) {
      answers.answered(String(call), result('x'));
      assert.ok(answers.assign(String(call), String(call)));
    }
    const told = await settled(answers, byLength);
    assert.ok(told.length > 1_700 && told.length <= 2_000, `${told.length}`);
    assert.deepEqual(told, Array.from(told, (_, i) => [String(5_000 - told.length + i), 1]));
  });
});

describe('tokens of definitions', () => {
  const tools = [toolFixture('s', 'one'), toolFixture('s', 'two')];
  const [one, two] = tools as [(typeof tools)[0], (typeof tools)[0]];

  it('are an estimate until they were counted, each once', async () => {
    const tokens = new DefinitionTokens();
    const estimate = tokens.of(one);
    assert.ok(estimate > 0 && !tokens.isExact(one));
    await tokens.settle([one], byLength);
    assert.ok(tokens.isExact(one) && tokens.of(one) > estimate);
    const asked: string[] = [];
    await tokens.settle(tools, { ...byLength, count: (texts) => byLength.count((asked.push(...texts), texts)) });
    assert.equal(asked.length, 1);
    assert.ok(tokens.isExact(two));
  });

  it('stay an estimate where the counter fails, which is not asked again', async () => {
    const tokens = new DefinitionTokens();
    const estimate = tokens.of(one);
    await tokens.settle([one], broken);
    await tokens.settle([one], byLength);
    assert.deepEqual([tokens.of(one), tokens.isExact(one)], [estimate, false]);
  });
});

describe('the packed table', () => {
  it('comes back as it was: text, bytes that are no text, and the end byte itself', () => {
    const ranks = ['!', '\n', '\0', [0xff], [0xe4, 0xbd], 'é', [0xef, 0xbb, 0xbf, 0x61], 'a\ufeff', '\ufffd', ' word', [0x80]];
    assert.deepEqual(unpackRanks(packRanks(ranks)), ranks);
  });

  it('cannot be made of what it could not give back', () => {
    assert.throws(() => packRanks([[1, 0xff]]), /ends tokens/);
  });
});
