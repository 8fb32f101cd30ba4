import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseServersFile, type ServersFile } from '../../src/proxy/config/servers-file.ts';

const FILE = '/w/.vscode/vestibule.json';

function parse(content: unknown, origin: 'user' | 'workspace' = 'user'): ServersFile {
  return parseServersFile(typeof content === 'string' ? content : JSON.stringify(content, undefined, 2), FILE, origin);
}

function names(file: ServersFile): string[] {
  return file.servers.map((server) => server.name);
}

/** The only problem of a file, as one line. */
function onlyProblem(file: ServersFile): string {
  assert.equal(file.problems.length, 1, JSON.stringify(file.problems));
  const [problem] = file.problems;
  assert.ok(problem?.at);
  return `${problem.severity} ${problem.at.line}:${problem.at.column} ${problem.message} ${problem.fix}`;
}

describe('what is done about results', () => {
  it('is what a person\'s own file says; a workspace file can only be stricter', () => {
    const of = (output: unknown, origin: 'user' | 'workspace') => {
      const file = parse({ servers: { a: { command: 'x', output } } }, origin);
      return [file.servers[0]?.resultPolicy, file.problems.length] as const;
    };
    assert.deepEqual(of({ injections: 'off', secrets: 'mark' }, 'user'), [{ injections: 'off', secrets: 'mark' }, 0]);
    assert.deepEqual(of({ injections: 'off', secrets: 'mark' }, 'workspace'), [{}, 2]);
    assert.deepEqual(of({ injections: 'block', secrets: 'block' }, 'workspace'), [{ injections: 'block', secrets: 'block' }, 0]);
    assert.equal(of({ injections: 'never' }, 'user')[1], 1);
  });
});

