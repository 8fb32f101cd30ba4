import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Validator, type Schema } from '@cfworker/json-schema';
import fc from 'fast-check';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { sha256 } from '../../src/proxy/json/canonical.ts';
import type { Digest } from '../../src/proxy/model.ts';
import { compareWithLock } from '../../src/proxy/quarantine/lockfile/compare-lock.ts';
import { parseLock, writeLock, type Lock, type LockedServer } from '../../src/proxy/quarantine/lockfile/lock-format.ts';

const [A, B] = [sha256('a'), sha256('b')];
const TEXT = `{
  "lockfileVersion": 1,
  "servers": {
    "a": {
      "fingerprint": "${A}",
      "instructions": "${B}",
      "tools": {
        "10": "${A}",
        "9": "${B}",
        "__proto__": "${A}"
      }
    },
    "b": {
      "fingerprint": "${B}",
      "tools": {}
    }
  }
}
`;
const LOCK: Lock = new Map<string, LockedServer>([
  ['b', { fingerprint: B, instructions: undefined, tools: new Map() }],
  ['a', { fingerprint: A, instructions: B, tools: new Map([['__proto__', A], ['9', B], ['10', A]]) }],
]);

describe('the lock file', () => {
  it('is sorted, one tool a line, whatever the keys look like', () => assert.equal(writeLock(LOCK), TEXT));

  it('is what its schema describes, and what is not one has a place in the editor', () => {
    const schema = JSON.parse(readFileSync(new URL('../../media/vestibule.lock.schema.json', import.meta.url), 'utf8')) as Schema;
    const valid = (text: string): boolean => new Validator(schema, '7').validate(JSON.parse(text)).valid;
    assert.ok(valid(TEXT));
    for (const [from, to] of [['"lockfileVersion": 1', '"lockfileVersion": 2'], ['"fingerprint"', '"fingerprnt"'], [A, 'sha256-short'], ['"tools": {}', '"tools": {}, "more": 1'], ['"a": {', '"a:b": {']] as const) {
      assert.equal(valid(TEXT.replace(from, to)), false, to);
    }
  });

  it('is read back as it was written, and the same lock is the same text', () => {
    const digests = fc.string().map((text): Digest => sha256(text));
    const servers = fc.record({ fingerprint: digests, instructions: fc.option(digests, { nil: undefined }), tools: fc.dictionary(fc.string(), digests).map((tools) => new Map(Object.entries(tools))) }, { noNullPrototype: true });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), servers), (made) => {
        const lock = new Map(Object.entries(made));
        const text = writeLock(lock);
        assert.deepEqual(new Map([...parseLock(text, 'f')].sort()), new Map([...lock].sort()));
        assert.equal(writeLock(new Map([...lock].reverse())), text);
      }),
      { numRuns: 100 },
    );
  });

  for (const [what, text, position, message] of [
    ['a merge conflict', TEXT.replace('        "9"', '<<<<<<< HEAD\n        "9"'), '9:1', /merge conflict/],
    ['the end of one', TEXT.replace('        "9"', '>>>>>>> theirs\r\n        "9"'), '9:1', /merge conflict/],
    ['a missing comma', TEXT.replace(`"${A}",\n        "9"`, `"${A}"\n        "9"`), '9:9', /not valid JSON/],
    ['a comment', `// by hand\n${TEXT}`, '1:1', /not valid JSON/],
    ['nothing', '', '1:1', /not valid JSON/],
    ['a tool named twice', TEXT.replace('"9"', '"10"'), '9:9', /names "10" twice/],
    ['something that is no digest', TEXT.replace(`"9": "${B}"`, '"9": "sha256-short"'), '9:14', /a digest/],
    ['an unknown member', TEXT.replace('"instructions"', '"prompts"'), '6:18', /unknown member "prompts"/],
    ['another version', TEXT.replace('Version": 1', 'Version": 2'), '2:22', /"lockfileVersion": 1/],
    ['no launch', TEXT.replace(`      "fingerprint": "${B}",\n`, ''), '13:10', /a member "fingerprint"/],
    ['no object', '[]', '1:1', /an object/],
    ['deep nesting', '['.repeat(100_000), '1:1', /nested/],
  ] as const) {
    it(`with ${what} is no lock, and says where`, () => {
      assert.throws(
        () => parseLock(text, 'lock'),
        (error) => {
          assert.ok(VestibuleError.is(error, 'bad-config'));
          assert.match(error.message, message);
          assert.equal(`${error.at?.line}:${error.at?.column}`, position);
          return true;
        },
      );
    });
  }

  it('holds as long as nothing that was shared is another', () => {
    const locked: LockedServer = { fingerprint: A, instructions: A, tools: new Map([['same', A], ['other', A], ['gone', A]]) };
    assert.deepEqual(compareWithLock(locked, { instructions: B, tools: new Map([['same', A], ['other', B], ['new', B]]) }), [
      { kind: 'changed', tool: undefined },
      { kind: 'missing', tool: 'gone' },
      { kind: 'unlocked', tool: 'new' },
      { kind: 'changed', tool: 'other' },
    ]);
  });
});
