import type { Expected } from './report.ts';

const because = (reason: string, ...scenarios: readonly string[]): Expected => Object.fromEntries(scenarios.map((scenario) => [scenario, reason]));

/** What a server of the legacy era alone cannot be made to do. */
const BRIDGED: Expected = {
  ...because(
    'a server of the legacy era asks by requests, which have no names: nothing to hold the key of an answer against',
    'input-required-result-basic-elicitation',
    // Answers that come before anything was asked.
    'input-required-result-ignore-extra-params',
  ),
};

/** Extensions that no revision requires and no server asks for without being told to. */
const DRAFTS: Expected = {
  ...because('tokens bound to a key of the client (DPoP) are a draft: they are bearer tokens here', 'dpop', 'dpop-nonce'),
  ...because('identities of cloud workloads (WIF) are a draft: a machine proves itself with its secret or key', 'wif-jwt-bearer'),
};

/**
 * The scenarios that fail through the proxy, by job, each with what is missing. A job fails when others do, or when one
 * of these has come to pass. `npm run test:conformance -- --all` runs the jobs as if the lists were empty.
 */
export const EXPECTED: Readonly<Record<'s1' | 's2' | 's3' | 's4' | 's5' | 's6' | 's7' | 'c1' | 'c2' | 'c3' | 'c4' | 'a1' | 'a2' | 'a3', Expected>> = {
  s1: {},
  s2: {},
  s3: {},
  s4: BRIDGED,
  s5: {},
  s6: {},
  s7: {},
  c1: {},
  c2: {},
  c3: {},
  c4: {},
  a1: DRAFTS,
  a2: {},
  a3: {},
};
