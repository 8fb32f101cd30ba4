import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createScanner, parse } from 'jsonc-parser';
import { addInput, addServer, removeServer, setServerEnabled, type ServersEdit } from '../../src/proxy/config/edit.ts';
import { VestibuleError } from '../../src/proxy/errors.ts';

function read(text: string): unknown {
  const errors: unknown[] = [];
  const value: unknown = parse(text, errors as never[], { allowTrailingComma: true });
  assert.deepEqual(errors, [], text);
  return value;
}

const HAND_WRITTEN = `// head
{
\t// about servers
\t"servers": {
\t\t"a": { "command": "x", }, // after a
\t\t/* before b */ "b": { "url": "https://x", "zzz": 1 } // after b
\t\t// last
\t},
\t"custom": [1, 2], // keep
}
`;

describe('edits of a servers file change nothing else', () => {
  const cases: readonly (readonly [string, string, ServersEdit, string])[] = [
    ['a server is added as the last', HAND_WRITTEN, addServer('c', { command: 'y', args: ['-z'] }), HAND_WRITTEN.replace(' } // after b', ' }, // after b\n\t\t"c": {\n\t\t\t"command": "y",\n\t\t\t"args": [\n\t\t\t\t"-z"\n\t\t\t]\n\t\t}')],
    ['a server is removed with its line', HAND_WRITTEN, removeServer('a'), HAND_WRITTEN.replace('\t\t"a": { "command": "x", }, // after a\n', '')],
    ['the last server is removed with the comma before it', HAND_WRITTEN, removeServer('b'), HAND_WRITTEN.replace('}, // after a', '} // after a').replace(' "b": { "url": "https://x", "zzz": 1 }', '')],
    ['the only server before a trailing comma', '{\n  "servers": {\n    "a": {"command": "y"},\n    // remark\n  }\n}', removeServer('a'), '{\n  "servers": {\n    // remark\n  }\n}'],
    ['a server declared twice goes as a whole', '{"servers": {"a": {"command": "x"}, "b": {"url": "u"}, "a": {"command": "y"}}}', removeServer('a'), '{"servers": {"b": {"url": "u"}}}'],
    ['off', HAND_WRITTEN, setServerEnabled('b', false), HAND_WRITTEN.replace('"zzz": 1 }', '"zzz": 1, "enabled": false }')],
    ['off, after a trailing comma', HAND_WRITTEN, setServerEnabled('a', false), HAND_WRITTEN.replace('"command": "x", }', '"command": "x", "enabled": false, }')],
    ['off, where it says on', '{"servers": {"a": {"enabled": true /* now */, "command": "x"}}}', setServerEnabled('a', false), '{"servers": {"a": {"enabled": false /* now */, "command": "x"}}}'],
    ['on', '{"servers": {"a": {"command": "x", "enabled": false}}}', setServerEnabled('a', true), '{"servers": {"a": {"command": "x"}}}'],
    ['on, where it is', HAND_WRITTEN, setServerEnabled('a', true), HAND_WRITTEN],
    ['the first input', '{\n  "servers": {}\n}\n', addInput({ id: 'k', type: 'promptString' }), '{\n  "servers": {},\n  "inputs": [\n    {\n      "id": "k",\n      "type": "promptString"\n    }\n  ]\n}\n'],
    ['another input', '{ "inputs": [ { "id": "a" } ] }', addInput({ id: 'k' }), '{ "inputs": [ { "id": "a" }, {"id":"k"} ] }'],
    ['an input that is there', '{ "inputs": [ { "id": "k", "x": 1 } ] }', addInput({ id: 'k' }), '{ "inputs": [ { "id": "k", "x": 1 } ] }'],
    ['CRLF and four spaces', '{\r\n    "servers": {\r\n    }\r\n}', addServer('c', { command: 'x' }), '{\r\n    "servers": {\r\n        "c": {\r\n            "command": "x"\r\n        }\r\n    }\r\n}'],
    ['a file without servers', '{}', addServer('c', { command: 'x' }), '{\n  "servers": {\n    "c": {\n      "command": "x"\n    }\n  }\n}'],
    ['a remark in an empty object', '{\n  "servers": { // none\n  }\n}', addServer('c', {}), '{\n  "servers": { // none\n    "c": {}\n  }\n}'],
  ];
  for (const [what, before, edit, after] of cases) it(what, () => assert.equal(edit(before), after));

  it('refuses what it cannot do, with a reason', () => {
    const refused: readonly (readonly [ServersEdit, string, VestibuleError['reason']])[] = [
      [addServer('a', {}), HAND_WRITTEN, 'bad-config'],
      [removeServer('nope'), HAND_WRITTEN, 'not-found'],
      [setServerEnabled('nope', true), HAND_WRITTEN, 'not-found'],
      [setServerEnabled('a', false), '{"servers": {"a": 1}}', 'bad-config'],
      [setServerEnabled('a', false), '{"servers": {"a": {}, "a": {}}}', 'bad-config'],
      [addServer('c', {}), '{"servers": []}', 'bad-config'],
      [addServer('c', {}), '[]', 'bad-config'],
      [addInput({ id: 'k' }), '{"inputs": {}}', 'bad-config'],
    ];
    for (const [edit, text, reason] of refused) assert.throws(() => edit(text), (error) => VestibuleError.is(error, reason), text);
  });

  it('holds over random files: the rest means the same, and every comment elsewhere survives', () => {
    fc.assert(
      fc.property(jsonc, fc.constantFrom('a', 'b', 'c'), fc.constantFrom('add', 'remove', 'off', 'on'), (text, name, action) => {
        const before = read(text) as Document;
        const has = Object.hasOwn(before.servers, name);
        if (has === (action === 'add')) return;
        const edit = { add: addServer(name, { command: 'new', args: ['x'] }), remove: removeServer(name), off: setServerEnabled(name, false), on: setServerEnabled(name, true) }[action];
        const after = edit(text);
        const expected = structuredClone(before);
        if (action === 'add') expected.servers[name] = { command: 'new', args: ['x'] };
        else if (action === 'remove') Reflect.deleteProperty(expected.servers, name);
        else {
          const entry = expected.servers[name] ?? {};
          if (action === 'off') entry['enabled'] = false;
          else Reflect.deleteProperty(entry, 'enabled');
        }
        assert.deepEqual(read(after), expected, `${text}\n=>\n${after}`);
        const lost = commentsOf(text).filter((comment) => !commentsOf(after).includes(comment));
        if (action !== 'remove' && action !== 'on') assert.deepEqual(lost, [], `${text}\n=>\n${after}`);
        // Removing takes along what stands inside of the entry, and the remark at the end of its line.
        else assert.ok(lost.every((comment) => comment.includes(`in-${name}`) || comment.includes('remark')), `${lost.join(' ')} of\n${text}\n=>\n${after}`);
      }),
      { numRuns: 3_000 },
    );
  });
});

