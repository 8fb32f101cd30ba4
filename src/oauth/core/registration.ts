import { authMethodNamed, type Client } from './client.ts';
import { shown, type GuardedFetch } from './guarded-fetch.ts';
import type { AuthorizationServer } from './server-metadata.ts';
import { SignInError } from './sign-in-error.ts';
import { membersOf, textIn } from './untrusted.ts';

const STEP = 'registration';
const CLIENT_NAME = 'Vestibule';

/**
 * Registers this program as a native client (RFC 7591). A registration is no token: it says who we are, and nothing
 * was granted yet.
 * @param scopes what will be asked for
 * @throws SignInError `registration-refused`, `bad-answer`, and what the fetch throws
 */
export async function registerClient(
  server: AuthorizationServer & { readonly registrationEndpoint: string },
  redirectUri: string,
  scopes: readonly string[],
  fetch: GuardedFetch,
  signal: AbortSignal,
): Promise<Client> {
  const listed = server.tokenAuthMethods;
  const method = listed === undefined || listed.includes('none') ? 'none' : (listed.map(authMethodNamed).find((known) => known !== undefined && known !== 'private_key_jwt') ?? 'none');
  const answer = await fetch(
    STEP,
    {
      url: server.registrationEndpoint,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: CLIENT_NAME,
        application_type: 'native',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: method,
        ...(scopes.length > 0 && { scope: scopes.join(' ') }),
      }),
    },
    signal,
  );
  const where = shown(new URL(server.registrationEndpoint));
  if (answer.status >= 500 || answer.status === 429) {
    throw new SignInError(STEP, 'http-status', `${where} answers with HTTP ${answer.status}.`, { action: 'Try again later, or ask the operator of that server.' });
  }
  if (!answer.ok) {
    throw new SignInError(STEP, 'registration-refused', `${where} does not register clients such as this one (HTTP ${answer.status}).`, {
      action: 'Register a client with that server yourself and set its "clientId" under "oauth" of this server.',
    });
  }
  const members = membersOf(answer.json);
  const clientId = textIn(members, 'client_id');
  if (clientId === undefined) {
    throw new SignInError(STEP, 'bad-answer', `${where} answers without a client id.`, { action: 'Register a client with that server yourself and set its "clientId" under "oauth" of this server.' });
  }
  const clientSecret = textIn(members, 'client_secret');
  // A secret we did not ask for counts all the same: the server decides what a client is.
  return { clientId, clientSecret, authMethod: clientSecret === undefined ? 'none' : authMethodNamed(textIn(members, 'token_endpoint_auth_method')) };
}