describe('a servers file', () => {
  it('takes the entries of a mcp.json as they are, with comments and trailing commas', () => {
    const file = parse(`// mine
{
  "inputs": [{ "id": "token", "type": "promptString", "description": "Token", "password": true },
             { "id": "env", "type": "pickString", "options": ["a", { "label": "B", "value": "b" }], "default": "a" }],
  "servers": {
    "files": { "command": "npx", "args": ["-y", "pkg", ""], "env": { "A": "x", "PORT": 8080, "GONE": null, "E": "" }, "envFile": "\${workspaceFolder}/.env", "cwd": "\${userHome}", "dev": { "watch": "**" }, "gallery": true, "version": "1.0.0" },
    /* remote */ "git hub": { "type": "http", "url": "https://example.com/mcp", "headers": { "Authorization": "Bearer \${input:token}" }, "oauth": { "clientId": "abc", "enterpriseManaged": true } },
    "old": { "type": "sse", "url": "http://localhost:\${env:PORT}/sse" },
  },
}`);
    assert.deepEqual(file.problems, []);
    assert.deepEqual(names(file), ['files', 'git hub', 'old']);
    const [files, github, old] = file.servers;
    assert.equal(JSON.stringify(files?.transport), JSON.stringify({
      type: 'stdio', command: 'npx', args: ['-y', 'pkg', ''], env: { A: 'x', PORT: '8080', GONE: null, E: '' }, envFile: '${workspaceFolder}/.env', cwd: '${userHome}',
    }));
    assert.equal(JSON.stringify(files?.extra), JSON.stringify({ dev: { watch: '**' }, gallery: true, version: '1.0.0' }));
    assert.deepEqual(files?.at, { file: FILE, line: 6, column: 5 });
    assert.deepEqual(github?.at, { file: FILE, line: 7, column: 18 });
    assert.equal(github.transport.type, 'http');
    assert.equal(old?.transport.type, 'sse');
    assert.deepEqual(file.inputs.get('token'), { id: 'token', type: 'promptString', description: 'Token', default: undefined, password: true, options: [] });
    assert.deepEqual(file.inputs.get('env')?.options, ['a', 'b']);
  });

  it('fills in the defaults of contract §2', () => {
    const [server] = parse({ servers: { a: { url: 'https://x' } } }).servers;
    assert.ok(server);
    const { enabled, lazy, idleStopMinutes, timeoutSeconds, maxTimeoutSeconds, shared, outputLimit, tools } = server;
    assert.deepEqual({ enabled, lazy, idleStopMinutes, timeoutSeconds, maxTimeoutSeconds, shared, outputLimit }, {
      enabled: true, lazy: true, idleStopMinutes: 10, timeoutSeconds: 60, maxTimeoutSeconds: 3600, shared: false, outputLimit: undefined,
    });
    assert.equal(tools.allow, undefined);
    assert.deepEqual(tools.deny, []);
  });

  it('reads every extra of contract §2', () => {
    const file = parse({
      servers: {
        a: {
          command: 'x', enabled: false, lazy: false, idleStopMinutes: 0, timeoutSeconds: 5, maxTimeoutSeconds: 50, shared: true,
          tools: { allow: ['get_*'], deny: ['*_all'], alias: { get_x: 'fetch_x' }, overrides: { get_x: { description: 'd', hide: ['h'], pin: { p: 1 }, defaults: { q: [2] }, tier: 'read' } } },
          limits: { perMinute: 10, concurrent: 2, queue: 5, queueSeconds: 1.5 }, retry: { attempts: 3 }, breaker: {}, cache: { seconds: 60, tools: ['get_*'] }, output: { limit: 5000 }, isolation: { kind: 'container', image: 'node:24-slim' },
          oauth: { clientId: 'c', scopes: ['s'] },
        },
      },
      gateway: { mode: 'direct', topK: 5, responseLimit: 1000, instructions: 'hi', autonomy: 'manual', directThreshold: 900, pinned: ['a:get_*'] },
      profiles: { work: { servers: ['a'], tools: ['get_*'], mode: 'retrieve', pinned: [] } },
    });
    assert.deepEqual(file.problems, []);
    const [server] = file.servers;
    assert.equal(server?.enabled, false);
    assert.equal(server.maxTimeoutSeconds, 50);
    assert.equal(server.outputLimit, 5000);
    assert.equal(server.tools.alias['get_x'], 'fetch_x');
    assert.equal(JSON.stringify(server.tools.overrides['get_x']), JSON.stringify({ description: 'd', hide: ['h'], pin: { p: 1 }, defaults: { q: [2] }, tier: 'read' }));
    assert.deepEqual(Object.keys(server.extra), ['limits', 'retry', 'breaker', 'cache', 'output']);
    assert.deepEqual({ ...server.oauth }, { clientId: 'c', scopes: ['s'] });
    assert.deepEqual(file.gateway.settings, { mode: 'direct', topK: 5, responseLimit: 1000, instructions: 'hi', autonomy: 'manual', directThreshold: 900, pinned: ['a:get_*'] });
    assert.deepEqual({ ...file.profiles }, { work: { servers: ['a'], tools: ['get_*'], mode: 'retrieve', pinned: [] } });
  });

  it('keeps keys such as constructor and __proto__ plain data', () => {
    const file = parse('{"servers":{"constructor":{"command":"x","env":{"__proto__":"1","toString":"2"},"zzz":{"__proto__":{"polluted":true}}}}}');
    const [server] = file.servers;
    assert.equal(server?.name, 'constructor');
    assert.ok(server.transport.type === 'stdio');
    assert.deepEqual(Object.keys(server.transport.env), ['__proto__', 'toString']);
    assert.equal(server.tools.alias['constructor'], undefined);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });

  it('counts an empty file as an empty one', () => {
    for (const text of ['', '  \n', '// nothing yet\n']) assert.deepEqual([parse(text).problems, parse(text).sound], [[], true]);
  });

  it('counts lines and columns from 1, over any line ends and a byte order mark', () => {
    for (const eol of ['\n', '\r\n', '\r']) {
      const file = parse(`\uFEFF{${eol}  "servers": {${eol}    "ä😀": { "command": 1 }${eol}  }${eol}}`);
      assert.match(onlyProblem(file), /^error 3:25 /);
    }
    assert.match(onlyProblem(parse('\uFEFF[]')), /^error 1:1 /);
  });
});

