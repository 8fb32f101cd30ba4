import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, posix, resolve, win32 } from 'node:path';
import { usage, type Arguments } from './args.ts';

/** Folders and files a command works on; all paths absolute. */
export interface Places {
  readonly data: string;
  readonly workspace: string;
  /** The person's own servers file. */
  readonly userFile: string;
  readonly workspaceFile: string;
  /** Files given with `--config`. */
  readonly configFiles: readonly string[];
}

/**
 * The places an invocation names, with their defaults.
 * @throws VestibuleError `usage` when the workspace is no folder
 */
export function placesOf(args: Arguments): Places {
  const data = resolve(args.text('data') ?? defaultDataFolder(process.platform, process.env, homedir()));
  const workspace = resolve(args.text('workspace') ?? process.cwd());
  if (statSync(workspace, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw usage(`The workspace ${workspace} is not a folder.`, 'Give an existing folder with --workspace.');
  }
  return {
    data,
    workspace,
    userFile: join(data, 'servers.json'),
    workspaceFile: join(workspace, '.vscode', 'vestibule.json'),
    configFiles: args.texts('config').map((path) => resolve(path)),
  };
}

/**
 * Where state is kept without `--data`: `$XDG_STATE_HOME/vestibule` or `~/.local/state/vestibule`,
 * `~/Library/Application Support/Vestibule` on macOS, `%LOCALAPPDATA%\Vestibule` on Windows.
 */
export function defaultDataFolder(platform: NodeJS.Platform, env: NodeJS.ProcessEnv, home: string): string {
  if (platform === 'win32') return win32.join(env['LOCALAPPDATA'] ?? win32.join(home, 'AppData', 'Local'), 'Vestibule');
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support', 'Vestibule');
  const stateHome = env['XDG_STATE_HOME'];
  // The specification says to ignore relative paths.
  return posix.join(stateHome?.startsWith('/') === true ? stateHome : posix.join(home, '.local', 'state'), 'vestibule');
}
