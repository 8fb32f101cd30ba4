/* The entry of dist/oauth.cjs: what the editor loads with the first server that may need a sign-in. */
import { openKeys as open, type KeysOptions, type OAuthKeys } from '../core/keys.ts';
import { editorSessions } from './editor-sessions.ts';

export { loopbackWay } from '../core/redirect.ts';

/** Opens keys that can also use the accounts of this editor. @throws as `openKeys` of the core */
export function openKeys(options: Omit<KeysOptions, 'editorSessions'>): Promise<OAuthKeys> {
  return open({ ...options, editorSessions });
}
