import type { Expected } from './report.ts';

const because = (reason: string, ...scenarios: readonly string[]): Expected => Object.fromEntries(scenarios.map((scenario) => [scenario, reason]));

const RESOURCES = 'the relay has no resources/*';
const PROMPTS = 'the relay has no prompts/*';
const COMPLETION = 'the relay has no completion/complete';
const LOGGING = 'the relay has no logging/setLevel and declares no logging';
const BRIDGED = 'what a legacy upstream asks in the middle of a call of a modern agent is refused: such calls are not parked';
const HEADERS = 'nobody checks Mcp-Param-* of an agent against the arguments and x-mcp-header of the tool (400, -32020)';
const LEGACY_FIRST = 'the supervisor tries initialize first, so a server of both eras is spoken to in the old one';

const ALWAYS: Expected = {
  ...because(RESOURCES, 'resources-list', 'resources-read-text', 'resources-read-binary', 'resources-templates-read'),
  ...because(PROMPTS, 'prompts-list', 'prompts-get-simple', 'prompts-get-with-args', 'prompts-get-embedded-resource', 'prompts-get-with-image'),
  ...because(COMPLETION, 'completion-complete'),
};

const LEGACY_AGENT: Expected = {
  ...ALWAYS,
  ...because(RESOURCES, 'resources-subscribe', 'resources-unsubscribe'),
  ...because(LOGGING, 'logging-set-level', 'tools-call-with-logging'),
};

const MODERN_AGENT: Expected = {
  ...ALWAYS,
  ...because(`${RESOURCES}; ${PROMPTS}`, 'caching', 'sep-2164-resource-not-found'),
  ...because(HEADERS, 'http-custom-header-server-validation'),
  ...because(PROMPTS, 'input-required-result-non-tool-request'),
};

/** A legacy upstream asks in the middle of a call; the call would have to be parked for a modern agent. */
const MODERN_AGENT_BRIDGED: Expected = {
  ...MODERN_AGENT,
  ...because(
    BRIDGED,
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
  ),
};

const LEGACY_SERVER_BRIDGED: Expected = because(BRIDGED, 'elicitation-sep1034-client-defaults');

const MODERN_SERVER: Expected = {
  ...because(`${LEGACY_FIRST}; a -32022 to server/discover then leads to initialize, not to a version the server supports`, 'request-metadata'),
  ...because(`${LEGACY_FIRST}; ${RESOURCES}; ${PROMPTS}`, 'http-standard-headers'),
  ...because(`${LEGACY_FIRST}; no Mcp-Param-* is sent to it, and null for an optional argument is refused as invalid`, 'http-custom-headers'),
  ...because(`${LEGACY_FIRST}; tools with an invalid x-mcp-header are not dropped`, 'http-invalid-tool-headers'),
};

/**
 * The scenarios that fail through the proxy, by job, each with what is missing. A job fails when others do, or when one
 * of these has come to pass. `npm run test:conformance -- --all` runs the jobs as if the lists were empty.
 */
export const EXPECTED: Readonly<Record<'s1' | 's2' | 's3' | 's4' | 's5' | 'c1' | 'c2' | 'c3' | 'c4', Expected>> = {
  s1: LEGACY_AGENT,
  s2: MODERN_AGENT,
  s3: LEGACY_AGENT,
  s4: MODERN_AGENT_BRIDGED,
  s5: LEGACY_AGENT,
  c1: {},
  c2: MODERN_SERVER,
  c3: LEGACY_SERVER_BRIDGED,
  c4: { ...MODERN_SERVER, ...because('input_required is not turned into questions to a legacy agent', 'sep-2322-client-request-state') },
};
