import { test } from 'node:test';
import path from 'node:path';
import { root } from '../../scripts/lib/exec.mjs';
import { runInHost } from './harness/in-host.ts';
import { bundleForHost } from './harness/bundle.ts';
import { everythingWorkspace } from './harness/workspace.ts';

test('in the extension host', { timeout: 420_000 }, async (t) => {
  const testModule = path.join(root, 'out', 'host', 'index.cjs');
  await bundleForHost('test/editor/host/index.ts', testModule, ['mocha']);
  const results = await runInHost({
    name: 'host',
    extensions: [root],
    testModule,
    // One approved tool would otherwise be listed by itself instead of the menu, which these tests call by name.
    workspace: await everythingWorkspace('host', { mode: 'retrieve' }),
    timeoutMs: 390_000,
  });
  for (const { title, error } of results) {
    await t.test(title, () => {
      if (error !== undefined) throw new Error(error);
    });
  }
});
