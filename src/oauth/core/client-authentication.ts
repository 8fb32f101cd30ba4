import { randomUUID } from 'node:crypto';
import { importPKCS8, SignJWT } from 'jose';
import { authMethodFor, type Client } from './client.ts';
import type { AuthorizationServer } from './server-metadata.ts';
import { SignInError, type SignInStep } from './sign-in-error.ts';

const ASSERTION_SECONDS = 300;

/** Adds what proves the client to a request for tokens (RFC 6749 §2.3, RFC 7523 §2.2). @returns header fields to send */
export async function authenticateClient(step: SignInStep, form: URLSearchParams, client: Client, server: AuthorizationServer): Promise<Readonly<Record<string, string>>> {
  const method = authMethodFor(client, server.tokenAuthMethods);
  switch (method) {
    case 'client_secret_basic':
      return { authorization: `Basic ${Buffer.from(`${formEncoded(client.clientId)}:${formEncoded(client.clientSecret ?? '')}`).toString('base64')}` };
    case 'client_secret_post':
      form.set('client_id', client.clientId);
      form.set('client_secret', client.clientSecret ?? '');
      return {};
    case 'private_key_jwt':
      form.set('client_id', client.clientId);
      form.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
      form.set('client_assertion', await clientAssertion(step, client, server.issuer));
      return {};
    case 'none':
      form.set('client_id', client.clientId);
      return {};
  }
}

async function clientAssertion(step: SignInStep, { clientId, privateKey = '', algorithm = 'ES256' }: Client, issuer: string): Promise<string> {
  try {
    const key = await importPKCS8(privateKey, algorithm);
    return await new SignJWT()
      .setProtectedHeader({ alg: algorithm })
      .setIssuer(clientId)
      .setSubject(clientId)
      // The issuer, not the endpoint: a token endpoint that lies about itself cannot use it elsewhere.
      .setAudience(issuer)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime(`${ASSERTION_SECONDS} s`)
      .sign(key);
  } catch (cause) {
    throw new SignInError(step, 'client-refused', `The private key cannot sign with ${algorithm}.`, {
      action: 'Store a PKCS #8 private key in PEM format under the name that "privateKey" refers to, and name its "algorithm".',
      cause,
    });
  }
}

/** `application/x-www-form-urlencoded`, as RFC 6749 §2.3.1 wants it for both halves of a Basic credential. */
function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}
