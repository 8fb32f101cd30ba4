import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mapUris } from '../../src/proxy/relay/map-uris.ts';
import { literalLength, matchTemplate, templateParts } from '../../src/proxy/relay/uri-template.ts';

const match = (template: string, uri: string): readonly string[] | undefined => matchTemplate(templateParts(template), uri);

describe('URI templates', () => {
  it('match what they can have made', () => {
    assert.deepEqual(match('test://{id}/data', 'test://7/data'), ['7']);
    assert.deepEqual(match('a{x}b{y}c', 'a1b2c'), ['1', '2']);
    assert.deepEqual(match('file:///{+path}', 'file:///a/b c'), ['a/b c']);
    assert.deepEqual(match('{a}{b}', 'xy'), ['', 'xy']);
    assert.deepEqual(match('{a}/x/{b}', '1/x/2/x/3'), ['1', '2/x/3']);
    assert.deepEqual(match('plain', 'plain'), []);
    assert.deepEqual(match('a{?q}', 'a'), ['']);
    for (const [template, uri] of [['test://{id}/data', 'test://7/other'], ['test://{id}', 'other://7'], ['plain', 'plainer'], ['aa{x}aa', 'aaa'], ['a{x}b', 'b'], ['', 'x']] as const) {
      assert.equal(match(template, uri), undefined, `${template} ${uri}`);
    }
  });

  it('give back what was put in where the text between tells', () => {
    const value = fc.stringMatching(/^[a-z0-9%]{0,8}$/);
    fc.assert(fc.property(value, value, (a, b) => {
      const parts = templateParts('x://{a}/~/{b}/!');
      assert.deepEqual(matchTemplate(parts, `x://${a}/~/${b}/!`), [a, b]);
    }));
  });

  it('are matched in time that grows with the URI alone', () => {
    const parts = templateParts(Array.from({ length: 50 }, (_, i) => `{v${i}}a`).join(''));
    const started = performance.now();
    assert.equal(matchTemplate(parts, `${'a'.repeat(200_000)}b`), undefined);
    assert.ok(performance.now() - started < 500);
  });

  it('with more text know a URI better', () => {
    assert.ok(literalLength(templateParts('a://b/{c}')) > literalLength(templateParts('a://{b}{c}')));
    assert.deepEqual(templateParts('{unclosed'), [{ literal: '{unclosed' }]);
  });
});

describe('URIs in results', () => {
  const upper = (raw: string): string => mapUris(raw, (uri) => uri.toUpperCase());

  it('are those of content, resources and user interfaces, and nothing that may be data', () => {
    const raw = JSON.stringify({
      content: [{ type: 'resource_link', uri: 'a', name: 'uri' }, { type: 'resource', resource: { uri: 'b', text: '"uri":"c"' } }, { type: 'tool_result', content: [{ uri: 'd' }] }],
      contents: [{ uri: 'e' }],
      messages: [{ content: { type: 'resource_link', uri: 'f' } }, { content: [{ uri: 'g' }] }],
      structuredContent: { uri: 'kept' },
      _meta: { ui: { resourceUri: 'h', csp: {} }, 'ui/resourceUri': 'i', uri: 'kept' },
    });
    assert.deepEqual(JSON.parse(upper(raw)), {
      content: [{ type: 'resource_link', uri: 'A', name: 'uri' }, { type: 'resource', resource: { uri: 'B', text: '"uri":"c"' } }, { type: 'tool_result', content: [{ uri: 'D' }] }],
      contents: [{ uri: 'E' }],
      messages: [{ content: { type: 'resource_link', uri: 'F' } }, { content: [{ uri: 'G' }] }],
      structuredContent: { uri: 'kept' },
      _meta: { ui: { resourceUri: 'H', csp: {} }, 'ui/resourceUri': 'I', uri: 'kept' },
    });
  });

  it('leave the text as it came when nothing changes, big integers and all', () => {
    for (const raw of ['{ "content":[ {"uri":"A","n":9007199254740993} ] }', '{"n":1.0}', '{"content":"x","uri":7}', '{"_meta":{"ui":{"resourceUri":"A"}}}']) assert.equal(upper(raw), raw);
  });

  it('are looked for only so deep', () => {
    const deep = `${'{"content":'.repeat(60)}{"uri":"a"}${'}'.repeat(60)}`;
    assert.equal(upper(deep), deep);
  });
});
