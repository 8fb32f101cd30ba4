/** How a client proves itself at a token endpoint. */
export type ClientAuthMethod = 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';

/** Who we are to one issuer. Holds secrets: keep it in the SecretStore, never log it. */
export interface Client {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  /** What was agreed at registration; undefined lets the server's metadata decide. */
  readonly authMethod: ClientAuthMethod | undefined;
  /** PKCS #8 PEM of `private_key_jwt`. */
  readonly privateKey?: string;
  /** JWS algorithm of `privateKey`; ES256 when left out. */
  readonly algorithm?: string;
}

const METHODS: readonly ClientAuthMethod[] = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'];

/** The method of this name, if it is one we speak. */
export function authMethodNamed(name: string | undefined): ClientAuthMethod | undefined {
  return METHODS.find((method) => method === name);
}

/**
 * How to prove ourselves: as agreed, where the server still takes it; else by the best it lists.
 * @param supported what the server lists; undefined means the default of RFC 8414, `client_secret_basic`
 */
export function authMethodFor({ authMethod, clientSecret, privateKey }: Client, supported: readonly string[] | undefined): ClientAuthMethod {
  if (privateKey !== undefined) return 'private_key_jwt';
  if (clientSecret === undefined) return 'none';
  const takes = (method: ClientAuthMethod): boolean => supported?.includes(method) ?? method === 'client_secret_basic';
  if (authMethod !== undefined && (supported === undefined || takes(authMethod))) return authMethod;
  return (['client_secret_basic', 'client_secret_post', 'none'] as const).find(takes) ?? 'client_secret_post';
}
