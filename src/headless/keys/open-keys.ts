import type { OpenKeys } from '../../proxy/sign-ins.ts';
import { KeptSecrets } from './kept-secrets.ts';
import { masterKey, type MasterKey } from './master-key.ts';

/**
 * Opens the keys of a data folder, with what was granted encrypted in it.
 * @param warn told once when the key to it lies beside it, for want of a keychain
 */
export function headlessKeys(dataDir: string, warn: (message: string) => void): OpenKeys {
  return async (options) => {
    let key: Promise<MasterKey> | undefined;
    const keyOnce = (): Promise<MasterKey> => {
      key ??= masterKey(dataDir, process.env).then((found) => {
        if (!found.inKeychain) warn(`This system has no keychain that can be used: what was granted is encrypted in ${dataDir}, and the key lies beside it. Whoever can read your files can read it.`);
        return found;
      });
      return key;
    };
    const { openKeys } = await import('../../oauth/core/keys.ts');
    return openKeys({ ...options, dataDir, secrets: new KeptSecrets(dataDir, keyOnce) });
  };
}
