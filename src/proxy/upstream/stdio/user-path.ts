import { execFile, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { userInfo } from 'node:os';
import { win32 } from 'node:path';
import { childEnvironment } from './environment.ts';
import { killGroup } from './process-group.ts';

const SHELL_TIMEOUT_MS = 5_000;
const OUTPUT_LIMIT = 256 * 1024;
const MARK = '__vestibule_path__';

const cached = new Map<string, Promise<string | undefined>>();

/**
 * The PATH that the user has in a terminal. An editor that was started from a dock or a menu has a shorter one.
 * Asked once per process: the login shell on macOS and Linux, the registry on Windows. Undefined when neither
 * answers.
 */
export function userPath(platform: NodeJS.Platform = process.platform): Promise<string | undefined> {
  const shell = platform === 'win32' ? 'registry' : loginShell(platform);
  let path = cached.get(shell);
  if (path === undefined) {
    path = platform === 'win32' ? registryPath() : loginShellPath(shell, SHELL_TIMEOUT_MS);
    cached.set(shell, path);
  }
  return path;
}

/**
 * PATH as an interactive login shell sets it.
 * @param timeoutMs after which the shell is ended: a start-up file may wait for input for ever
 */
export function loginShellPath(shell: string, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    // Start-up files may print anything, so the value stands between marks.
    const child = spawn(shell, ['-ilc', `printf '%s' ${MARK}; printenv PATH; printf '%s' ${MARK}`], {
      env: Object.fromEntries(childEnvironment(process.env, {}, process.platform)),
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    let output = '';
    const finish = (): void => {
      clearTimeout(timer);
      if (child.pid !== undefined) killGroup(child.pid, 'SIGKILL');
      resolve(pathBetweenMarks(output));
    };
    const timer = setTimeout(finish, timeoutMs);
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (output.length <= OUTPUT_LIMIT) output += chunk;
      // What a start-up file left running may keep the pipe open: the second mark is the end.
      if (output.split(MARK).length > 2) finish();
    });
    child.stdout.on('error', () => undefined);
    child.on('error', finish);
    child.on('close', finish);
  });
}

/** The value that the marks enclose, or undefined when the shell did not get that far. */
export function pathBetweenMarks(output: string): string | undefined {
  const value = output.split(MARK)[1]?.trim();
  return value === undefined || value === '' || value.includes('\n') ? undefined : value;
}

async function registryPath(): Promise<string | undefined> {
  const reg = win32.join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'reg.exe');
  const keys = ['HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment', 'HKCU\\Environment'];
  const values = await Promise.all(keys.map((key) => queryRegistry(reg, key)));
  const path = values.map((output) => pathInRegistryOutput(output, process.env)).filter((value) => value !== undefined);
  return path.length === 0 ? undefined : path.join(';');
}

function queryRegistry(reg: string, key: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(reg, ['query', key, '/v', 'Path'], { timeout: SHELL_TIMEOUT_MS, maxBuffer: OUTPUT_LIMIT, windowsHide: true }, (_error, stdout) => resolve(stdout));
  });
}

/** The Path value in what `reg query KEY /v Path` prints, with `%NAME%` expanded. */
export function pathInRegistryOutput(output: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const value = /^\s*Path\s+REG_(?:EXPAND_)?SZ\s+(.+?)\s*$/im.exec(output)?.[1];
  const byName = new Map(Object.entries(env).map(([name, text]) => [name.toUpperCase(), text]));
  return value?.replace(/%([^%]+)%/g, (whole, name: string) => byName.get(name.toUpperCase()) ?? whole);
}

function loginShell(platform: NodeJS.Platform): string {
  const candidates = [process.env['SHELL'], userShell(), platform === 'darwin' ? '/bin/zsh' : '/bin/bash', '/bin/sh'];
  return candidates.find((shell) => shell?.startsWith('/') === true && isExecutable(shell)) ?? '/bin/sh';
}

function userShell(): string | undefined {
  try {
    return userInfo().shell ?? undefined;
  } catch {
    // The user has no entry in the password file (some containers).
    return undefined;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
