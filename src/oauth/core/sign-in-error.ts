import { VestibuleError } from '../../proxy/errors.ts';
import type { SignInCode } from '../../proxy/upstream/keys.ts';

/** What `doctor` calls a failure of each step. */
const CODES = {
  'resource metadata': 'sign-in-discovery',
  'server metadata': 'sign-in-discovery',
  registration: 'sign-in-registration',
  authorization: 'sign-in-authorization',
  redirect: 'sign-in-authorization',
  token: 'sign-in-token',
  refresh: 'sign-in-refresh',
  revocation: 'sign-in-token',
} as const satisfies Record<string, SignInCode>;

/** Which part of a sign-in, or of keeping it alive, went wrong. */
export type SignInStep = keyof typeof CODES;

/** Whether this is the name of a step. */
export function isSignInStep(name: unknown): name is SignInStep {
  return typeof name === 'string' && Object.hasOwn(CODES, name);
}

/** What `doctor` calls a failure of this step. */
export function signInCode(step: SignInStep): SignInCode {
  return CODES[step];
}

/** What went wrong there. Stable; for searching and for programs. */
export type SignInProblem =
  | 'unreachable'
  | 'timeout'
  | 'refused-address'
  | 'refused-redirect'
  | 'http-status'
  | 'too-large'
  | 'not-json'
  | 'bad-answer'
  | 'none-found'
  | 'resource-mismatch'
  | 'issuer-mismatch'
  | 'pkce-missing'
  | 'no-client-id'
  | 'registration-refused'
  | 'state-mismatch'
  | 'issuer-missing'
  | 'declined'
  | 'no-editor'
  | 'no-code'
  | 'bad-url'
  | 'cancelled'
  | 'expired'
  | 'busy'
  | 'port-taken'
  | 'grant-refused'
  | 'client-refused';

/** Faults of the way there: what was granted still stands, and trying again may help. */
const TRANSPORT: ReadonlySet<SignInProblem> = new Set(['unreachable', 'timeout', 'http-status']);
/** What an authorization server says in so many words; nothing else ends a grant. */
const REFUSED: ReadonlySet<SignInProblem> = new Set(['grant-refused', 'client-refused']);

/** A sign-in that failed: at which step, why, and what to do. Never holds a token, code, secret or body of an answer. */
export class SignInError extends VestibuleError {
  readonly step: SignInStep;
  readonly problem: SignInProblem;
  /** Read by whoever shows the failure of a connection. */
  readonly code: SignInCode;

  constructor(step: SignInStep, problem: SignInProblem, message: string, options: { readonly action: string; readonly cause?: unknown }) {
    super(isPassing(step, problem) ? 'connection-failed' : 'sign-in-failed', message, options);
    this.step = step;
    this.problem = problem;
    this.code = signInCode(step);
  }

  /** True when the network or the server is at fault for now, and nothing was decided about the sign-in. */
  get passing(): boolean {
    return isPassing(this.step, this.problem);
  }
}

function isPassing(step: SignInStep, problem: SignInProblem): boolean {
  return TRANSPORT.has(problem) || (step === 'refresh' && !REFUSED.has(problem));
}
