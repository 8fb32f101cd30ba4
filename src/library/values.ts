import { EnvironmentSecrets, variableFor } from '../headless/secrets.ts';
import { SECRET_KEYS } from '../proxy/variable-scope.ts';
import type { SecretStore } from '../proxy/storage/secret-store.ts';

type Values = Readonly<Record<string, string>>;

/** Values that a program gives for `${input:…}` and `${secret:…}`; the environment has what it does not give. */
export class GivenValues implements SecretStore {
  readonly persistent = false;
  readonly #given: ReadonlyMap<string, string>;
  readonly #environment: EnvironmentSecrets;

  constructor(inputs: Values, secrets: Values, environment: NodeJS.ProcessEnv) {
    this.#given = new Map([
      ...Object.entries(inputs).map(([id, value]) => [variableFor(SECRET_KEYS.input(id)), value] as const),
      ...Object.entries(secrets).map(([name, value]) => [variableFor(SECRET_KEYS.secret(name)), value] as const),
    ]);
    this.#environment = new EnvironmentSecrets(environment);
  }

  get(key: string): Promise<string | undefined> {
    const given = this.#given.get(variableFor(key));
    return given === undefined ? this.#environment.get(key) : Promise.resolve(given);
  }

  set(key: string, value: string): Promise<void> {
    return this.#environment.set(key, value);
  }

  delete(key: string): Promise<void> {
    return this.#environment.delete(key);
  }
}
