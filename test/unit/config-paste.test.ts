import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseCommandLine } from '../../src/proxy/config/command-line.ts';
import { parseServerInput, type PasteResult } from '../../src/proxy/config/paste.ts';

type Accepted = Extract<PasteResult, { ok: true }>;

function accepted(text: string, platform: NodeJS.Platform = 'linux', taken?: (name: string) => boolean): Accepted {
  const result = parseServerInput(text, { platform, ...(taken && { taken }) });
  assert.ok(result.ok, JSON.stringify(result));
  return result;
}

/** The only pasted server, as [name, entry]. */
function one(text: string, platform: NodeJS.Platform = 'linux'): unknown {
  const { servers } = accepted(text, platform);
  assert.equal(servers.length, 1);
  return [servers[0]?.name, JSON.parse(JSON.stringify(servers[0]?.entry))];
}

function refused(text: string, platform: NodeJS.Platform = 'linux'): string {
  const result = parseServerInput(text, { platform });
  assert.ok(!result.ok, JSON.stringify(result));
  return `${result.problem} ${result.fix}`;
}

describe('adding by pasting an address', () => {
  it('makes an http entry, named after the host', () => {
    const names = ['https://api.githubcopilot.com/mcp/', 'https://mcp.linear.app/mcp', 'https://huggingface.co/mcp', 'http://localhost:3000/mcp', 'http://127.0.0.1/mcp', 'http://[::1]:8/mcp'].map((url) => (one(url) as [string, unknown])[0]);
    assert.deepEqual(names, ['githubcopilot', 'linear', 'huggingface', 'local-3000', 'local', 'local-8']);
    assert.deepEqual(one(' https://x.example/mcp \n'), ['x', { type: 'http', url: 'https://x.example/mcp' }]);
  });

  it('takes an address that ends in /sse for legacy SSE', () => {
    assert.deepEqual(one('https://mcp.linear.app/sse'), ['linear', { type: 'sse', url: 'https://mcp.linear.app/sse' }]);
  });

  it('refuses what is not http, and passwords', () => {
    assert.match(refused('ftp://x/y'), /not an http or https address/);
    assert.match(refused('vscode://x'), /not an http or https address/);
    assert.match(refused('https://me:pw@x/'), /Move it into "headers"/);
  });
});

describe('adding by pasting a command line', () => {
  it('names the server after its package, image or script', () => {
    const cases: Readonly<Record<string, string>> = {
      'npx -y @modelcontextprotocol/server-github@1.2': 'github',
      'npx -y @playwright/mcp@latest': 'playwright',
      'uvx mcp-server-git --repository /x': 'git',
      'uvx --from git+https://github.com/oraios/serena serena start-mcp-server': 'serena',
      'docker run -i --rm -e GITHUB_TOKEN -v /a:/b ghcr.io/github/github-mcp-server:v1': 'github',
      'node /home/me/dev/weather/dist/index.js': 'weather',
      'python -m mcp_server_time': 'time',
      'npx -y mcp-remote https://mcp.notion.com/sse': 'notion',
      '/usr/local/bin/my-mcp-server --stdio': 'my',
      'cmd /c npx -y foo': 'foo',
    };
    for (const [line, name] of Object.entries(cases)) assert.equal((one(line) as [string, unknown])[0], name, line);
  });

  it('avoids names in use', () => {
    assert.equal(accepted('npx foo', 'linux', (name) => ['foo', 'foo-2'].includes(name)).servers[0]?.name, 'foo-3');
  });

  it('reads assignments before the command, and drops a prompt', () => {
    assert.deepEqual(one('$ TOKEN=abc DEBUG="a b" npx -y foo'), ['foo', { type: 'stdio', command: 'npx', args: ['-y', 'foo'], env: { TOKEN: 'abc', DEBUG: 'a b' } }]);
    assert.match(refused('A=b'), /no command/);
  });

  it('cuts as a POSIX shell does', () => {
    const cases: readonly (readonly [string, readonly string[]])[] = [
      [`a 'b c' "d e" f\\ g`, ['a', 'b c', 'd e', 'f g']],
      [`a 'it'\\''s' "say \\"hi\\"" "back\\\\slash" "\\n"`, ['a', "it's", 'say "hi"', 'back\\slash', '\\n']],
      [`a '' ""`, ['a', '', '']],
      ['a b\\\n  c', ['a', 'b', 'c']],
      ['a # comment', ['a']],
      ['a b#c', ['a', 'b#c']],
      [`a $HOME "\${HOME}/x" '$HOME' \\$HOME`, ['a', '${env:HOME}', '${env:HOME}/x', '$HOME', '$HOME']],
      ['a ~/x ~ b~ ~me', ['a', '${userHome}/x', '${userHome}', 'b~', '~me']],
      ['a ${input:key} "${workspaceFolder}/x" $5', ['a', '${input:key}', '${workspaceFolder}/x', '$5']],
    ];
    for (const [line, words] of cases) assert.deepEqual(parseCommandLine(line, 'linux'), { env: [], words }, line);
  });

  it('cuts as Windows does', () => {
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ['"C:\\Program Files\\nodejs\\node.exe" C:\\x\\y.js', ['C:\\Program Files\\nodejs\\node.exe', 'C:\\x\\y.js']],
      ['a "b \\"c\\" d" e\\\\f "g\\\\" h\\\\\\"i', ['a', 'b "c" d', 'e\\\\f', 'g\\', 'h\\"i']],
      ['a "b""c" ""', ['a', 'b"c', '']],
      ["a 'b c'", ['a', "'b", "c'"]],
      ['a %APPDATA%\\x 100%', ['a', '${env:APPDATA}\\x', '100%']],
    ];
    for (const [line, words] of cases) assert.deepEqual(parseCommandLine(line, 'win32'), { env: [], words }, line);
    assert.deepEqual((one('"C:\\Program Files\\nodejs\\node.exe" x.js', 'win32') as [string, { command: string }])[1].command, 'C:\\Program Files\\nodejs\\node.exe');
  });

  it('refuses what needs a shell, and quotes that are never closed', () => {
    for (const line of ['a | b', 'a && b', 'a; b', 'a > f', 'a `b`', 'a "`b`"', 'a $(b)', 'a "$(b)"', '(a)', 'a &', 'a ${X:-y}']) assert.match(refused(line), /a meaning for a shell only/, line);
    for (const line of ['a | b', 'a > f', 'a & b', 'a ^b']) assert.match(refused(line, 'win32'), /a meaning for a shell only/, line);
    for (const line of ["a 'b", 'a "b']) assert.match(refused(line), /never closed/);
    assert.match(refused('a "b', 'win32'), /never closed/);
  });

  it('takes any words through single quotes unchanged', () => {
    const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { minLength: 1, maxLength: 5 }), (words) => {
        const line = ['cmd', ...words].map(quoted).join(' ');
        assert.deepEqual(parseCommandLine(line, 'linux'), { env: [], words: ['cmd', ...words] });
      }),
    );
  });
});

