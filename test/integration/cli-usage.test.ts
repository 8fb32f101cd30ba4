import assert from 'node:assert/strict';
import { join, sep } from 'node:path';
import { describe, it } from 'node:test';
import { defaultDataFolder } from '../../src/headless/places.ts';
import { COMMANDS } from '../../src/headless/program.ts';
import { run } from '../fixtures/cli.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const folder = tempFolder();

describe('the command line', { concurrency: 2 }, () => {
  it('helps with every command, and does nothing else', async () => {
    const overview = await run(['--help']);
    assert.equal(overview.code, 0);
    for (const { name } of COMMANDS) {
      assert.ok(overview.stdout.includes(`  ${name} `), name);
      const help = await run([...name.split(' '), '--help', '--data', join(folder, 'never')]);
      assert.deepEqual([help.code, help.stderr], [0, ''], name);
      assert.match(help.stdout, new RegExp(`^\\S.*\\n\\nUsage: vestibule ${name} \\[options\\]`), name);
      assert.match(help.stdout, /--data DIR .*--workspace DIR /s, name);
    }
    const group = await run(['upstream', '--help']);
    assert.equal(group.code, 0);
    assert.ok(group.stdout.includes('upstream add') && !group.stdout.includes('quarantine'));
    assert.match((await run(['--version'])).stdout, /^\d+\.\d+\.\d+/);
  });

  const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /No command was given\.\n {2}Commands: serve, upstream list,/],
    [['serv'], /There is no command "serv"\. Did you mean "serve"\?/],
    [['windows', 'list'], /There is no command "windows"\.\n {2}Commands: serve,/],
    [['upstream'], /"upstream" needs a second word\.\n {2}Commands: upstream list, /],
    [['upstream', 'lst'], /There is no command "upstream lst"\. Did you mean "upstream list"\?/],
    [['upstream', 'list', '--jsn'], /There is no option --jsn\.\n {2}Did you mean --json\?/],
    [['upstream', 'list', '-j'], /There is no option -j\./],
    [['upstream', 'list', 'all'], /There is no place for "all"/],
    [['upstream', 'list', '--json=yes'], /--json takes no value/],
    [['upstream', 'list', '--data'], /--data needs a value\.\n {2}Write --data DIR\./],
    [['upstream', 'list', '--data', '--json'], /--data needs a value/],
    [['upstream', 'list', '--data', 'a', '--data', 'b'], /--data is given twice/],
    [['upstream', 'list', '--', 'x'], /takes nothing after --/],
    [['upstream', 'list', '--workspace', join(folder, 'nope')], /is not a folder/],
    [['upstream', 'remove'], /--name is missing/],
    [['upstream', 'add'], /either an address or a command/],
    [['upstream', 'add', '--url', 'https://x', '--', 'npx'], /either an address or a command/],
    [['upstream', 'add', 'https://x'], /There is no place for "https:\/\/x"\.\n {2}Put a command after --\./],
    [['upstream', 'add', '--url', 'ftp://x'], /is not an http or https address/],
    [['upstream', 'add', '--name', 'a:b', '--url', 'https://x'], /holds a colon/],
    [['upstream', 'logs', '--name', 'x', '--lines', '0'], /--lines cannot be "0"\.\n {2}Give a whole number from 1 to 5000/],
    [['quarantine', 'approve'], /does not say what to decide on/],
    [['quarantine', 'approve', '--all', '--server', 'x'], /--all stands for every server/],
    [['calls', '--outcome', 'bad'], /--outcome cannot be "bad"\.\n {2}Choose one of ok, tool_error/],
    [['calls', '--since', 'yesterday'], /"yesterday" is not a time/],
  ];
  for (const [args, expected] of mistakes) {
    it(`ends with 2 for: ${args.join(' ').replaceAll(folder + sep, '')}`, async () => {
      const place = args.includes('--data') || args.length < 2 ? [] : ['--data', join(folder, 'data')];
      const end = args.includes('--') ? args.indexOf('--') : args.length;
      const { code, stdout, stderr } = await run([...args.slice(0, end), ...place, ...args.slice(end)]);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.match(stderr, expected);
    });
  }

  it('tells mistakes of serve as JSON lines', async () => {
    for (const args of [['--port', '70000'], ['--mode', 'fast'], ['--consent', 'sometimes'], ['--lockfile', 'yes'], ['--nope']]) {
      const { code, stdout, stderr } = await run(['serve', '--data', join(folder, 'data'), ...args]);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      const line = JSON.parse(stderr) as Record<string, string>;
      assert.deepEqual([line['level'], line['code']], ['error', 'usage']);
      assert.ok(line['message'] !== '' && line['fix'] !== '');
    }
  });
});

describe('the default data folder', () => {
  it('is the user state folder of each platform', () => {
    assert.equal(defaultDataFolder('linux', {}, '/home/me'), '/home/me/.local/state/vestibule');
    assert.equal(defaultDataFolder('linux', { XDG_STATE_HOME: '/state' }, '/home/me'), '/state/vestibule');
    assert.equal(defaultDataFolder('linux', { XDG_STATE_HOME: 'relative' }, '/home/me'), '/home/me/.local/state/vestibule');
    assert.equal(defaultDataFolder('darwin', { XDG_STATE_HOME: '/state' }, '/Users/me'), '/Users/me/Library/Application Support/Vestibule');
    assert.equal(defaultDataFolder('win32', { LOCALAPPDATA: 'C:\\Users\\me\\AppData\\Local' }, 'C:\\Users\\me'), 'C:\\Users\\me\\AppData\\Local\\Vestibule');
    assert.equal(defaultDataFolder('win32', {}, 'C:\\Users\\me'), 'C:\\Users\\me\\AppData\\Local\\Vestibule');
  });
});
