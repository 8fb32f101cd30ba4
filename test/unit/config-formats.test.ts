/* Servers files in TOML and YAML say what they say in JSONC, and mistakes are told with their place. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { stringify as toToml } from 'smol-toml';
import { Scalar, stringify as toYaml } from 'yaml';
import { formatOf } from '../../src/headless/formats/formats.ts';
import { readToml } from '../../src/headless/formats/toml.ts';
import { readYaml } from '../../src/headless/formats/yaml.ts';
import { editServersFile, setServerEnabled } from '../../src/proxy/config/edit.ts';
import { valueOf } from '../../src/proxy/config/jsonc.ts';
import { parseServersFile, type ServersFile } from '../../src/proxy/config/servers-file.ts';
import { createConfigStore } from '../../src/proxy/config/store.ts';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const JSONC = `{
  "inputs": [{ "id": "key", "type": "promptString", "password": true }],
  "servers": {
    "files": { "command": "npx", "args": ["-y", "files@1"], "env": { "LEVEL": "debug", "GONE": null }, "tools": { "deny": ["write_*"], "overrides": { "read.all": { "pin": { "depth": 2 } } } } },
    "my tracker": { "url": "https://example.com/mcp", "headers": { "Authorization": "Bearer \${input:key}" }, "cache": { "seconds": 60, "tools": ["get_*"] } }
  },
  "gateway": { "mode": "direct", "limits": { "perMinute": 60 } },
  "profiles": { "docs": { "servers": ["my*"] } }
}`;
const TOML = `# What I use
[[inputs]]
id = "key"
type = 'promptString'
password = true

[servers.files]
command = "npx" # of Node
args = [
  "-y", # yes
  "files@1",
]
env.LEVEL = """
debug"""
tools.deny = ["write_*"]

[servers.files.tools.overrides."read.all"]
pin = { depth = 2 }

[servers."my tracker"]
url = "https://example.com/mcp"
headers = { Authorization = "Bearer \${input:key}" }
cache = { seconds = 60, tools = ["get_*"] }

[gateway]
mode = "direct"
limits.perMinute = 60

[profiles.docs]
servers = ["my*"]
`;
const YAML = `# What I use
inputs:
  - { id: key, type: promptString, password: true }
servers:
  files:
    command: npx   # of Node
    args: [-y, files@1]
    env:
      LEVEL: debug
      GONE:
    tools:
      deny: &writes
        - write_*
      overrides:
        read.all: { pin: { depth: 2 } }
  my tracker:
    url: https://example.com/mcp
    headers:
      Authorization: Bearer \${input:key}
    cache: { seconds: 60, tools: ["get_*"] }
gateway:
  mode: direct
  limits:
    perMinute: 60
profiles:
  docs:
    servers: [my*]
`;

function meant({ servers, inputs, gateway, profiles, problems, sound }: ServersFile): unknown {
  const said = { servers: servers.map((server) => ({ ...server, at: undefined, file: undefined })), inputs: [...inputs], gateway: gateway.settings, profiles, problems: problems.map(({ message }) => message), sound };
  return JSON.parse(JSON.stringify(said)) as unknown;
}

const told = ({ problems }: ServersFile): string[] => problems.map(({ severity, message, fix, at }) => `${severity} ${at?.line}:${at?.column} ${message} ${fix}`);

describe('TOML and YAML', { timeout: 60_000 }, () => {
  it('say the same as JSONC, comments and all', () => {
    const expected = meant(parseServersFile(JSONC, 'f', 'user'));
    assert.deepEqual(meant(parseServersFile(YAML, 'f', 'user', readYaml)), expected);
    // TOML has no null.
    const without = meant(parseServersFile(JSONC.replace(', "GONE": null', ''), 'f', 'user'));
    assert.deepEqual(meant(parseServersFile(TOML, 'f', 'user', readToml)), without);
    assert.deepEqual(meant(parseServersFile(`\uFEFF${TOML.replaceAll('\n', '\r\n')}`, 'f', 'user', readToml)), without);
    assert.deepEqual((expected as { problems: unknown[] }).problems, []);
  });

  it('hold any values, as they are', () => {
    const name = fc.oneof(fc.constantFrom('a', 'b c', '"', "'", '#', '=', '[x]', '__proto__', 'é\\', '1', 'true', ''), fc.string({ maxLength: 4 }));
    const text = fc.oneof(fc.constantFrom('', '"""', "'''", '# no', 'a\nb', '[', '}', '\\', 'null', '1'), fc.string({ maxLength: 6 }));
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, text, fc.boolean(), fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(name, tie('value'), { maxKeys: 3 })),
    }));
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 4 }), (file) => {
        const plain = JSON.parse(JSON.stringify(file)) as Record<string, unknown>;
        for (const [written, read] of [[toToml(plain), readToml], [toYaml(plain), readYaml]] as const) {
          const { root, broken } = read(written, 'f');
          assert.equal(broken, undefined, written);
          assert.deepEqual(JSON.parse(JSON.stringify(root === undefined ? {} : valueOf(root))), plain, written);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('tell mistakes with line and column, and with their fix', () => {
    const toml = told(parseServersFile('[gateway]\nmodes = "direct"\n\n[servers.a]\ncommand = "x"\ntimeoutSeconds = 0\n\n[servers.b]\n"command" = 5\n', 'f', 'user', readToml));
    assert.match(toml.join('\n'), /^warning 2:1 Unknown key "modes"\. Did you mean "mode"\?$/m);
    assert.match(toml.join('\n'), /^error 6:18 "timeoutSeconds" must be a number from 0\.1 to 86400, not 0\./m);
    assert.match(toml.join('\n'), /^error 9:13 "command" must be a text, not a number\./m);
    const yaml = told(parseServersFile('gateway:\n  modes: direct\nservers:\n  a:\n    command: x\n    timeoutSeconds: 0\n  b:\n    command: 5\n', 'f', 'user', readYaml));
    assert.match(yaml.join('\n'), /^warning 2:3 Unknown key "modes"\. Did you mean "mode"\?$/m);
    assert.match(yaml.join('\n'), /^error 6:21 "timeoutSeconds" must be a number/m);
    assert.match(yaml.join('\n'), /^error 8:14 "command" must be a text, not a number\./m);
    for (const [text, read, place] of [
      ['[servers.a]\ncommand = "x\n', readToml, '2:'],
      ['a = 1\na = 2\n', readToml, '2:'],
      ['servers:\n  a:\n   command: x\n  b: [1\n', readYaml, ''],
      ['servers:\n\ta: 1\n', readYaml, '2:'],
      ['a: *nobody\n', readYaml, '1:4'],
      ['[a]: 1\n', readYaml, '1:1'],
      ['a: 1\n---\nb: 2\n', readYaml, ''],
    ] as const) {
      const { sound, problems } = parseServersFile(text, 'f', 'user', read);
      assert.ok(!sound && problems.length === 1 && problems[0]?.severity === 'error' && problems[0].fix !== '', text);
      assert.ok(`${problems[0].at?.line}:${problems[0].at?.column}`.startsWith(place), `${text} ${problems[0].at?.line}:${problems[0].at?.column}`);
    }
  });

  it('in YAML mean by an alias the latest anchor of its name before it, also where another alias repeats it', () => {
    const { root } = readYaml('a: &x 1\nb: &list [*x, &x 2, *x]\nc: *x\nd: &x 3\ne: *list\nf: *x\n*x : key\n', 'f');
    assert.deepEqual({ ...(root && (valueOf(root) as object)) }, { a: 1, b: [1, 2, 2], c: 2, d: 3, e: [1, 2, 2], f: 3, 3: 'key' });
  });

  it('of many aliases ask each value for its anchor a few times, not once per alias', (context) => {
    let asked = 0;
    const anchors = new WeakMap<object, unknown>();
    Object.defineProperty(Scalar.prototype, 'anchor', {
      configurable: true,
      get(this: object) {
        asked++;
        return anchors.get(this);
      },
      set(this: object, anchor: unknown) {
        anchors.set(this, anchor);
      },
    });
    context.after(() => Reflect.deleteProperty(Scalar.prototype, 'anchor'));
    const aliases = 500;
    const { broken, root } = readYaml(Array.from({ length: aliases }, (_, i) => `- &a${i} x\n- *a${i}\n`).join(''), 'f');
    assert.deepEqual([broken, root?.children?.length], [undefined, 2 * aliases]);
    assert.ok(asked > 0 && asked <= 20 * aliases, `${asked} times`);
  });

  it('are bounded: nesting, aliases of aliases, size', () => {
    const laughs = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]', ...Array.from({ length: 8 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({ length: 10 }, () => `*a${i}`).join(', ')}]`)].join('\n');
    assert.match(readYaml(laughs, 'f').broken?.message ?? '', /more than 100000 values/);
    assert.match(readYaml('a: &a [*a]\n', 'f').broken?.message ?? '', /anchor|nested/);
    for (const [text, read] of [[`${'['.repeat(200)}${']'.repeat(200)}`, readYaml], [`a = ${'['.repeat(200)}${']'.repeat(200)}`, readToml], [`x${'.x'.repeat(200)} = 1`, readToml]] as const) assert.ok(read(text, 'f').broken !== undefined);
    assert.match(readToml(`a = "${'x'.repeat(1_100_000)}"`, 'f').broken?.message ?? '', /larger than 1 MiB/);
  });

  it('are followed while they change, keep their last good state, and are not edited', async () => {
    const folder = tempFolder();
    mkdirSync(folder, { recursive: true });
    const [toml, yaml] = [join(folder, 'a.toml'), join(folder, 'b.YML')];
    writeFileSync(toml, '[servers.a]\ncommand = "x"\n');
    writeFileSync(yaml, 'servers:\n  b:\n    command: y\n');
    const store = await createConfigStore({ userFile: join(folder, 'servers.json'), configFiles: [toml, yaml], formatOf });
    const names = (): string => store.snapshot.upstreams.map(({ name }) => name).join(' ');
    assert.equal(names(), 'a b');
    const changed = async (): Promise<void> => new Promise((resolve) => {
      const subscription = store.onDidChange(() => {
        subscription.dispose();
        resolve();
      });
    });
    const more = changed();
    writeFileSync(toml, '[servers.a]\ncommand = "x"\n[servers.c]\ncommand = "z"\n');
    await more;
    assert.equal(names(), 'a c b');
    const broken = changed();
    writeFileSync(yaml, 'servers:\n  b: [\n');
    await broken;
    assert.equal(names(), 'a c b', 'as it was');
    assert.deepEqual(store.snapshot.problems.map(({ severity, at }) => [severity, at?.file]), [['error', yaml]]);
    store.dispose();
    for (const path of [toml, yaml]) await assert.rejects(editServersFile(path, [setServerEnabled('a', false)]), (error) => VestibuleError.is(error, 'bad-config') && /lose its comments/.test(error.message) && error.at?.file === path);
  });
});