interface Document {
  readonly servers: Record<string, Record<string, unknown>>;
}

/** Files with servers a, b and c (some of them), laid out and commented at random; every comment is unique. */
const jsonc: fc.Arbitrary<string> = fc
  .record({
    names: fc.subarray(['a', 'b', 'c']),
    enabled: fc.array(fc.constantFrom(undefined, true, false), { minLength: 3, maxLength: 3 }),
    gaps: fc.array(fc.constantFrom('', ' ', '\n  ', '\n\n    ', ' // C\n    ', ' /* C */ ', '\n    // C\n    ', ' /* C\n C */ '), { minLength: 40, maxLength: 40 }),
    trailing: fc.boolean(),
    eol: fc.constantFrom('\n', '\r\n'),
  })
  .map(({ names, enabled, gaps, trailing, eol }) => {
    let used = 0;
    let comments = 0;
    const gap = (kind: string): string => (gaps[used++ % gaps.length] ?? '').replace(/C/, () => `${kind}-${comments++}`);
    const entries = names.map((name, i) => {
      const flag = enabled[i] === undefined ? '' : `${gap(`in-${name}`)},${gap(`in-${name}`)}"enabled":${String(enabled[i])}`;
      return `"${name}":${gap(`in-${name}`)}{${gap(`in-${name}`)}"command":${gap(`in-${name}`)}"x"${flag}${gap(`in-${name}`)}}`;
    });
    const end = trailing && names.length > 0 ? `${gap('remark')},` : '';
    return `{${gap('top')}"servers":{${gap('remark')}${entries.join(`${gap('remark')},${gap('remark')}`)}${end}${gap('remark')}}${gap('top')}}`.replaceAll('\n', eol);
  });

function commentsOf(text: string): string[] {
  const scanner = createScanner(text, false);
  const comments: string[] = [];
  for (let kind = scanner.scan(); scanner.getTokenOffset() < text.length; kind = scanner.scan()) {
    const token = text.slice(scanner.getTokenOffset(), scanner.getTokenOffset() + scanner.getTokenLength());
    if (/^\/[/*]/.test(token)) comments.push(token.replace(/\s+/g, ' '));
    assert.ok((kind as number) > 0);
  }
  return comments;
}
