/* The fixtures themselves conform: whatever fails through the proxy is the proxy's doing. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startFixture, type FixtureName } from '../fixtures/conformance/start.ts';
import { report } from './report.ts';
import { testServer, testTasks, type Revision } from './suite.ts';

const JOBS: readonly { readonly id: string; readonly fixture: FixtureName; readonly revision: Revision }[] = [
  { id: 'd1', fixture: 'dual-era', revision: '2025-11-25' },
  { id: 'd2', fixture: 'dual-era', revision: '2026-07-28' },
  { id: 'd3', fixture: 'legacy-only', revision: '2025-11-25' },
];

describe('conformance of the fixtures', () => {
  it('d6: tasks conforms to the extension for tasks', async () => {
    const running = await startFixture('tasks');
    try {
      const { exitCode, scenarios, output } = await testTasks(running.url);
      report('d6  tasks, extension for tasks', scenarios, {});
      assert.equal(exitCode, 0, output);
    } finally {
      await running.stop();
    }
  });

  for (const { id, fixture, revision } of JOBS) {
    it(`${id}: ${fixture} conforms to ${revision}`, async () => {
      const running = await startFixture(fixture);
      try {
        const { exitCode, scenarios, output } = await testServer(running.url, revision);
        report(`${id}  ${fixture}, ${revision}`, scenarios, {});
        assert.equal(exitCode, 0, output);
      } finally {
        await running.stop();
      }
    });
  }
});
