/* A client behind the proxy does what the suite wants of a client: the proxy keeps nothing from either side. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { AgentKind } from '../fixtures/conformance/agent.ts';
import { EXPECTED } from './expected.ts';
import { report, type Expected } from './report.ts';
import { testClient, type Revision, type ScenarioResult } from './suite.ts';

const FOLDER = fileURLToPath(new URL('../fixtures/conformance', import.meta.url));

/** What the revisions require of clients beside authorization; the last of each they do not score. */
const SCENARIOS: Readonly<Record<Revision, readonly string[]>> = {
  '2025-11-25': ['initialize', 'tools_call', 'elicitation-sep1034-client-defaults', 'sse-retry', 'json-schema-2020-12-preservation'],
  '2026-07-28': [
    'tools_call',
    'request-metadata',
    'sep-2322-client-request-state',
    'http-standard-headers',
    'http-custom-headers',
    'http-invalid-tool-headers',
    'json-schema-ref-no-deref',
    'json-schema-2020-12-preservation',
  ],
};

interface Job {
  readonly id: string;
  readonly agent: AgentKind;
  readonly way: 'direct' | 'proxy';
  readonly revision: Revision;
  readonly expected: Expected;
}

const JOBS: readonly Job[] = [
  { id: 'd4', agent: 'v1', way: 'direct', revision: '2025-11-25', expected: {} },
  { id: 'd5', agent: 'v2', way: 'direct', revision: '2026-07-28', expected: {} },
  { id: 'c1', agent: 'v1', way: 'proxy', revision: '2025-11-25', expected: EXPECTED.c1 },
  { id: 'c2', agent: 'v2', way: 'proxy', revision: '2026-07-28', expected: EXPECTED.c2 },
  // One side of another era than the other.
  { id: 'c3', agent: 'v2', way: 'proxy', revision: '2025-11-25', expected: EXPECTED.c3 },
  { id: 'c4', agent: 'v1', way: 'proxy', revision: '2026-07-28', expected: EXPECTED.c4 },
];

async function runScenario({ agent, way, revision }: Job, scenario: string): Promise<ScenarioResult> {
  const { exitCode, scenarios, output } = await testClient(['run-client.ts', agent, way], FOLDER, scenario, revision);
  const [result] = scenarios;
  assert.ok(result, output);
  if (exitCode === 0 || result.failures.length + result.warnings.length > 0) return result;
  // All checks passed, but the client saw an error or no end.
  return { ...result, failures: [/^.*Error: .*$|^.*timed out.*$/m.exec(output)?.[0] ?? output] };
}

describe('conformance of clients', () => {
  for (const job of JOBS) {
    const { id, agent, way, revision, expected } = job;
    it(`${id}: ${agent}, ${way}, ${revision}`, async () => {
      const results: ScenarioResult[] = [];
      for (const scenario of SCENARIOS[revision]) results.push(await runScenario(job, scenario));
      report(`${id}  client on ${agent}, ${way === 'proxy' ? 'behind the proxy' : 'direct'}, ${revision}`, results, expected);
    });
  }
});
