import type { Expected } from './report.ts';

const because = (reason: string, ...scenarios: readonly string[]): Expected => Object.fromEntries(scenarios.map((scenario) => [scenario, reason]));

const MATCHED = 'a modern agent is served over a legacy connection: a question of the server does not become input_required';
const HEADERS = 'nobody checks Mcp-Param-* of an agent against the arguments and x-mcp-header of the tool (400, -32020)';
const LEGACY_FIRST = 'the supervisor tries initialize first, so a server of both eras is spoken to in the old one';

const MODERN_AGENT: Expected = because(HEADERS, 'http-custom-header-server-validation');

/** What a server of the legacy era alone cannot be made to do. */
const BRIDGED: Expected = {
  ...MODERN_AGENT,
  ...because(
    MATCHED,
    // Without sampling declared, the call has to be refused with -32021 and 400.
    'server-stateless',
    'input-required-result-basic-elicitation',
    'input-required-result-basic-sampling',
    'input-required-result-basic-list-roots',
    'input-required-result-request-state',
    'input-required-result-multiple-input-requests',
    'input-required-result-multi-round',
    'input-required-result-missing-input-response',
    'input-required-result-result-type',
    'input-required-result-tampered-state',
    'input-required-result-capability-check',
    'input-required-result-validate-input',
    'input-required-result-non-tool-request',
  ),
};

const MODERN_SERVER: Expected = {
  ...because(`${LEGACY_FIRST}; a -32022 to server/discover then leads to initialize, not to a version the server supports`, 'request-metadata'),
  ...because(LEGACY_FIRST, 'http-standard-headers'),
  ...because(`${LEGACY_FIRST}; no Mcp-Param-* is sent to it, and null for an optional argument is refused as invalid`, 'http-custom-headers'),
  ...because(`${LEGACY_FIRST}; tools with an invalid x-mcp-header are not dropped`, 'http-invalid-tool-headers'),
};

/**
 * The scenarios that fail through the proxy, by job, each with what is missing. A job fails when others do, or when one
 * of these has come to pass. `npm run test:conformance -- --all` runs the jobs as if the lists were empty.
 */
export const EXPECTED: Readonly<Record<'s1' | 's2' | 's3' | 's4' | 's5' | 'c1' | 'c2' | 'c3' | 'c4', Expected>> = {
  s1: {},
  s2: MODERN_AGENT,
  s3: {},
  s4: BRIDGED,
  s5: {},
  c1: {},
  c2: MODERN_SERVER,
  c3: because(MATCHED, 'elicitation-sep1034-client-defaults'),
  c4: { ...MODERN_SERVER, ...because('input_required is not turned into questions to a legacy agent', 'sep-2322-client-request-state') },
};
