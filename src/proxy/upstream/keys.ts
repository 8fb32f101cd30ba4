import type { ResolvedTransport, UpstreamConfig } from '../config/types.ts';
import type { VestibuleError } from '../errors.ts';
import type { Disposable, Event } from '../events.ts';

/** The step of a sign-in that failed, as `doctor` calls it (docs/doctor.md). */
export type SignInCode = 'sign-in-discovery' | 'sign-in-registration' | 'sign-in-authorization' | 'sign-in-token' | 'sign-in-refresh' | 'sign-in-ended';

const SIGN_IN_CODES: ReadonlySet<unknown> = new Set<SignInCode>(['sign-in-discovery', 'sign-in-registration', 'sign-in-authorization', 'sign-in-token', 'sign-in-refresh', 'sign-in-ended']);

/** The step at which a token could not be got, where an error says so; it may be of another bundle. */
export function signInCodeOf(error: VestibuleError): SignInCode | undefined {
  return 'code' in error && SIGN_IN_CODES.has(error.code) ? (error.code as SignInCode) : undefined;
}

/** Why a server has to be signed in to, where more is known than that it asks for it. Never holds a secret. */
export interface SignInProblem {
  readonly code: SignInCode | 'access-denied';
  readonly message: string;
  readonly action: string;
}

/** A request that a server turned away for want of (another) access token: it was not carried out (RFC 9110 §15.5.2). */
export interface TurnedAway {
  readonly status: number;
  /** Its `WWW-Authenticate` field; untrusted. */
  readonly challenge: string | undefined;
  /** The `Authorization` field that was sent. */
  readonly used: string | undefined;
}

/** What requests to one HTTP upstream carry as `Authorization`. They go to the origin of its URL and nowhere else. */
export interface Credentials {
  /**
   * The field to send now, renewed first when that is due; undefined while nobody signed in.
   * @throws VestibuleError `connection-failed` when it cannot be renewed for now, `sign-in-failed`
   */
  authorization(): Promise<string | undefined>;
  /**
   * A field to send the same request once more with; undefined when a person has to sign in.
   * @throws VestibuleError as `authorization`
   */
  turnedAway(answer: TurnedAway): Promise<string | undefined>;
}

/** Access tokens of HTTP upstreams (the door of src/oauth). */
export interface UpstreamKeys extends Disposable {
  /** For one connection; undefined where the entry brings its own key. */
  credentialsFor(config: UpstreamConfig, transport: Extract<ResolvedTransport, { readonly url: string }>): Credentials | undefined;
  /** Why this server has to be signed in to, where more is known than that it asks for it. */
  problemOf(config: UpstreamConfig): SignInProblem | undefined;
  /** Somebody signed in to a server, switched its account or signed out, here or in another process. */
  readonly onDidChange: Event<{ readonly uses: (config: UpstreamConfig) => boolean }>;
}
