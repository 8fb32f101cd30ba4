import type { Expected } from './report.ts';

const because = (reason: string, ...scenarios: readonly string[]): Expected => Object.fromEntries(scenarios.map((scenario) => [scenario, reason]));

const HEADERS = 'nobody checks Mcp-Param-* of an agent against the arguments and x-mcp-header of the tool (400, -32020)';
const LEGACY_FIRST = 'the supervisor tries initialize first, so a server of both eras is spoken to in the old one';

const MODERN_AGENT: Expected = because(HEADERS, 'http-custom-header-server-validation');

/** What a server of the legacy era alone cannot be made to do. */
const BRIDGED: Expected = {
  ...MODERN_AGENT,
  ...because(
    'a server of the legacy era asks by requests, which have no names: nothing to hold the key of an answer against',
    'input-required-result-basic-elicitation',
    // Answers that come before anything was asked.
    'input-required-result-ignore-extra-params',
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
  c3: {},
  c4: MODERN_SERVER,
};
