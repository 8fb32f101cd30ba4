import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scanLaunch } from '../../src/proxy/scanner/launch.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** Command lines and the packages in them that can be others tomorrow. */
const UNPINNED: readonly (readonly [line: string, ...packages: string[]])[] = [
  ['npx some-server', 'some-server'],
  ['npx -y @scope/server@latest --root /tmp', '@scope/server@latest'],
  ['npx --yes @scope/server', '@scope/server'],
  ['npx -p server@^1.2.0 -p other@1.2.3 run', 'server@^1.2.0'],
  ['npx --package=server run --package x', 'server'],
  ['/usr/local/bin/npx server@1', 'server@1'],
  ['C:\\node\\NPX.CMD -y server', 'server'],
  ['cmd /c npx -y server', 'server'],
  ['npm exec --registry https://r.example server', 'server'],
  ['npm x github:owner/repo', 'github:owner/repo'],
  ['pnpm dlx server', 'server'],
  ['bunx server', 'server'],
  ['uvx mcp-server-git --repository x', 'mcp-server-git'],
  ['uvx --from git+https://github.com/o/r run', 'git+https://github.com/o/r'],
  ['uvx --python 3.12 --with extra server==1.2.3', 'extra'],
  ['uv tool run server>=1.0', 'server>=1.0'],
  ['pipx run server==1.*', 'server==1.*'],
];

const PINNED = [
  'npx -y @scope/server@1.2.3 --name other', 'npx server@2.0.0-beta.1', `npx github:owner/repo#${COMMIT}`, 'npx ./server', 'npx ${input:package}',
  'npx --package=@a/b@1.0.0 b', 'uvx server==1.2.3', 'uvx server@1.2.3', `uvx --from git+https://github.com/o/r@${COMMIT} run`, 'uv run server.py', 'uv tool run --from s==1.0 s',
  'npm run server', 'pnpm start', 'node server.js npx thing', 'python -m server', 'docker run image', 'deno run server.ts', 'yarn start', 'npx', '',
];

describe('what starts', () => {
  for (const [line, ...packages] of UNPINNED) {
    it(`W12 unpinned-package: ${line}`, () => {
      const findings = scanLaunch(line.split(' '));
      assert.deepEqual(findings.map(({ code, severity, excerpt }) => [code, severity, excerpt]), packages.map((spec) => ['unpinned-package', 'warning', spec]));
    });
  }

  it('finds nothing in what names an exact version, a folder, a commit, or fetches nothing', () => {
    for (const line of PINNED) assert.deepEqual(scanLaunch(line.split(' ')), [], line);
    assert.deepEqual(scanLaunch(undefined), []);
  });

  it('looks behind a shell', () => {
    assert.equal(scanLaunch(['sh', '-c', 'npx -y server --port 1']).length, 1);
    assert.equal(scanLaunch(['bash', '-lc', 'uvx server==1.0.0']).length, 0);
  });

  it('shows nothing invisible, and ends on any length', () => {
    assert.match(scanLaunch(['npx', 'ser\u202Ever'])[0]?.why ?? '', /"ser\\u\{202E\}ver" names no exact version/);
    assert.equal(scanLaunch(['npx', ...Array.from({ length: 100_000 }, () => '-y'), 'server']).length, 0);
    assert.ok((scanLaunch(['npx', 'a'.repeat(1_000_000)])[0]?.why.length ?? 0) < 500);
  });
});
