import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import ranks from 'gpt-tokenizer/bpeRanks/o200k_base';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { packRanks, unpackRanks } from '../../src/proxy/tokens/packed-table.ts';
import { MAX_BATCH } from '../../src/proxy/tokens/types.ts';
import { WorkerTokenCounter } from '../../src/proxy/tokens/worker-counter.ts';

const TEXTS = ['', 'hello world', 'héllo 你好 🎉', '{"type":"object","properties":{"n":{"type":"integer"}}}', '\ufeff\ufffd\0'];

describe('the counting thread', { timeout: 120_000 }, () => {
  it('counts as the tokenizer does, several batches in order', async () => {
    using counter = asDisposable(new WorkerTokenCounter(unexpected));
    const [all, one, none] = await Promise.all([counter.count(TEXTS), counter.count(['hello world']), counter.count([])]);
    assert.deepEqual([all, one, none], [TEXTS.map((text) => countTokens(text)), [2], []]);
  });

  it('takes special tokens for the text they are', async () => {
    using counter = asDisposable(new WorkerTokenCounter(unexpected));
    const [tokens] = (await counter.count(['<|endoftext|>'])) ?? [];
    assert.equal(tokens, countTokens('<|endoftext|>', { disallowedSpecial: new Set<string>() }));
  });

  it('declines what is too much, and everything after its end', async () => {
    using counter = asDisposable(new WorkerTokenCounter(unexpected));
    assert.equal(await counter.count(['x'.repeat(MAX_BATCH + 1)]), undefined);
    counter.dispose();
    assert.equal(await counter.count(['x']), undefined);
  });

  it('ends under way without a word of complaint', async () => {
    const counter = new WorkerTokenCounter(unexpected);
    const counting = counter.count(['x'.repeat(1_000)]);
    counter.dispose();
    assert.equal(await counting, undefined);
  });
});

describe('the table that ships', { timeout: 120_000 }, () => {
  it('is the whole table of the tokenizer', () => {
    assert.deepEqual(unpackRanks(packRanks(ranks)), ranks);
  });
});

function unexpected(problem: string): void {
  assert.equal(problem, '', 'counting works on this machine');
}

function asDisposable<T extends { dispose(): void }>(value: T): T & Disposable {
  return Object.assign(value, { [Symbol.dispose]: () => value.dispose() });
}