describe('adding by pasting JSON', () => {
  it('a mcp.json with its inputs', () => {
    const result = accepted('{ // mine\n "servers": { "a": {"type":"http","url":"https://x","headers":{"A":"${input:k}"}}, "b": {"command": "y"}, }, "inputs": [{"id":"k","type":"promptString","password":true}] }');
    assert.deepEqual(result.servers.map(({ name }) => name), ['a', 'b']);
    assert.equal(JSON.stringify(result.inputs), JSON.stringify([{ id: 'k', type: 'promptString', password: true }]));
  });

  it("settings of VS Code, entries without braces around, one entry alone", () => {
    assert.deepEqual(one('{"mcp":{"servers":{"q":{"command":"x"}}}}'), ['q', { command: 'x' }]);
    assert.deepEqual(one('"gh": {"command": "npx"},'), ['gh', { command: 'npx' }]);
    assert.deepEqual(one('{"gh": {"command": "npx"}}'), ['gh', { command: 'npx' }]);
    assert.deepEqual(one('{"command":"npx","args":["-y","@x/weather-mcp"]}'), ['weather', { command: 'npx', args: ['-y', '@x/weather-mcp'] }]);
    assert.deepEqual(one('{"name":"gh","command":"npx"}'), ['gh', { command: 'npx' }]);
  });

  it("Claude's and Cursor's mcpServers, in our grammar, telling what was left out", () => {
    const { servers } = accepted('{"mcpServers":{"gh":{"command":"npx","args":["-y","x","--key=${API_KEY}"],"env":{"T":"${GITHUB_TOKEN}"},"disabled":true,"autoApprove":["a"],"zzz":1},"w":{"serverUrl":"https://x"},"s":{"transport":"streamable-http","url":"https://y"}}}');
    assert.deepEqual(JSON.parse(JSON.stringify(servers.map(({ entry }) => entry))), [
      { command: 'npx', args: ['-y', 'x', '--key=${env:API_KEY}'], env: { T: '${env:GITHUB_TOKEN}' }, enabled: false },
      { url: 'https://x' },
      { type: 'http', url: 'https://y' },
    ]);
    assert.deepEqual(servers[0]?.notes, ['"autoApprove" was left out: it has no counterpart here.', '"zzz" was left out: it has no counterpart here.']);
  });

  it('declares inputs that the fragment uses but did not bring', () => {
    assert.deepEqual(accepted('{"command":"x","env":{"A":"${input:key}"}}').inputs, [{ id: 'key', type: 'promptString', description: 'key', password: true }]);
  });

  it('tells what is wrong', () => {
    assert.match(refused('{"servers":{"a":{"command":5}}}'), /"command" must be a text/);
    assert.match(refused('{"servers":{"a:b":{"command":"x"}}}'), /holds a colon/);
    assert.match(refused('{"servers":{"a":{"command":"x"}'), /not JSON, at line 1, column 32: A closing brace/);
    assert.match(refused('{"mcpServers":{"a":{"command":"x","args":["${A:-b}"]}}}'), /not a variable that can be used here.*\$\{env:A\}/);
    for (const text of ['{}', '[1]', '{"x":1}', '{"mcpServers":{}}', '{"mcpServers":[]}']) assert.match(refused(text), /(no server|not an object)/i, text);
    assert.match(refused('  '), /nothing to add/);
  });

  it('never throws, whatever is pasted', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json(), fc.string().map((text) => `{"mcpServers":${text}`)), fc.constantFrom<NodeJS.Platform>('linux', 'win32'), (text, platform) => {
      const result = parseServerInput(text, { platform });
      assert.ok(result.ok ? result.servers.length > 0 : result.fix !== '');
    }), { numRuns: 1_000 });
  });
});
