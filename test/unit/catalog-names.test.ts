import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assignSlugs, exposedNames, slugOf } from '../../src/proxy/catalog/names.ts';

const nameOf = (server: string, prefix: string, tool: string): string => exposedNames({ server, prefix }, [tool]).get(tool) ?? '';

/** base32 by its definition: 5 bits a character from the left. */
function base32Start(text: string, length: number): string {
  const bits = [...createHash('sha256').update(text).digest()].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return Array.from({ length }, (_, i) => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(bits.slice(i * 5, i * 5 + 5), 2)]).join('');
}

const anyName = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
  fc.string({ unit: fc.constantFrom('a', 'b', '_', '-', ' ', '.', '😀'), minLength: 1, maxLength: 45 }),
  fc.constantFrom('tool', 'tool_read', 'tools', 'cache', '__proto__', 'a b', 'a.b', 'a_b'),
);
const anyServer = fc.oneof(fc.string({ unit: fc.constantFrom('a', 'b', '-', ' ', 'é', '_'), minLength: 1, maxLength: 20 }), fc.constantFrom('call', 'read', 'github', 'GitHub', 'git hub'));
const MENU = ['retrieve_tools', 'describe_tool', 'call_tool_read', 'call_tool', 'read_cache', 'upstream_servers', 'quarantine_security', 'code_execution'];

describe('exposed names', () => {
  it('are plain when the name fits', () => {
    assert.equal(nameOf('github', 'github_', 'create_issue'), 'github_create_issue');
    assert.equal(nameOf('github', 'github_', 'list-issues'), 'github_list-issues');
    assert.equal(nameOf('s', 's_', 'x'.repeat(44)), `s_${'x'.repeat(44)}`);
  });

  it('end in a hash when the name is changed or too long', () => {
    const hash = base32Start('github\0get file', 6);
    assert.match(hash, /^[a-z2-7]{6}$/);
    assert.equal(nameOf('github', 'github_', 'get file'), `github_get_file_${hash}`);
    assert.equal(nameOf('s', 's_', '😀'), `s___${base32Start('s\0😀', 6)}`);
    const long = nameOf('a-long-slug1', 'a-long-slug1_', 'x'.repeat(300));
    assert.equal(long, `a-long-slug1_${'x'.repeat(26)}_${base32Start(`a-long-slug1\0${'x'.repeat(300)}`, 6)}`);
    assert.equal(long.length, 46);
  });

  it('never are names of the proxy itself', () => {
    assert.match(nameOf('call', 'call_', 'tool'), /^call_tool_[a-z2-7]{6}$/);
    assert.match(nameOf('s', '', 'retrieve_tools'), /^retrieve_tools_[a-z2-7]{6}$/);
  });

  it('stay unchanged without a prefix where that is safe', () => {
    for (const tool of ['test_simple_text', 'json.schema', 'x'.repeat(64)]) assert.equal(nameOf('s', '', tool), tool);
    for (const tool of ['a b', 'a:b', 'x'.repeat(65), 'é']) assert.match(nameOf('s', '', tool), /^[a-zA-Z0-9_-]{1,39}_[a-z2-7]{6}$/);
  });

  it('leave the plain name to the tool that really has it, even against one made to meet it', () => {
    const lossy = 'get file';
    const crafted = nameOf('s', 's_', lossy).slice(2);
    const names = exposedNames({ server: 's', prefix: 's_' }, [lossy, crafted]);
    assert.equal(names.get(crafted), `s_${crafted}`);
    assert.match(names.get(lossy) ?? '', /^s_get_file_[a-z2-7]{6}$/);
    assert.notEqual(names.get(lossy), names.get(crafted));
  });

  it('are valid, unique, independent of order, and stable when tools are added', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyName, { minLength: 1, maxLength: 12 }), anyServer, fc.integer({ min: 1 }), (tools, server, n) => {
        const naming = { server, prefix: `${[...assignSlugs(new Map(), [server]).keys()][0]}_` };
        const names = exposedNames(naming, tools);
        assert.deepStrictEqual(new Set(names.keys()), new Set(tools));
        assert.equal(new Set(names.values()).size, tools.length);
        for (const [tool, exposed] of names) {
          assert.match(exposed, /^[a-zA-Z0-9-]{1,12}_[a-zA-Z0-9_-]*$/);
          assert.ok(exposed.length <= 46 && !MENU.includes(exposed));
          assert.ok(exposed === `${naming.prefix}${tool}` || /_[a-z2-7]{6}$/.test(exposed));
        }
        assert.deepStrictEqual(exposedNames(naming, [...tools].reverse()), names);
        const fewer = exposedNames(naming, tools.slice(0, n % tools.length));
        for (const [tool, exposed] of fewer) assert.equal(names.get(tool), exposed);
      }),
      { numRuns: 3_000 },
    );
  });

  it('of different servers never meet', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyServer, { minLength: 2, maxLength: 8 }), fc.uniqueArray(anyName, { minLength: 1, maxLength: 5 }), (servers, tools) => {
        const all = [...assignSlugs(new Map(), servers)].flatMap(([slug, server]) => [...exposedNames({ server, prefix: `${slug}_` }, tools).values()]);
        assert.equal(new Set(all).size, servers.length * tools.length);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('slugs', () => {
  it('hold letters, digits and single hyphens, at most 12', () => {
    assert.deepStrictEqual(
      ['github', 'My Server', '--a__b--', 'é', 'context7 (docs)', 'a-very-long-server-name', 'abcdefghijk-lm'].map(slugOf),
      ['github', 'My-Server', 'a-b', '', 'context7-doc', 'a-very-long', 'abcdefghijk'],
    );
  });

  it('belong to the server called exactly that, then to the first by name', () => {
    const given = assignSlugs(new Map(), ['my server', 'my_server', 'my-server', '日本']);
    assert.equal(given.get('my-server'), 'my-server');
    assert.deepStrictEqual(
      [...given].slice(1).map(([slug, server]) => [slug.replace(/[a-z2-7]{4}$/, '*'), server]),
      [['my-serv-*', 'my server'], ['my-serv-*', 'my_server'], ['server-*', '日本']],
    );
  });

  it('stay with their server whoever comes later', () => {
    const before = assignSlugs(new Map(), ['my server']);
    const after = assignSlugs(before, ['my-server', 'my server']);
    assert.equal(after.get('my-server'), 'my server');
    assert.equal(assignSlugs(after, ['my server', 'my-server']), after);
  });

  it('are valid, unique, independent of the order of arrival, and never taken away', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyServer, { minLength: 1, maxLength: 12 }), fc.nat(), (servers, n) => {
        const given = assignSlugs(new Map(), servers);
        assert.deepStrictEqual(new Set(given.values()), new Set(servers));
        for (const slug of given.keys()) assert.match(slug, /^(?=.{1,12}$)[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*$/);
        assert.deepStrictEqual(assignSlugs(new Map(), [...servers].reverse()), given);
        const first = assignSlugs(new Map(), servers.slice(0, n % servers.length));
        const later = assignSlugs(first, servers);
        for (const [slug, server] of first) assert.equal(later.get(slug), server);
      }),
      { numRuns: 3_000 },
    );
  });

  it('of servers long gone make room', () => {
    const many = assignSlugs(new Map(), Array.from({ length: 1_000 }, (_, i) => `old${i}`));
    const next = assignSlugs(many, ['new']);
    assert.equal(next.size, 1_000);
    assert.equal(next.get('new'), 'new');
    assert.ok(!next.has('old0') && next.has('old999'));
  });
});