describe('a mistake costs its own server only, and is told with its place and its fix', () => {
  const good = { command: 'good' };
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ['command of a wrong type', { command: 5 }, /error 7:18 "command" must be a text, not a number\. Put it in double quotes: "5"\./],
    ['empty command', { command: '' }, /"command" is empty/],
    ['no command, no url', { enabled: true }, /error 6:5 The server "bad" has neither "command" nor "url"/],
    ['stdio without command', { type: 'stdio' }, /of type "stdio" has no "command"\. Add "command"/],
    ['http without url', { type: 'http' }, /of type "http" has no "url"\. Add "url"/],
    ['both without type', { command: 'x', url: 'https://x' }, /both a "command" and a "url"/],
    ['unsupported type', { type: 'websocket', url: 'https://x' }, /"type" must be one of "stdio", "http", "sse", not "websocket"/],
    ['mistyped type', { type: 'studio', command: 'x' }, /Did you mean "stdio"\?/],
    ['streamable-http', { type: 'streamable-http', url: 'https://x' }, /Write "http"\./],
    ['url that is not http', { url: 'ftp://x/y' }, /"ftp:\/\/x\/y" is not an http or https address/],
    ['url without host', { url: 'http://' }, /not an http or https address/],
    ['javascript url', { url: 'javascript:alert(1)' }, /not an http or https address/],
    ['url with a password', { url: 'https://me:secret@x/' }, /Move it into "headers"/],
    ['args that are no list', { command: 'x', args: '-y pkg' }, /"args" must be a list of texts, not a text/],
    ['a number in args', { command: 'x', args: ['--port', 80] }, /"args"\[1\] must be a text, not a number\. Put it in double quotes: "80"/],
    ['env value of a wrong type', { command: 'x', env: { A: true } }, /must be a text, a number or null, not a boolean/],
    ['env name with =', { command: 'x', env: { 'A=B': 'c' } }, /not a name an environment variable can have/],
    ['header with a line break', { url: 'https://x', headers: { A: 'b\r\nC: d' } }, /holds a line break/],
    ['header name with a space', { url: 'https://x', headers: { 'A B': 'c' } }, /not a name an HTTP header can have/],
    ['an entry that is no object', 'npx -y pkg', /must be an object, not a text/],
    ['enabled as a text', { command: 'x', enabled: 'false' }, /"enabled" must be true or false, not a text/],
    ['timeout out of range', { command: 'x', timeoutSeconds: 0 }, /"timeoutSeconds" must be a number from 0.1 to 86400, not 0/],
    ['maximum below timeout', { command: 'x', timeoutSeconds: 100, maxTimeoutSeconds: 50 }, /"maxTimeoutSeconds" \(50\) is less than/],
    ['half a call a minute', { command: 'x', limits: { perMinute: 0.5 } }, /"perMinute" must be a whole number/],
    ['a time for a second call that is none', { command: 'x', failover: ['b'], hedge: { afterMs: 0 } }, /"afterMs" must be a number from 1 to 60000, not 0/],
    ['a failure that is none', { command: 'x', failover: ['b'], outlier: { on: ['everything'] } }, /"on" may hold "transport"/],
    ['an output limit too small', { command: 'x', output: { limit: 3 } }, /"limit" must be a whole number from 500/],
    ['a regular expression for a glob', { command: 'x', tools: { deny: ['^a|b$'] } }, /is not a glob: only \* and \?/],
    ['a regular expression that backtracks', { command: 'x', tools: { deny: ['/(a)\\1/'] } }, /no regular expression that can be used: back references are not supported/],
    ['a regular expression that is broken', { command: 'x', tools: { allow: ['/(a/'] } }, /a "\(" is not closed/],
    ['a regular expression that is too large', { command: 'x', tools: { allow: ['/(a{50}){50}/'] } }, /the pattern is too large/],
    ['too many regular expressions', { command: 'x', tools: { allow: Array.from({ length: 11 }, (_, i) => `/^a${i}/`) } }, /more than 10 regular expressions/],
    ['an empty glob', { command: 'x', tools: { allow: [''] } }, /An empty glob matches no tool/],
    ['two tools under one alias', { command: 'x', tools: { alias: { a: 'c', b: 'c' } } }, /"a" and "b" have the same alias/],
    ['an unknown tier', { command: 'x', tools: { overrides: { t: { tier: 'safe' } } } }, /"tier" must be one of/],
    ['an unknown variable', { command: 'x', args: ['${workspaceRoot}'] }, /\$\{workspaceRoot\} is not a variable that can be used here/],
    ['an environment variable as shells write it', { command: 'x', env: { A: '${GITHUB_TOKEN}' } }, /Write \$\{env:GITHUB_TOKEN\}/],
    ['a mistyped variable', { command: 'x', cwd: '${workspaceFoldr}' }, /Did you mean \$\{workspaceFolder\}\?/],
    ['a variable of VS Code only', { url: '${config:my.url}' }, /works in VS Code's own files only/],
    ['an input that is not declared', { url: 'https://x', headers: { A: '${input:nope}' } }, /The input "nope" is not declared in this file\. Add \{ "id": "nope"/],
  ];
  for (const [what, bad, expected] of cases) {
    it(what, () => {
      const file = parse({ servers: { good, bad } });
      assert.deepEqual(names(file), ['good']);
      const problem = onlyProblem(file);
      assert.match(problem, expected);
      assert.match(problem, /^error/);
      assert.equal(file.problems[0]?.server, 'bad');
    });
  }

  it('names of servers', () => {
    for (const name of ['', 'a:b', 'x'.repeat(101), '__proto__', 'a\u0000b', 'a\nb', '\ud800']) {
      const file = parse(`{"servers": {"good": {"command": "x"}, ${JSON.stringify(name)}: {"command": "x"}}}`);
      assert.deepEqual(names(file), ['good'], name);
      assert.match(onlyProblem(file), /error 1:40 The server name/);
    }
    for (const name of ['a', 'x'.repeat(100), 'über/server 1', '../x', 'CON']) assert.deepEqual(names(parse({ servers: { [name]: good } })), [name]);
  });

  it('a variable is pointed at inside of its text', () => {
    assert.match(onlyProblem(parse('{"servers": {"a": {"command": "x", "args": ["run ${nope}"]}}}')), /^error 1:50 /);
  });
});

describe('what is suspicious is told, and serves', () => {
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ['an unknown key', { servers: { a: { command: 'x', idelStopMinutes: 5 } } }, /warning 5:7 Unknown key "idelStopMinutes"\. Did you mean "idleStopMinutes"\?/],
    ['a key without the right case', { servers: { a: { command: 'x', timeout_seconds: 5 } } }, /Did you mean "timeoutSeconds"\?/],
    ['an unknown key that is near to none', { servers: { a: { command: 'x', zzzzzz: 5 } } }, /Unknown key "zzzzzz"\. Remove it\. Known keys: type, command/],
    ["another client's key", { servers: { a: { command: 'x', disabled: true } } }, /Unknown key "disabled"\. Write "enabled": false/],
    ['an unknown key of a section', { servers: { a: { command: 'x', tools: { denny: ['b'] } } } }, /Did you mean "deny"\?/],
    ['an unknown top-level key', { servers: { a: { command: 'x' } }, inptus: [] }, /Unknown key "inptus"\. Did you mean "inputs"\?/],
    ['a hedge without stand-ins', { servers: { a: { command: 'x', hedge: { afterMs: 5 } } } }, /warning 5:7 "hedge" does nothing without "failover"/],
    ['an unknown key of a hedge', { servers: { a: { command: 'x', failover: ['b'], hedge: { after: 5 } } } }, /Did you mean "afterMs"\?/],
    ['an unknown key of an outlier', { servers: { a: { command: 'x', failover: ['b'], outlier: { consecutiv: 5 } } } }, /Did you mean "consecutive"\?/],
    ['an unknown key of a cache', { servers: { a: { command: 'x', cache: { resource: ['*'] } } } }, /Did you mean "resources"\?/],
    ['an unknown key of the cache of the gateway', { servers: { a: { command: 'x' } }, gateway: { cache: { store: 'sqlite', uri: 'x' } } }, /Did you mean "url"\?/],
    ['an unknown gateway key', { servers: { a: { command: 'x' } }, gateway: { modes: 'direct' } }, /Did you mean "mode"\?/],
    ['a command line as the command', { servers: { a: { command: 'npx -y pkg' } } }, /looks like a whole command line/],
    ["keys of the other transport", { servers: { a: { type: 'stdio', command: 'x', url: 'https://x' } } }, /"url" has no meaning for a server of type "stdio"/],
    ["VS Code's sandbox, which does not exist here", { servers: { a: { command: 'x', sandboxEnabled: true } } }, /runs without it.*isolation/],
  ];
  for (const [what, content, expected] of cases) {
    it(what, () => {
      const file = parse(content);
      assert.deepEqual(names(file), ['a']);
      assert.match(onlyProblem(file), expected);
      assert.match(onlyProblem(file), /^warning/);
    });
  }

  it('the same server twice: both places, and the last one counts', () => {
    const file = parse('{"servers": {\n  "a": {"command": "one"},\n  "b": {"command": "x"},\n  "a": {"command": "two"}\n}}');
    assert.match(onlyProblem(file), /^warning 4:3 "a" stands twice: also at line 2, column 3\. The last one counts\./);
    const a = file.servers.find((server) => server.name === 'a');
    assert.ok(a?.transport.type === 'stdio');
    assert.equal(a.transport.command, 'two');
  });

  it('a workspace file cannot lower a tier, a person can', () => {
    const content = { servers: { a: { command: 'x', tools: { overrides: { t: { tier: 'read' }, u: { tier: 'destructive' } } } } } };
    const file = parse(content, 'workspace');
    assert.match(onlyProblem(file), /cannot make a tool count as "read"/);
    assert.equal(file.servers[0]?.tools.overrides['t']?.tier, undefined);
    assert.equal(file.servers[0]?.tools.overrides['u']?.tier, 'destructive');
    assert.equal(parse(content).servers[0]?.tools.overrides['t']?.tier, 'read');
  });
});

