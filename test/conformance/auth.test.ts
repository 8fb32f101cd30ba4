/* The keys conform: the suite's authorization scenarios, with the product's own sign-in and upstream connection as the client. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EXPECTED } from './expected.ts';
import { report } from './report.ts';
import { testClient, type ScenarioResult, type WireRevision } from './suite.ts';

const FOLDER = fileURLToPath(new URL('../fixtures/conformance', import.meta.url));

/** Every scenario of authorization, by the revisions it was written for. */
const BOTH = [
  'metadata-default',
  'metadata-var1',
  'metadata-var2',
  'metadata-var3',
  'basic-cimd',
  'scope-from-www-authenticate',
  'scope-from-scopes-supported',
  'scope-omitted-when-undefined',
  'scope-step-up',
  'scope-retry-limit',
  'token-endpoint-auth-basic',
  'token-endpoint-auth-post',
  'token-endpoint-auth-none',
  'pre-registration',
] as const;

const MODERN = [
  'resource-mismatch',
  'offline-access-scope',
  'offline-access-not-supported',
  'authorization-server-migration',
  'iss-supported',
  'iss-not-advertised',
  'iss-supported-missing',
  'iss-wrong-issuer',
  'iss-unexpected',
  'iss-normalized',
  'metadata-issuer-mismatch',
] as const;

/** Extensions belong to no revision. */
const EXTENSIONS = ['client-credentials-jwt', 'client-credentials-basic', 'enterprise-managed-authorization', 'dpop', 'dpop-nonce', 'wif-jwt-bearer'] as const;

const JOBS: readonly { readonly id: 'a1' | 'a2' | 'a3'; readonly revision: WireRevision; readonly scenarios: readonly string[] }[] = [
  { id: 'a1', revision: '2026-07-28', scenarios: [...BOTH, ...MODERN, ...EXTENSIONS] },
  { id: 'a2', revision: '2025-11-25', scenarios: BOTH },
  { id: 'a3', revision: '2025-03-26', scenarios: ['2025-03-26-oauth-metadata-backcompat', '2025-03-26-oauth-endpoint-fallback'] },
];

async function runScenario(scenario: string, revision: WireRevision): Promise<ScenarioResult> {
  const { exitCode, scenarios, output } = await testClient(['run-oauth-client.ts'], FOLDER, `auth/${scenario}`, revision);
  const [result] = scenarios;
  assert.ok(result, output);
  const named = { ...result, name: scenario };
  if (exitCode === 0 || result.failures.length + result.warnings.length > 0) return named;
  return { ...named, failures: [/^.*Error: .*$|^.*timed out.*$/m.exec(output)?.[0] ?? output] };
}

describe('conformance of the sign-in', () => {
  for (const { id, revision, scenarios } of JOBS) {
    it(`${id}: authorization, ${revision}`, async () => {
      const results: ScenarioResult[] = [];
      for (const scenario of scenarios) results.push(await runScenario(scenario, revision));
      report(`${id}  the sign-in, ${revision}`, results, EXPECTED[id]);
    });
  }
});
