import { VestibuleError } from '../proxy/errors.ts';
import type { GatewayOptions } from '../proxy/options.ts';
import { SECRET_KEYS } from '../proxy/variable-scope.ts';
import { formatOf } from './formats/formats.ts';
import { knownVariable, replaceVariables } from '../proxy/config/variable-syntax.ts';
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
    openIntrospection: async (settings) => (await import('./jwt/introspection.ts')).createIntrospection({ settings, secret: () => secretIn(settings.clientSecret) }),
    openJwt: async (settings, warning) => (await import('./jwt/verifier.ts')).openJwt(settings, warning),
    openCacheStore: async (settings) => (await import('./cache/open-store.ts')).openCacheStore(places.data, settings, process.env),
    owner: 'local',
    version: VERSION,
  } satisfies Partial<GatewayOptions>;
}

/** What a text with `${env:NAME}` and `${secret:NAME}` stands for. @throws Error that names the variable */
function secretIn(text: string): Promise<string> {
  return replaceVariables(text, (use) => {
    const known = knownVariable(use);
    if ('message' in known || (known.kind !== 'env' && known.kind !== 'secret')) return Promise.reject(new Error(`${use.text} stands for nothing here`));
    const name = known.kind === 'env' ? known.argument : variableFor(SECRET_KEYS.secret(known.argument));
    const value = process.env[name];
    return value === undefined ? Promise.reject(new Error(`${name} is not set in the environment of vestibule`)) : Promise.resolve(value);
  });
}