describe('other shapes of file', () => {
  it("Claude's mcpServers", () => {
    const file = parse({ mcpServers: { a: { command: 'x' } } });
    assert.match(onlyProblem(file), /^error 2:3 "mcpServers" .* Rename it to "servers"/);
    assert.deepEqual(names(file), []);
  });

  it("VS Code's settings", () => {
    assert.match(onlyProblem(parse({ mcp: { servers: {} } })), /Move its "servers" and "inputs" to the top level/);
  });

  it('a mcp.json pasted as one server', () => {
    const file = parse({ servers: { good: { command: 'x' }, servers: { a: { command: 'x' } } } });
    assert.match(onlyProblem(file), /looks like a whole mcp\.json pasted as one server\. Move its entries one level up/);
    assert.deepEqual(names(file), ['good']);
  });

  it('a server outside of servers', () => {
    assert.match(onlyProblem(parse({ github: { url: 'https://x' } })), /"github" looks like a server, but stands outside of "servers"\. Move it/);
  });

  it('servers as a list', () => {
    assert.match(onlyProblem(parse({ servers: [] })), /^error 2:14 "servers" must be an object, not a list/);
  });

  it('a bad input costs the servers that use it', () => {
    const file = parse({ inputs: [{ id: 'k' }], servers: { a: { url: 'https://x', headers: { A: '${input:k}' } }, b: { command: 'x' } } });
    assert.deepEqual(names(file), ['b']);
    assert.deepEqual(file.problems.map((problem) => problem.message), ['This input has no "type".', 'The input "k" is not declared in this file.']);
  });
});

