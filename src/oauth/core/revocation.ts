import { authenticateClient } from './client-authentication.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import { SignInError } from './sign-in-error.ts';
import type { Grant } from './vault.ts';

/**
 * Takes a grant back at its server (RFC 7009), where that offers it: the refresh token, with which access ends too, and
 * the access token.
 * @returns false when the server offers no revocation
 * @throws SignInError of step `revocation`
 */
export async function revoke({ tokens, client, server }: Grant, fetch: GuardedFetch): Promise<boolean> {
  if (server.revocationEndpoint === undefined) return false;
  const given = [['refresh_token', tokens.refreshToken], ['access_token', tokens.accessToken]] as const;
  for (const [hint, token] of given) {
    if (token === undefined) continue;
    const form = new URLSearchParams({ token, token_type_hint: hint });
    const headers = await authenticateClient('revocation', form, client, server);
    const answer = await fetch('revocation', { url: server.revocationEndpoint, method: 'POST', headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' }, body: form.toString() });
    if (!answer.ok) throw new SignInError('revocation', 'http-status', `The authorization server did not take the access back (HTTP ${answer.status}).`, { action: 'End the access on the pages of that server, under connected applications.' });
  }
  return true;
}
