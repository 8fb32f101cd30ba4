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
 */
export function createVariableScope(options: GatewayOptions, inputs: () => ReadonlyMap<string, InputDeclaration>): VariableScope {
  const { secrets, askInput } = options;
  return {
    workspaceFolder: options.workspaceFolder,
    userHome: homedir(),
    env: (name) => process.env[name],
    async input(id, server) {
      const stored = await secrets.get(SECRET_KEYS.input(id));
      if (stored !== undefined) return stored;
      const declared = inputs().get(id);
      const answer = declared && (await askInput?.(declared, server));
      if (answer === undefined) {
        throw new VestibuleError('missing-input', `The server "${server}" needs a value for the input "${id}".`, {
          action: 'Restart the server from the Vestibule view and enter the value.',
        });
      }
      await secrets.set(SECRET_KEYS.input(id), answer);
      return answer;
    },
    async secret(name, server) {
      const stored = await secrets.get(SECRET_KEYS.secret(name));
      if (stored !== undefined) return stored;
      throw new VestibuleError('missing-input', `The server "${server}" needs the secret "${name}", which is not stored.`, {
        action: `Store the secret "${name}" first.`,
      });
    },
  };
}
