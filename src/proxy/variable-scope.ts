import { homedir } from 'node:os';
import type { InputDeclaration, VariableScope } from './config/types.ts';
import { VestibuleError } from './errors.ts';
import type { GatewayOptions } from './options.ts';

/** Keys under which values are kept in the SecretStore. */
export const SECRET_KEYS = {
  input: (id: string): string => `input/${id}`,
  secret: (name: string): string => `secret/${name}`,
};

/**
 * What `${…}` refers to in this gateway: the environment, and the SecretStore for inputs and secrets. An input is
 * asked for once and then kept.
 * @param inputs the declarations as the files have them now
 * @param secret told of every secret value before it is used, so that records and logs are redacted of it
 */
export function createVariableScope(
  options: GatewayOptions,
  inputs: () => ReadonlyMap<string, InputDeclaration>,
  secret: (value: string) => void = () => undefined,
): VariableScope {
  const { secrets, askInput } = options;
  return {
    workspaceFolder: options.workspaceFolder,
    userHome: homedir(),
    env: (name) => process.env[name],
    async input(id, server) {
      const declared = inputs().get(id);
      // Choices and plain texts are worth reading in a log; what is typed unseen is not.
      const known = (value: string): string => {
        if (declared?.password === true) secret(value);
        return value;
      };
      const stored = await secrets.get(SECRET_KEYS.input(id));
      if (stored !== undefined) return known(stored);
      const answer = declared && (await askInput?.(declared, server));
      if (answer === undefined) {
        throw new VestibuleError('missing-input', `The server "${server}" needs a value for the input "${id}".`, {
          action: 'Restart the server from the Vestibule view and enter the value.',
        });
      }
      await secrets.set(SECRET_KEYS.input(id), answer);
      return known(answer);
    },
    async secret(name, server) {
      const stored = await secrets.get(SECRET_KEYS.secret(name));
      if (stored !== undefined) {
        secret(stored);
        return stored;
      }
      throw new VestibuleError('missing-input', `The server "${server}" needs the secret "${name}", which is not stored.`, {
        action: `Store the secret "${name}" first.`,
      });
    },
  };
}
