/* The proxy conforms wherever what stands behind it does. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fixtureProgram, startFixture, type FixtureName } from '../fixtures/conformance/start.ts';
import { makePlace, serve } from '../fixtures/serve.ts';
import { EXPECTED } from './expected.ts';
import { report } from './report.ts';
import { testServer, testTasks, type Revision } from './suite.ts';

interface Job {
  readonly id: 's1' | 's2' | 's3' | 's4' | 's5' | 's6' | 's7';
  readonly fixture: FixtureName;
  readonly transport: 'http' | 'stdio';
  readonly revision: Revision | 'tasks';
}

const JOBS: readonly Job[] = [
  { id: 's1', fixture: 'dual-era', transport: 'http', revision: '2025-11-25' },
  { id: 's2', fixture: 'dual-era', transport: 'http', revision: '2026-07-28' },
  { id: 's3', fixture: 'legacy-only', transport: 'http', revision: '2025-11-25' },
  { id: 's4', fixture: 'legacy-only', transport: 'http', revision: '2026-07-28' },
  { id: 's5', fixture: 'dual-era', transport: 'stdio', revision: '2025-11-25' },
  { id: 's6', fixture: 'tasks', transport: 'http', revision: 'tasks' },
  { id: 's7', fixture: 'tasks', transport: 'stdio', revision: 'tasks' },
];

/** Starts the upstream and the proxy in front of it; resolves with the proxy's URL and what ends both. */
async function startProxy({ fixture, transport }: Job): Promise<{ url: string; stop(): Promise<void> }> {
  const running = transport === 'http' ? await startFixture(fixture) : undefined;
  const place = await makePlace();
  await place.servers({
    servers: {
      fixture: running === undefined ? { type: 'stdio', command: process.execPath, args: [fixtureProgram(fixture), 'stdio'] } : { type: 'http', url: running.url },
    },
  });
  const proxy = await serve(place, '--mode', 'direct', '--no-prefix', '--approve-all', '--no-auth');
  return {
    url: proxy.url,
    async stop() {
      await proxy.stop();
      await running?.stop();
      await place.dispose();
    },
  };
}

describe('conformance of the proxy', () => {
  for (const job of JOBS) {
    const { id, fixture, transport, revision } = job;
    it(`${id}: in front of ${fixture} over ${transport}, ${revision}`, async () => {
      const proxy = await startProxy(job);
      try {
        const { exitCode, scenarios, output } = await (revision === 'tasks' ? testTasks(proxy.url) : testServer(proxy.url, revision));
        report(`${id}  proxy, ${fixture} over ${transport}, ${revision}`, scenarios, EXPECTED[id]);
        if (Object.keys(EXPECTED[id]).length === 0) assert.equal(exitCode, 0, output);
      } finally {
        await proxy.stop();
      }
    });
  }
});