describe('broken syntax', () => {
  it('is told once, with its place', () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ['{\n  "servers": {\n    "a": { "command": "x" }\n    "b": { "command": "y" }\n  }\n}', /^error 4:5 A comma is missing before this/],
      ['{ "servers": { "a": { "command": } } }', /^error 1:34 A value is missing here/],
      ["{ 'servers': {} }", /^error 1:3 /],
      ['{ "servers": {} } }', /^error 1:19 The file goes on after its closing brace/],
      ['{ "servers": {', /^error 1:15 A closing brace/],
      ['{ "a": "x\n" }', /^error 1:8 This text is never closed/],
      ['/* { "servers": {} }', /This comment is never closed/],
    ];
    for (const [text, expected] of cases) {
      const file = parse(text);
      assert.equal(file.sound, false);
      assert.match(onlyProblem(file), expected);
    }
  });

  it('leaves the entries that stand whole before the break', () => {
    const file = parse('{ "inputs": [], "servers": { "a": { "command": "x" }, "b": { "command": "y", }  "c": { "command": "z" } }, "gateway": {"mode": "direct"} }');
    assert.deepEqual(names(file), ['a', 'b']);
    assert.deepEqual(file.gateway.settings, {});
  });

  it('leaves nothing when brackets do not close: entries may stand in the wrong place', () => {
    assert.deepEqual(names(parse('{ "servers": { "a": { "command": "x", "tools": {"deny": ["*"] }, "b": { "command": "y" } } }')), []);
  });

  it('nesting and size are bounded', () => {
    assert.match(onlyProblem(parse('['.repeat(200_000))), /nested deeper than 32 levels/);
    assert.match(onlyProblem(parse(`{"servers":{"a":${'{"x":'.repeat(40)}1${'}'.repeat(42)}`)), /nested deeper/);
    assert.match(onlyProblem(parse(' '.repeat(1_048_577))), /larger than 1 MiB/);
  });

  it('never throws, whatever the text', () => {
    const pieces = fc.constantFrom('{', '}', '[', ']', ',', ':', '"servers"', '"inputs"', '"a"', '"command"', '"url"', '"x', '"', '//', '/*', '*/', '\n', '1', 'null', 'true', '"${input:a}"', '\\', '\uFEFF');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        const file = parse(parts.join(''));
        assert.ok(file.sound || file.problems.length > 0);
        for (const { at } of file.problems) assert.ok(at !== undefined && at.line >= 1 && at.column >= 1);
      }),
      { numRuns: 2_000 },
    );
  });

  it('problems are bounded', () => {
    const servers = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`s${i}`, {}]));
    assert.equal(parse({ servers }).problems.length, 200);
  });
});
