import { accessSync, constants, statSync } from 'node:fs';
import { posix, win32 } from 'node:path';
import { excerpt, UpstreamError } from '../failure.ts';
import { commonPlaces } from './common-places.ts';
import { setVariable, variable, type Variables } from './environment.ts';

const DEFAULT_EXTENSIONS = '.COM;.EXE;.BAT;.CMD';

/** Where commands are looked for. The parts of the system are parameters, so that every platform can be tested on one. */
export interface CommandSearch {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  /** Our own environment. */
  readonly inherited: Variables;
  /** The PATH of the user's terminal; asked only when the command is not on the PATH at hand. */
  userPath(): Promise<string | undefined>;
}

/**
 * Resolves a command to an absolute file and repairs the PATH in `env` so that the file's own helpers (`npx` needs
 * `node`) are found too. Relative names are never resolved: a folder someone opened must not decide what runs
 * (security W11).
 * @param env the child's environment; its PATH may be extended
 * @throws UpstreamError `command-not-found` with where it was looked for
 */
export async function findCommand(command: string, env: Map<string, string>, search: CommandSearch): Promise<string> {
  const { platform } = search;
  const paths = pathsOf(platform);
  const extensions = platform === 'win32' ? extensionsOf(command, env) : [''];
  const path = foldersOf(variable(env, 'PATH', platform), platform);

  if (paths.isAbsolute(command)) {
    const file = executable(command, extensions);
    if (file === undefined) throw notFound(command, [`${command}: ${whyNot(command)}`], 'Correct the "command" of this server.');
    extendPath(env, [paths.dirname(file)], platform);
    return file;
  }
  if (command.trim() === '' || command.includes('/') || (platform === 'win32' && /[\\:]/.test(command))) {
    throw notFound(command, ['Relative paths are not looked up in any folder.'], 'Write the absolute path, or start it with ${workspaceFolder} or ${userHome}.');
  }

  const onPath = firstIn(path, command, extensions, platform);
  if (onPath !== undefined) return onPath;
  const terminalPath = foldersOf(await search.userPath(), platform);
  const inTerminal = firstIn(terminalPath, command, extensions, platform);
  if (inTerminal !== undefined) {
    extendPath(env, terminalPath, platform);
    return inTerminal;
  }
  const places = commonPlaces(platform, search.home, search.inherited);
  const inPlace = firstIn(places, command, extensions, platform);
  if (inPlace !== undefined) {
    extendPath(env, [paths.dirname(inPlace), ...terminalPath], platform);
    return inPlace;
  }
  throw notFound(
    command,
    [
      `PATH: ${listed(path)}`,
      `PATH of a terminal: ${terminalPath.length === 0 ? '(could not be read)' : listed(terminalPath)}`,
      `Common places: ${listed(places)}`,
    ],
    `Install "${excerpt(command, 100)}", or write its absolute path as the "command" of this server.`,
  );
}

function firstIn(folders: readonly string[], command: string, extensions: readonly string[], platform: NodeJS.Platform): string | undefined {
  for (const folder of folders) {
    const file = executable(pathsOf(platform).join(folder, command), extensions);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** The first of `file` + extension that can be run. */
function executable(file: string, extensions: readonly string[]): string | undefined {
  return extensions.map((extension) => file + extension).find(isRunnable);
}

function isRunnable(file: string): boolean {
  try {
    if (!statSync(file).isFile()) return false;
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function whyNot(file: string): string {
  try {
    return statSync(file).isFile() ? 'not executable' : 'not a file';
  } catch {
    return 'does not exist';
  }
}

function extensionsOf(command: string, env: ReadonlyMap<string, string>): readonly string[] {
  const list = (variable(env, 'PATHEXT', 'win32') ?? DEFAULT_EXTENSIONS).split(';').filter((extension) => extension.startsWith('.'));
  // npm puts a shell script `npx` beside `npx.cmd`: a name counts as it is only where its own extension can be run.
  const own = win32.extname(command).toUpperCase();
  return list.some((extension) => extension.toUpperCase() === own) ? ['', ...list] : list;
}

/** The absolute folders of a PATH, each once. Relative ones would mean the folder the process happens to be in. */
function foldersOf(path: string | undefined, platform: NodeJS.Platform): readonly string[] {
  const paths = pathsOf(platform);
  const folders = (path ?? '').split(paths.delimiter).map((folder) => folder.replace(/^"(.*)"$/, '$1'));
  return [...new Set(folders.filter((folder) => paths.isAbsolute(folder)))];
}

/** Appends the folders that the PATH in `env` lacks; what it has keeps its order. */
function extendPath(env: Map<string, string>, added: readonly string[], platform: NodeJS.Platform): void {
  const current = variable(env, 'PATH', platform) ?? '';
  const present = new Set(foldersOf(current, platform));
  const missing = [...new Set(added)].filter((folder) => !present.has(folder));
  if (missing.length === 0) return;
  setVariable(env, 'PATH', [...(current === '' ? [] : [current]), ...missing].join(pathsOf(platform).delimiter), platform);
}

function pathsOf(platform: NodeJS.Platform): typeof posix {
  return platform === 'win32' ? win32 : posix;
}

function listed(folders: readonly string[]): string {
  return folders.length === 0 ? '(empty)' : folders.join(', ');
}

function notFound(command: string, evidence: readonly string[], action: string): UpstreamError {
  return new UpstreamError('command-not-found', `The command "${excerpt(command, 200)}" was not found.`, { action, evidence });
}
