import type { OAuthSettings } from '../../proxy/config/types.ts';
import type { Credentials, TurnedAway } from '../../proxy/upstream/keys.ts';
import { parseChallenge, type Challenge } from './challenge.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import { MachineTokens } from './machine-tokens.ts';

const SCHEME = 'Bearer ';

/** Tokens that nobody has to sign in for, got when the server first asks for one. */
export class MachineCredentials implements Credentials {
  readonly #tokens: MachineTokens;
  readonly #known: (secret: string) => void;
  /** What the server asked for last; without, it was never asked and sends without a token are in order. */
  #challenge: Challenge | undefined;

  constructor(server: URL, settings: OAuthSettings, fetch: GuardedFetch, known: (secret: string) => void) {
    this.#tokens = new MachineTokens(server, settings, fetch);
    this.#known = known;
  }

  async authorization(): Promise<string | undefined> {
    if (this.#challenge === undefined) return undefined;
    return this.#field((await this.#tokens.current(this.#challenge)).accessToken);
  }

  async turnedAway({ status, challenge, used }: TurnedAway): Promise<string | undefined> {
    const asked = parseChallenge(challenge);
    if (status === 403 && asked.error !== 'insufficient_scope') return undefined;
    this.#challenge = asked;
    return this.#field((await this.#tokens.replace(used?.slice(SCHEME.length), asked)).accessToken);
  }

  #field(token: string): string {
    this.#known(token);
    return `${SCHEME}${token}`;
  }
}
