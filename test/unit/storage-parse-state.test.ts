import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { folderError } from '../../src/proxy/storage/fs-error.ts';
import { entriesAt, listAt, numberAt, parseState, stringAt, writeState } from '../../src/proxy/storage/parse-state.ts';

const decode = (state: unknown): number[] =>
  listAt(entriesAt(state, ['state']).get('list'), ['state', 'list']).map((item, i) => numberAt(item, ['state', 'list', i]));

const parse = (text: string): number[] => parseState(text, { file: 'f.json', version: 1, decode });

function placeOf(text: string): string {
  try {
    parse(text);
  } catch (error) {
    assert.ok(VestibuleError.is(error, 'corrupt-file'));
    assert.ok(error.message.startsWith(`f.json:${error.at?.line}:${error.at?.column}: `), error.message);
    return `${error.at?.line}:${error.at?.column}`;
  }
  return 'read';
}

describe('state texts', () => {
  it('read back what was written', () => {
    assert.deepStrictEqual(parse(writeState(1, { list: [1, 2] })), [1, 2]);
  });

  it('name the line and column of what is wrong', () => {
    assert.equal(placeOf('{"version":1,\n "state": oops}'), '2:11');
    assert.equal(placeOf('{"version":1,\n "state":{"list":[1,\n  "2"]}}'), '3:3');
    assert.equal(placeOf('{"version":1,\n "state":{}}'), '2:10');
    assert.equal(placeOf('{"version":2,"state":{"list":[]}}'), '1:12');
    assert.equal(placeOf('[]'), '1:1');
    assert.equal(placeOf(''), '1:1');
    assert.equal(placeOf('['.repeat(100_000)), '1:1');
    assert.equal(placeOf('{"version":1,"state":{"list":[1]}} x'), '1:36');
  });

  it('cut off anywhere never read', () => {
    const text = writeState(1, { list: [1, 22, 333] }).trimEnd();
    for (let length = 0; length < text.length; length++) assert.notEqual(placeOf(text.slice(0, length)), 'read');
  });

  it('let errors through that are not about the file', () => {
    assert.throws(() => parseState('{"version":1}', { file: 'f', version: 1, decode: () => assert.fail('a defect') }), assert.AssertionError);
  });

  it('keep outside keys as plain data', () => {
    const entries = entriesAt(JSON.parse('{"__proto__":{"polluted":1}}'), []);
    assert.deepStrictEqual([...entries.keys()], ['__proto__']);
    assert.equal(stringAt('x', []), 'x');
  });
});

describe('folder errors', () => {
  it('say what to do for each cause', () => {
    const actionFor = (code: string): string => folderError(Object.assign(new Error(code), { code }), 'write', '/x').action;
    assert.match(actionFor('ENOSPC'), /space/);
    assert.match(actionFor('EROFS'), /read-only/);
    assert.match(actionFor('EACCES'), /permission/);
    assert.match(actionFor('EIO'), /another data folder/);
  });
});
