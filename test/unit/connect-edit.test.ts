import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClientFile } from '../../src/proxy/clients/client-files.ts';
import { editOf } from '../../src/proxy/connect/edit.ts';
import { entryFor, isMarked, speaksHttp, type Entry } from '../../src/proxy/connect/entries.ts';
import type { ConnectableId, WayIn } from '../../src/proxy/connect/types.ts';
import { VestibuleError } from '../../src/proxy/errors.ts';

const URL = 'http://127.0.0.1:4711/mcp';
const HTTP: WayIn = { kind: 'http', url: URL, token: 'vst_t' };
const BRIDGE: WayIn = { kind: 'bridge', command: '/bin/node', args: ['/d/bridge.cjs'], env: { A: '1' } };
const HEADERS = { Authorization: 'Bearer vst_t' };
const PROGRAM = { command: '/bin/node', args: ['/d/bridge.cjs'], env: { A: '1' } };

/** What each client's documentation wants, over HTTP and by a program. */
const ENTRIES: Readonly<Record<ConnectableId, readonly [http: Entry | undefined, bridge: Entry]>> = {
  'claude-code': [{ type: 'http', url: URL, headers: HEADERS }, { type: 'stdio', ...PROGRAM }],
  'claude-desktop': [undefined, PROGRAM],
  cursor: [{ url: URL, headers: HEADERS }, PROGRAM],
  windsurf: [{ serverUrl: URL, headers: HEADERS }, PROGRAM],
  codex: [{ url: URL, http_headers: HEADERS }, PROGRAM],
  gemini: [{ httpUrl: URL, headers: HEADERS }, PROGRAM],
  'copilot-cli': [{ type: 'http', url: URL, headers: HEADERS, tools: ['*'] }, { type: 'local', ...PROGRAM, tools: ['*'] }],
  cline: [{ type: 'streamableHttp', url: URL, headers: HEADERS, disabled: false }, { ...PROGRAM, disabled: false }],
  roo: [{ type: 'streamable-http', url: URL, headers: HEADERS }, PROGRAM],
  continue: [{ type: 'http', url: URL, headers: HEADERS }, PROGRAM],
  zed: [{ url: URL, headers: HEADERS }, PROGRAM],
};

const JSON_FILE: ClientFile = { path: '/c.json', scope: 'user', format: 'json', member: ['mcpServers'] };
const TOML_FILE: ClientFile = { path: '/c.toml', scope: 'user', format: 'toml', member: ['mcp_servers'] };
const ENTRY: Entry = { url: URL, headers: HEADERS };

