import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { UpstreamError } from '../../src/proxy/upstream/failure.ts';
import { answerIdOf } from '../../src/proxy/upstream/stdio/answer-id.ts';
import { childEnvironment, setVariable, variable } from '../../src/proxy/upstream/stdio/environment.ts';
import { findCommand, type CommandSearch } from '../../src/proxy/upstream/stdio/find-command.ts';
import { LineSplitter } from '../../src/proxy/upstream/stdio/line-splitter.ts';
import { loginShellPath, pathBetweenMarks, pathInRegistryOutput } from '../../src/proxy/upstream/stdio/user-path.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const POSIX_ONLY = { skip: process.platform === 'win32' && 'executable bits and shells exist on POSIX only' };

/** What a splitter makes of these chunks. */
function split(chunks: readonly Buffer[], maxBytes: number): { readonly lines: string[]; readonly oversized: number[] } {
  const lines: string[] = [];
  const oversized: number[] = [];
  const splitter = new LineSplitter(maxBytes, (line) => lines.push(line), ({ bytes }) => oversized.push(bytes));
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return { lines, oversized };
}

describe('LineSplitter', () => {
  it('finds the same lines however the bytes are cut', () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replace(/[\r\n]/g, ' '));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (lines, sizes) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''), 'utf8');
        const chunks: Buffer[] = [];
        for (let at = 0, n = 0; at < bytes.length; n++) {
          const size = sizes[n % sizes.length] ?? 1;
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        assert.deepEqual(split(chunks, 1_000).lines, lines);
      }),
    );
  });

  it('takes a line at the cap, skips one over it, and goes on', () => {
    const text = `${'a'.repeat(10)}\n${'b'.repeat(11)}\nshort\n${'c'.repeat(5_000)}\r\nlast`;
    for (const size of [1, 3, 10, 11, 12, 6_000]) {
      const bytes = Buffer.from(text);
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size));
      assert.deepEqual(split(chunks, 10), { lines: ['a'.repeat(10), 'short', 'last'], oversized: [11, 5_001] });
    }
  });

  it('keeps both ends of a skipped line', () => {
    const seen: string[] = [];
    const splitter = new LineSplitter(10_000, () => assert.fail('no line'), ({ head, tail }) => seen.push(head, tail));
    const line = Buffer.from(`HEAD${'x'.repeat(30_000)}TAIL\n`);
    for (let at = 0; at < line.length; at += 7) splitter.push(line.subarray(at, at + 7));
    assert.equal(seen.length, 2);
    assert.ok(seen[0]?.startsWith('HEADxxx') && seen[0].length === 4_096);
    assert.ok(seen[1]?.endsWith('xxxTAIL') && seen[1].length === 4_096);
  });
});

describe('answerIdOf', () => {
  it('reads the id of an answer at either end', () => {
    assert.equal(answerIdOf('{"jsonrpc":"2.0","id":7,"result":{"a":"', ''), 7);
    assert.equal(answerIdOf(' { "id" : 12 , "jsonrpc":"2.0", "error":{', ''), 12);
    assert.equal(answerIdOf('{"result":{"content":[', '"}]},"jsonrpc":"2.0","id":3}'), 3);
    assert.equal(answerIdOf('{"jsonrpc":"2.0","result":{', '},"id":4,"jsonrpc":"2.0"}\n'), 4);
  });

  it('never takes an id from inside a value, nor of a request', () => {
    assert.equal(answerIdOf('{"result":{"id":5,"result":', '{"id":5}}'), undefined);
    assert.equal(answerIdOf('{"jsonrpc":"2.0","id":7,"method":"x","params":{', '},"id":7}'), undefined);
    assert.equal(answerIdOf('{"jsonrpc":"2.0","id":"7","result":{', ''), undefined);
    assert.equal(answerIdOf('{"jsonrpc":"2.0","method":"x","params":{', '"},"id":7}'), undefined);
  });
});

