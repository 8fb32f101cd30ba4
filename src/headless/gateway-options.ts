import { VestibuleError } from '../proxy/errors.ts';
import type { GatewayOptions } from '../proxy/options.ts';
import { SECRET_KEYS } from '../proxy/variable-scope.ts';
import type { Places } from './places.ts';
import { EnvironmentSecrets, variableFor } from './secrets.ts';
import { VERSION } from './version.ts';

/** Options of every gateway this program makes. Nobody can be asked: inputs come from the environment or are their default. */
export function commonOptions(places: Places) {
  return {
    dataDir: places.data,
    workspaceFolder: places.workspace,
    configFiles: places.configFiles,
    secrets: new EnvironmentSecrets(process.env),
    askInput: (input, server) => {
      if (input.default !== undefined) return Promise.resolve(input.default);
      const action = `Set ${variableFor(SECRET_KEYS.input(input.id))} in the environment of vestibule.`;
      return Promise.reject(new VestibuleError('missing-input', `The server "${server}" needs a value for the input "${input.id}".`, { action }));
    },
    owner: 'local',
    version: VERSION,
  } satisfies Partial<GatewayOptions>;
}
