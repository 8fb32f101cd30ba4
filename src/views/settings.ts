import * as vscode from 'vscode';
import type { MenuMode } from '../proxy/config/types.ts';
import type { ConsentMode } from '../proxy/consent/types.ts';
import { OFFICIAL_REGISTRY } from '../proxy/registry/client.ts';
import { Setting } from './ids.ts';

export interface Settings {
  /** Who is asked before a call. */
  readonly consent: ConsentMode;
  /** Undefined: the servers files decide. */
  readonly mode: MenuMode | undefined;
  /** 0: the port this workspace used last, or any. */
  readonly port: number;
  /** What a lock file of the workspace counts for. */
  readonly lockfile: 'ask' | 'always' | 'off';
}

/** Reads the settings as they are now; a value outside its range counts as the default. */
export function readSettings(): Settings {
  const configuration = vscode.workspace.getConfiguration();
  const mode = configuration.get<unknown>(Setting.mode);
  const port = configuration.get<unknown>(Setting.port);
  const consent = configuration.get<unknown>(Setting.consent);
  const lockfile = configuration.get<unknown>(Setting.lockfile);
  return {
    consent: consent === 'ask' || consent === 'client' ? consent : 'first-use',
    lockfile: lockfile === 'always' || lockfile === 'off' ? lockfile : 'ask',
    mode: mode === 'adaptive' || mode === 'retrieve' || mode === 'direct' ? mode : undefined,
    port: typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65536 ? port : 0,
  };
}

/** The address of the registry that is browsed. */
export function registryBase(): string {
  const base = vscode.workspace.getConfiguration().get<unknown>(Setting.registry);
  return typeof base === 'string' && base.trim() !== '' ? base.trim() : OFFICIAL_REGISTRY;
}

/** Calls back when a setting that shapes the gateway changes. */
export function onDidChangeSettings(run: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (Object.values(Setting).some((id) => id !== Setting.registry && event.affectsConfiguration(id))) run();
  });
}