describe('childEnvironment', () => {
  it('lets the allow-list through, and no shell functions', () => {
    const env = childEnvironment({ PATH: '/bin', HOME: '/h', LC_ALL: 'C', AWS_SECRET_ACCESS_KEY: 's', GITHUB_TOKEN: 't', HTTPS_PROXY: 'p', LANG: '() { :; }', TZ: undefined }, { OWN: '1' }, 'linux');
    assert.deepEqual(Object.fromEntries(env), { PATH: '/bin', HOME: '/h', LC_ALL: 'C', OWN: '1' });
  });

  it('compares names without case on Windows', () => {
    const env = childEnvironment({ Path: 'C:\\a', SystemRoot: 'C:\\Windows', ComSpec: 'cmd', secret: 'x', APPDATA: 'r' }, { PATH: 'C:\\b', appdata: null }, 'win32');
    assert.deepEqual(Object.fromEntries(env), { Path: 'C:\\b', SystemRoot: 'C:\\Windows', ComSpec: 'cmd' });
    assert.equal(variable(env, 'SYSTEMROOT', 'win32'), 'C:\\Windows');
    setVariable(env, 'systemroot', undefined, 'win32');
    assert.equal(env.has('SystemRoot'), false);
  });
});

/** A folder with executables of these names. */
function folderWith(...names: readonly string[]): string {
  const folder = tempFolder();
  for (const name of names) {
    const file = join(folder, name);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, '#!/bin/sh\n');
    chmodSync(file, 0o755);
  }
  return folder;
}

function search(changes: Partial<CommandSearch> = {}): CommandSearch {
  return { platform: 'linux', home: '/nonexistent', inherited: {}, userPath: () => Promise.resolve(undefined), ...changes };
}

async function notFound(command: string, env: Map<string, string>, options: CommandSearch): Promise<UpstreamError> {
  const error: unknown = await findCommand(command, env, options).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof UpstreamError);
  assert.equal(error.reason, 'command-not-found');
  return error;
}

describe('findCommand', POSIX_ONLY, () => {
  it('takes the first on the PATH and leaves the PATH alone', async () => {
    const first = folderWith('tool');
    const env = new Map([['PATH', `/nowhere:${first}:${folderWith('tool')}`]]);
    const before = env.get('PATH');
    assert.equal(await findCommand('tool', env, search({ userPath: () => assert.fail('not asked') })), join(first, 'tool'));
    assert.equal(env.get('PATH'), before);
  });

  it("takes it from the terminal's PATH, and gives the child that PATH", async () => {
    const folder = folderWith('my-tool');
    const env = new Map([['PATH', '/usr/bin']]);
    assert.equal(await findCommand('my-tool', env, search({ userPath: () => Promise.resolve(`/usr/bin:${folder}:/extra`) })), join(folder, 'my-tool'));
    assert.equal(env.get('PATH'), `/usr/bin:${folder}:/extra`);
  });

  it('takes it from common places last', async () => {
    const home = folderWith('.local/bin/my-uvx', '.nvm/versions/node/v9.11.0/bin/node', '.nvm/versions/node/v22.1.0/bin/node', '.nvm/versions/node/v22.1.0/bin/my-npx');
    const env = new Map([['PATH', '/usr/sbin']]);
    assert.equal(await findCommand('my-uvx', env, search({ home })), join(home, '.local/bin/my-uvx'));
    assert.equal(env.get('PATH'), `/usr/sbin:${join(home, '.local/bin')}`);
    const other = new Map<string, string>();
    assert.equal(await findCommand('my-npx', other, search({ home })), join(home, '.nvm/versions/node/v22.1.0/bin/my-npx'));
    assert.equal(other.get('PATH'), join(home, '.nvm/versions/node/v22.1.0/bin'));
  });

  it('never looks in the current folder, relative PATH entries or relative names', async () => {
    const folder = folderWith('tool');
    const before = process.cwd();
    process.chdir(folder);
    try {
      for (const path of ['.', '', ':', './:.']) await notFound('tool', new Map([['PATH', path]]), search());
      for (const command of ['./tool', 'bin/../tool', '', ' ']) await notFound(command, new Map([['PATH', folder]]), search());
    } finally {
      process.chdir(before);
    }
  });

  it('skips folders and files that cannot be executed, and says what is wrong with an absolute name', async () => {
    const folder = folderWith('good/tool');
    mkdirSync(join(folder, 'tool'));
    writeFileSync(join(folder, 'plain'), '');
    const env = new Map([['PATH', `${folder}:${join(folder, 'good')}`]]);
    assert.equal(await findCommand('tool', env, search()), join(folder, 'good/tool'));
    assert.deepEqual((await notFound(join(folder, 'plain'), env, search())).evidence, [`${join(folder, 'plain')}: not executable`]);
    assert.deepEqual((await notFound(folder, env, search())).evidence, [`${folder}: not a file`]);
    assert.deepEqual((await notFound('/no/such', env, search())).evidence, ['/no/such: does not exist']);
  });

  it('adds the folder of an absolute command, so that its helpers are found', async () => {
    const folder = folderWith('npx');
    const env = new Map([['PATH', '/usr/bin']]);
    await findCommand(join(folder, 'npx'), env, search());
    assert.equal(env.get('PATH'), `/usr/bin:${folder}`);
  });

  it('names every place it looked at', async () => {
    const { message, evidence } = await notFound('gone', new Map([['PATH', '/usr/bin:/bin']]), search({ home: '/home/me', userPath: () => Promise.resolve('/opt/bin') }));
    assert.match(message, /"gone"/);
    assert.equal(evidence[0], 'PATH: /usr/bin, /bin');
    assert.equal(evidence[1], 'PATH of a terminal: /opt/bin');
    assert.match(evidence[2] ?? '', /\/home\/me\/\.local\/bin, .*\/home\/me\/\.cargo\/bin, \/home\/me\/\.bun\/bin/);
  });
});

