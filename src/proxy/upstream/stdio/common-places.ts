import { readdirSync } from 'node:fs';
import { posix, win32 } from 'node:path';
import type { Variables } from './environment.ts';

/** Folders where commands usually are although a PATH may not name them, best first. */
export function commonPlaces(platform: NodeJS.Platform, home: string, env: Variables): readonly string[] {
  return platform === 'win32' ? windowsPlaces(home, env) : posixPlaces(platform, home, env);
}

function posixPlaces(platform: NodeJS.Platform, home: string, env: Variables): readonly string[] {
  const own = (...parts: readonly string[]): string => posix.join(home, ...parts);
  const nvm = newestNode(posix.join(env['NVM_DIR'] ?? own('.nvm'), 'versions', 'node'));
  return [
    own('.local', 'bin'),
    ...(platform === 'darwin' ? ['/opt/homebrew/bin', '/opt/local/bin'] : []),
    '/usr/local/bin',
    ...(platform === 'linux' ? ['/home/linuxbrew/.linuxbrew/bin', '/snap/bin'] : []),
    own('.cargo', 'bin'),
    own('.bun', 'bin'),
    own('.deno', 'bin'),
    own('.volta', 'bin'),
    own('.asdf', 'shims'),
    own('.local', 'share', 'mise', 'shims'),
    own('.local', 'share', 'fnm', 'aliases', 'default', 'bin'),
    ...(nvm === undefined ? [] : [posix.join(nvm, 'bin')]),
    own('go', 'bin'),
  ];
}

function windowsPlaces(home: string, env: Variables): readonly string[] {
  const under = (base: string | undefined, ...parts: readonly string[]): readonly string[] => (base === undefined ? [] : [win32.join(base, ...parts)]);
  return [
    win32.join(home, '.local', 'bin'),
    ...under(env['APPDATA'], 'npm'),
    ...under(env['ProgramFiles'], 'nodejs'),
    ...under(env['LOCALAPPDATA'], 'Volta', 'bin'),
    win32.join(home, '.cargo', 'bin'),
    win32.join(home, '.bun', 'bin'),
    win32.join(home, '.deno', 'bin'),
    win32.join(home, 'scoop', 'shims'),
    ...under(env['ProgramData'], 'chocolatey', 'bin'),
  ];
}

/** The folder of the highest version that nvm installed. */
function newestNode(versions: string): string | undefined {
  let names: readonly string[];
  try {
    names = readdirSync(versions);
  } catch {
    return undefined;
  }
  const newest = names
    .map((name) => ({ name, parts: /^v(\d+)\.(\d+)\.(\d+)$/.exec(name)?.slice(1).map(Number) ?? [] }))
    .filter(({ parts }) => parts.length === 3)
    .sort((a, b) => compare(b.parts, a.parts))[0];
  return newest && posix.join(versions, newest.name);
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, part] of a.entries()) {
    const difference = part - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
