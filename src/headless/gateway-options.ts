import { VestibuleError } from '../proxy/errors.ts';
import type { GatewayOptions } from '../proxy/options.ts';
import { SECRET_KEYS } from '../proxy/variable-scope.ts';
import { formatOf } from './formats/formats.ts';
import { headlessKeys } from './keys/open-keys.ts';
import type { Places } from './places.ts';
import { printNote } from './print.ts';
import { EnvironmentSecrets, variableFor } from './secrets.ts';
import { VERSION } from './version.ts';

/**
 * Options of every gateway this program makes. Nobody can be asked: inputs come from the environment or are their default.
 * @param warn told what a person should know of how keys are kept
 */
export function commonOptions(places: Pick<Places, 'data' | 'configFiles'> & { readonly workspace?: string }, warn: (message: string) => void = printNote) {
  return {
    dataDir: places.data,
    ...(places.workspace !== undefined && { workspaceFolder: places.workspace }),
    configFiles: places.configFiles,
    formatOf,
    secrets: new EnvironmentSecrets(process.env),
    openKeys: headlessKeys(places.data, warn),
    askInput: (input, server) => {
      if (input.default !== undefined) return Promise.resolve(input.default);
      const action = `Set ${variableFor(SECRET_KEYS.input(input.id))} in the environment of vestibule.`;
      return Promise.reject(new VestibuleError('missing-input', `The server "${server}" needs a value for the input "${input.id}".`, { action }));
    },
    openJwt: async (settings, warning) => (await import('./jwt/verifier.ts')).openJwt(settings, warning),
    openCacheStore: async (settings) => (await import('./cache/open-store.ts')).openCacheStore(places.data, settings, process.env),
    owner: 'local',
    version: VERSION,
  } satisfies Partial<GatewayOptions>;
}
