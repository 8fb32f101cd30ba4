import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const APP = fileURLToPath(new URL('../../docs/patterns/embedded-library/app.mjs', import.meta.url));
const LIBRARY = new URL('../../src/library/library.ts', import.meta.url).href;
/** The package as the sources have it; that it is so once packed and installed is test/integration/library.test.ts. */
const RESOLVE = `import { registerHooks } from 'node:module'; registerHooks({ resolve: (name, context, next) => (name === 'vestibule' ? { url: ${JSON.stringify(LIBRARY)}, shortCircuit: true } : next(name, context)) });`;

interface Told {
  readonly all: readonly string[];
  readonly reader: readonly string[];
  readonly staging: unknown;
  readonly production: unknown;
}

describe('pattern: embedded library', { timeout: 240_000 }, () => {
  it('runs inside the application, which decides', async () => {
    const data = await mkdtemp(join(tmpdir(), 'vestibule-embedded-'));
    try {
      const app = spawn(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(RESOLVE)}`, APP, data], { stdio: ['ignore', 'pipe', 'pipe'] });
      const [stdout, stderr, [code]] = await Promise.all([text(app.stdout), text(app.stderr), once(app, 'exit') as Promise<[number | null]>]);
      assert.equal(code, 0, stderr);
      const { all, reader, staging, production } = JSON.parse(stdout) as Told;
      assert.deepEqual(all.filter((name) => name !== 'read_cache'), ['deploy_list_builds', 'deploy_deploy']);
      assert.deepEqual(reader.filter((name) => name !== 'read_cache'), ['deploy_list_builds']);
      assert.match(JSON.stringify(staging), /\\"environment\\":\\"staging\\"/);
      assert.match(JSON.stringify(production), /consent_declined/);
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });
});