describe("the terminal's PATH", () => {
  it('is found between the marks, whatever the shell prints around it', POSIX_ONLY, async () => {
    const folder = tempFolder();
    const shell = join(folder, 'shell');
    writeFileSync(shell, '#!/bin/sh\necho Welcome; PATH=/from/rc:/usr/bin:/bin; export PATH; shift; eval "$1"; echo Bye\n');
    chmodSync(shell, 0o755);
    assert.equal(await loginShellPath(shell, 5_000), '/from/rc:/usr/bin:/bin');
  });

  it('is not waited for longer than the limit, and nothing of the shell stays', POSIX_ONLY, async () => {
    const folder = tempFolder();
    const shell = join(folder, 'shell');
    writeFileSync(shell, '#!/bin/sh\nsleep 60 & sleep 60\n');
    chmodSync(shell, 0o755);
    const start = performance.now();
    assert.equal(await loginShellPath(shell, 200), undefined);
    assert.ok(performance.now() - start < 5_000);
    assert.equal(await loginShellPath(join(folder, 'missing'), 5_000), undefined);
  });

  it('is nothing when the output has no marks or more than one line between them', () => {
    assert.equal(pathBetweenMarks('no marks'), undefined);
    assert.equal(pathBetweenMarks('__vestibule_path__/a:/b\n__vestibule_path__'), '/a:/b');
    assert.equal(pathBetweenMarks('__vestibule_path__\n__vestibule_path__'), undefined);
    assert.equal(pathBetweenMarks('__vestibule_path__/a\n/b\n__vestibule_path__'), undefined);
  });

  it('is read from what reg.exe prints, variables expanded', () => {
    const output = '\r\nHKEY_CURRENT_USER\\Environment\r\n    Path    REG_EXPAND_SZ    %UserProfile%\\bin;C:\\Program Files\\nodejs\\;%NOPE%\\x\r\n\r\n';
    assert.equal(pathInRegistryOutput(output, { USERPROFILE: 'C:\\Users\\me' }), 'C:\\Users\\me\\bin;C:\\Program Files\\nodejs\\;%NOPE%\\x');
    assert.equal(pathInRegistryOutput('ERROR: The system was unable to find the specified registry key or value.', {}), undefined);
  });
});
