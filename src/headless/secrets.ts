import type { SecretStore } from '../proxy/storage/secret-store.ts';

/**
 * Secrets of a headless run: inputs and secrets come from the environment (`VESTIBULE_INPUT_<ID>`,
 * `VESTIBULE_SECRET_<NAME>`, upper case, other characters as `_`), everything else lives in memory until the process
 * ends. Upstreams never inherit these variables: they get an allow-list.
 */
export class EnvironmentSecrets implements SecretStore {
  readonly persistent = false;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #held = new Map<string, string>();

  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  get(key: string): Promise<string | undefined> {
    return Promise.resolve(this.#held.get(key) ?? this.#environment[variableFor(key)]);
  }

  set(key: string, value: string): Promise<void> {
    this.#held.set(key, value);
    return Promise.resolve();
  }

  delete(key: string): Promise<void> {
    this.#held.delete(key);
    return Promise.resolve();
  }
}

/**
 * The variable that holds the secret of a key such as `input/github-token`: `VESTIBULE_INPUT_GITHUB_TOKEN`. Whoever
 * starts the process names its values for all servers files alike.
 */
export function variableFor(key: string): string {
  const [kind = '', name = ''] = key.split('/');
  return `VESTIBULE_${`${kind}_${decodeURIComponent(name)}`.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`;
}