/** Parsers make objects without a prototype. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('entries of clients', () => {
  for (const [client, [http, bridge]] of Object.entries(ENTRIES) as [ConnectableId, readonly [Entry | undefined, Entry]][]) {
    it(client, () => {
      assert.deepEqual(entryFor(client, BRIDGE), bridge);
      assert.equal(speaksHttp(client), http !== undefined);
      if (http !== undefined) assert.deepEqual(entryFor(client, HTTP), http);
    });
  }

  it('are told from others by their mark, whatever was added to them', () => {
    assert.ok(isMarked({ ...entryFor('cline', HTTP), autoApprove: ['x'], disabled: true }, URL));
    assert.ok(isMarked(entryFor('zed', BRIDGE), '/d/bridge.cjs'));
    assert.ok(!isMarked({ url: 'http://127.0.0.1:1/mcp' }, URL));
    assert.ok(!isMarked(undefined, URL));
  });
});

describe('a JSON list', () => {
  const { set, get, remove } = editOf(JSON_FILE);

  it('is made where there is none', () => {
    const made = `${JSON.stringify({ mcpServers: { vestibule: ENTRY } }, undefined, 2)}\n`;
    for (const empty of ['', ' \n']) assert.equal(set(empty, JSON_FILE, 'vestibule', ENTRY), made);
    assert.deepEqual(JSON.parse(set('{}', JSON_FILE, 'vestibule', ENTRY)), { mcpServers: { vestibule: ENTRY } });
    assert.equal(get('', JSON_FILE, 'vestibule'), undefined);
  });

  it('keeps comments, other entries, layout, line ends and a byte order mark, and comes back exactly', () => {
    const text = '{\r\n\t// mine\r\n\t"mcpServers": {\r\n\t\t"other": { "command": "x" }, // keep\r\n\t},\r\n\t"theme": "dark"\r\n}\r\n';
    for (const before of [text, `\uFEFF${text}`]) {
      const after = set(before, JSON_FILE, 'vestibule', ENTRY);
      assert.deepEqual(plain(get(after, JSON_FILE, 'vestibule')), ENTRY);
      assert.ok(after.includes('"other": { "command": "x" }, // keep\r\n'), after);
      assert.ok(!/(?<!\r)\n/.test(after));
      assert.equal(remove(after, JSON_FILE, 'vestibule'), before);
    }
  });

  it('replaces an entry of the same name and no other', () => {
    const after = set('{"mcpServers":{"vestibule":{"url":"old"},"b":{"url":"b"}}}', JSON_FILE, 'vestibule', ENTRY);
    assert.deepEqual(JSON.parse(after), { mcpServers: { vestibule: ENTRY, b: { url: 'b' } } });
  });

  it('refuses what it cannot edit, with the place', () => {
    const refused = (text: string, line: number, pattern: RegExp): void => {
      assert.throws(() => set(text, JSON_FILE, 'vestibule', ENTRY), (error: unknown) => VestibuleError.is(error, 'bad-config') && error.at?.line === line && pattern.test(error.message));
    };
    refused('{\n  "mcpServers": {\n', 3, /^\/c\.json cannot be edited/);
    refused('{\n  "mcpServers": []\n}', 2, /"mcpServers" in \/c\.json is not an object/);
    refused('[]', 1, /does not hold an object/);
  });
});

describe('a TOML list', () => {
  const { set, get, remove } = editOf(TOML_FILE);

  it('gets one block at its end, and comes back exactly', () => {
    for (const before of ['', 'model = "gpt-5" # mine\n\n[mcp_servers.other]\ncommand = "x"\n', '[a]\r\nb = 1\r\n', '\uFEFFa = 1\n']) {
      const after = set(before, TOML_FILE, 'vestibule', { url: URL, http_headers: { Authorization: 'Bearer "t"\\' }, args: ['a', 'b'] });
      assert.ok(after.startsWith(before));
      assert.deepEqual(plain(get(after, TOML_FILE, 'vestibule')), { url: URL, http_headers: { Authorization: 'Bearer "t"\\' }, args: ['a', 'b'] });
      assert.equal(remove(after, TOML_FILE, 'vestibule'), before);
    }
  });

  it('replaces its own block, and keeps what was written after it', () => {
    const first = set('a = 1\n', TOML_FILE, 'vestibule', { url: 'old' });
    const second = set(`${first}[later]\nb = 2\n`, TOML_FILE, 'vestibule', { url: URL });
    assert.deepEqual(plain(get(second, TOML_FILE, 'vestibule')), { url: URL });
    assert.equal(second.match(/>>> vestibule/g)?.length, 1);
    assert.equal(remove(second, TOML_FILE, 'vestibule'), 'a = 1\n[later]\nb = 2\n');
  });

  it('refuses what it cannot edit, with the place', () => {
    assert.throws(() => set('a = 1\nb =\n', TOML_FILE, 'vestibule', ENTRY), (error: unknown) => VestibuleError.is(error, 'bad-config') && error.at?.line === 2);
    assert.throws(() => set('[mcp_servers.vestibule]\nurl = "mine"\n', TOML_FILE, 'vestibule', ENTRY), /did not write there/);
    assert.throws(() => set('mcp_servers = { a = { url = "x" } }\n', TOML_FILE, 'vestibule', ENTRY), (error: unknown) => VestibuleError.is(error, 'bad-config'));
  });
});
