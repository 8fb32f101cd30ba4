import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createShape } from '../../src/proxy/pipeline/stages/shape.ts';
import type { Outcome } from '../../src/proxy/pipeline/types.ts';
import { callFixture, toolFixture } from '../fixtures/calls.ts';

const TOOL = toolFixture('notes', 'add', {
  inputSchema: { type: 'object', properties: { text: { type: 'string' }, pinned: { type: 'boolean' } }, required: ['text'] },
});
const PASSED: Outcome = { kind: 'ok', code: undefined, reply: { result: '{}' }, truncated: false };

/** The code `shape` refuses these arguments with; undefined when they go on. */
async function refused(argumentsText: string | undefined): Promise<string | undefined> {
  const call = callFixture(TOOL.id, { tool: TOOL, argumentsText });
  const outcome = await createShape().run(call, () => Promise.resolve(PASSED));
  assert.equal(call.argumentsText, argumentsText, 'the text goes on as written');
  return outcome.code;
}

describe('shape', () => {
  it('lets fitting arguments on, as written', async () => {
    assert.equal(await refused('{"text":"a",  "pinned":true}'), undefined);
  });

  it('takes null for an optional argument as not given, and never for a required one', async () => {
    assert.equal(await refused('{"text":"a","pinned":null}'), undefined);
    assert.equal(await refused('{"text":null}'), 'invalid_arguments');
  });

  it('refuses what does not fit, is no object, or is too large', async () => {
    assert.equal(await refused(undefined), 'invalid_arguments');
    assert.equal(await refused('{"text":1}'), 'invalid_arguments');
    assert.equal(await refused('[]'), 'invalid_arguments');
    assert.equal(await refused('"x"'), 'invalid_arguments');
    assert.equal(await refused(`{"text":"${'x'.repeat(2 * 1024 * 1024)}"}`), 'too_large');
  });
});
