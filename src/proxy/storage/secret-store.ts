/**
 * Where secrets live: VS Code's SecretStorage in the editor, an OS keychain or encrypted file headless.
 * Values never leave it but into the request or process environment they were stored for.
 */
export interface SecretStore {
  /** False when what is stored is gone after a restart (a desktop without a keyring); shown to the person. */
  readonly persistent: boolean;
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
}
