import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import type { ConfigSnapshot, VariableScope } from './config/types.ts';
import { VestibuleError } from './errors.ts';
import type { ServerName } from './model.ts';
import type { GatewayOptions } from './options.ts';

/** Keys under which values are kept in the SecretStore. */
export const SECRET_KEYS = {
  /** @param folder set for an input of a workspace: its values are its own, never those a person gave another file */
  input: (id: string, folder?: string): string => `input/${encodeURIComponent(id)}${folder === undefined ? '' : `/${shortHash(folder)}`}`,
  secret: (name: string): string => `secret/${encodeURIComponent(name)}`,
};

/**
 * What `${…}` refers to in this gateway: the environment, and the SecretStore for inputs and secrets. An input is
 * asked for once and then kept.
 * @param config what the files say now
 * @param secret told of every secret value and whose it is before it is used, so that records and logs are redacted of it
 */
export function createVariableScope(
  options: GatewayOptions,
  config: () => ConfigSnapshot,
  secret: (value: string, server: ServerName) => void = () => undefined,
): VariableScope {
  const { secrets, askInput } = options;
  const folderOf = (server: ServerName): string | undefined =>
    config().upstreams.find(({ name }) => name === server)?.origin === 'workspace' ? options.workspaceFolder : undefined;
  return {
    workspaceFolder: options.workspaceFolder,
    userHome: homedir(),
    env: (name) => process.env[name],
    async input(id, server) {
      const declared = config().inputs.get(id);
      const key = SECRET_KEYS.input(id, folderOf(server));
      // Choices and plain texts are worth reading in a log; what is typed unseen is not.
      const known = (value: string): string => {
        if (declared?.password === true) secret(value, server);
        return value;
      };
      const stored = await secrets.get(key);
      if (stored !== undefined) return known(stored);
      const answer = declared && (await askInput?.(declared, server));
      if (answer === undefined) {
        throw new VestibuleError('missing-input', `The server "${server}" needs a value for the input "${id}".`, {
          action: 'Restart the server from the Vestibule view and enter the value.',
        });
      }
      await secrets.set(key, answer);
      return known(answer);
    },
    async secret(name, server) {
      const stored = await secrets.get(SECRET_KEYS.secret(name));
      if (stored !== undefined) {
        secret(stored, server);
        return stored;
      }
      throw new VestibuleError('missing-input', `The server "${server}" needs the secret "${name}", which is not stored.`, {
        action: `Store the secret "${name}" first.`,
      });
    },
  };
}

function shortHash(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 16);
}
