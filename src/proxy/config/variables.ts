import { realpath } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve as resolvePath, sep } from 'node:path';
import { VestibuleError } from '../errors.ts';
import { dictionary } from './dictionary.ts';
import { readEnvFile } from './env-file.ts';
import { choosesCode } from './env-names.ts';
import { isolatedArgv } from './isolation.ts';
import { knownVariable, replaceVariables, type VariableUse } from './variable-syntax.ts';
import type { HttpTransport, OAuthSettings, ResolvedTransport, StdioTransport, UpstreamConfig, VariableScope } from './types.ts';

/**
 * Resolves every `${…}` of a transport, its envFile and its working folder, right before a launch. The result holds
 * secrets: spawn or dial with it, never log or store it. Errors name variables, never values.
 *
 * Folders: a relative `cwd`, `envFile` or `command` with a path in it counts from the workspace folder for an entry
 * of the workspace file and from the home folder for a person's own. Without `cwd` a program starts in the home
 * folder, so that a folder's own `npx` or `node` is never picked up (security W11).
 * @throws VestibuleError `unknown-variable`, `missing-input`, `bad-config`, `bad-url`
 */
export async function resolveTransport(config: UpstreamConfig, scope: VariableScope): Promise<ResolvedTransport> {
  const { transport } = config;
  const text = new TextResolver(config, scope);
  return transport.type === 'stdio' ? resolveStdio(config, transport, scope, text) : resolveHttp(config, transport, text);
}

async function resolveStdio(config: UpstreamConfig, transport: StdioTransport, scope: VariableScope, text: TextResolver): Promise<ResolvedTransport> {
  const base = baseFolder(config, scope);
  const command = await text.resolve(transport.command);
  if (command === '') throw badConfig(config, 'Its "command" is empty once its variables are replaced.', 'Check the variables in "command".');
  const args: string[] = [];
  // One after the other: a person is asked for one input at a time.
  for (const arg of transport.args) args.push(await text.resolve(arg));
  const env = transport.envFile === undefined ? dictionary<string | null>() : await envOfFile(config, transport.envFile, base, scope, text);
  // What starts an isolated server is not isolated itself, and what a file says nobody approved.
  const outside = transport.isolation && Object.keys(env).find((name) => choosesCode(name) && transport.env[name] === undefined);
  if (outside !== undefined) throw badConfig(config, `Its "envFile" sets ${outside}, which decides what is started outside its isolation.`, 'Write it into "env", where approving the launch shows its value.');
  for (const [name, value] of Object.entries(transport.env)) env[name] = value === null ? null : await text.resolve(value, 'empty-when-unset');
  if ([command, ...args, ...Object.values(env)].some((value) => value?.includes('\0') === true)) {
    throw badConfig(config, 'A variable in it stands for a text with a NUL character.', 'Check the inputs and secrets it uses.');
  }
  const cwd = await workingFolder(config, transport, base, scope, text);
  const { isolation } = transport;
  if (isolation === undefined) return { type: 'stdio', command: locateCommand(command, base), args, env, cwd };
  const mounts: string[] = [];
  for (const mount of isolation.mounts) {
    const written = await text.resolve(mount);
    await realFolder(config, written, 'mounts', scope);
    // As it was written: the arguments of the program say so too.
    mounts.push(written);
  }
  const envNames = Object.entries(env).flatMap(([name, value]) => (value === null ? [] : [name]));
  // In a container, a path is one of the image's.
  const own = isolation.kind === 'container' ? command : locateCommand(command, base);
  const [starts, ...rest] = isolatedArgv({ command: own, args, isolation: { ...isolation, mounts }, cwd: transport.cwd === undefined ? undefined : cwd, envNames, home: scope.userHome, platform: process.platform });
  return { type: 'stdio', command: starts, args: rest, env, cwd };
}

async function resolveHttp(config: UpstreamConfig, transport: HttpTransport, text: TextResolver): Promise<ResolvedTransport> {
  const url = await text.resolve(transport.url);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !['http:', 'https:'].includes(parsed.protocol) || parsed.username !== '' || parsed.password !== '') {
    throw new VestibuleError('bad-url', `The address of the server "${config.name}" is not a plain http or https address once its variables are replaced.`, {
      action: 'Check "url" and the values of its variables; user names and passwords belong into "headers".',
      at: config.at,
    });
  }
  const headers = dictionary<string>();
  for (const [name, value] of Object.entries(transport.headers)) {
    const resolved = await text.resolve(value);
    if (/[\r\n\0]/.test(resolved)) throw badConfig(config, `The value of its header "${name}" holds a line break.`, 'Store the secret or input again without a line break.');
    headers[name] = resolved;
  }
  return { type: transport.type, url, headers, ...(config.oauth !== undefined && { oauth: await resolveOAuth(config.oauth, text) }) };
}

async function resolveOAuth(oauth: OAuthSettings, text: TextResolver): Promise<OAuthSettings> {
  const resolved: Record<string, unknown> = { ...oauth };
  for (const key of ['clientId', 'clientSecret', 'issuer', 'clientMetadataUrl', 'privateKey'] as const) {
    const value = oauth[key];
    if (value !== undefined) resolved[key] = await text.resolve(value);
  }
  if (oauth.enterprise !== undefined) {
    const { tokenEndpoint, clientId, idToken } = oauth.enterprise;
    resolved['enterprise'] = { tokenEndpoint: await text.resolve(tokenEndpoint), clientId: await text.resolve(clientId), idToken: await text.resolve(idToken) };
  }
  return resolved;
}

/** Replaces variables on behalf of one server. */
class TextResolver {
  readonly #config: UpstreamConfig;
  readonly #scope: VariableScope;

  constructor(config: UpstreamConfig, scope: VariableScope) {
    this.#config = config;
    this.#scope = scope;
  }

  /**
   * @param unset what an unset `${env:…}` means: in `env` it is empty, as in VS Code, since passing on a variable
   *   that may be missing is common; elsewhere it would quietly change a command or an address, so it is an error
   */
  resolve(text: string, unset: 'error' | 'empty-when-unset' = 'error'): Promise<string> {
    return replaceVariables(text, (use) => this.#value(use, unset));
  }

  async #value(use: VariableUse, unset: 'error' | 'empty-when-unset'): Promise<string> {
    const known = knownVariable(use);
    if ('message' in known) throw this.#unknown(known.message, known.fix);
    switch (known.kind) {
      case 'workspaceFolder':
        return this.#workspaceFolder(use);
      case 'workspaceFolderBasename':
        return basename(this.#workspaceFolder(use));
      case 'userHome':
        return this.#scope.userHome;
      case 'pathSeparator':
      case '/':
        return sep;
      case 'input':
        return this.#scope.input(known.argument, this.#config.name);
      case 'secret':
        return this.#scope.secret(known.argument, this.#config.name);
      case 'env': {
        const value = this.#scope.env(known.argument);
        if (value !== undefined) return value;
        if (unset === 'empty-when-unset') return '';
        throw this.#unknown(`The environment variable ${known.argument} is not set.`, `Set ${known.argument} before Vestibule starts, or use an input: \${input:ID}.`);
      }
    }
  }

  #workspaceFolder(use: VariableUse): string {
    const folder = this.#scope.workspaceFolder;
    if (folder === undefined) throw this.#unknown(`${use.text} has no value: no workspace folder is open.`, 'Open a folder, or write the path itself.');
    return folder;
  }

  #unknown(message: string, action: string): VestibuleError {
    return new VestibuleError('unknown-variable', `The server "${this.#config.name}" cannot start: ${message}`, { action, at: this.#config.at });
  }
}

/** What relative paths of an entry count from; never the folder a program happens to start in. */
function baseFolder(config: UpstreamConfig, scope: VariableScope): string {
  return config.origin === 'workspace' ? (scope.workspaceFolder ?? scope.userHome) : scope.userHome;
}

/** A bare name stays one, to be looked up in PATH at launch; anything with a folder in it becomes absolute. */
function locateCommand(command: string, base: string): string {
  const hasFolder = command.includes('/') || (sep === '\\' && command.includes('\\'));
  return hasFolder && !isAbsolute(command) ? join(base, command) : command;
}

async function workingFolder(config: UpstreamConfig, transport: StdioTransport, base: string, scope: VariableScope, text: TextResolver): Promise<string> {
  if (transport.cwd === undefined) return scope.userHome;
  return realFolder(config, resolvePath(base, await text.resolve(transport.cwd)), 'cwd', scope);
}

/** A path that reads as one inside the workspace folder must not be a link out of it: that is not what was approved (W9). */
async function realFolder(config: UpstreamConfig, written: string, key: 'cwd' | 'mounts', { workspaceFolder: root }: VariableScope): Promise<string> {
  if (config.origin === 'user' || root === undefined || !isInside(root, written)) return written;
  const real = await realPathOf(config, written, key);
  if (isInside(await realPathOf(config, root, key), real)) return real;
  throw badConfig(config, `Its "${key}" ${key === 'cwd' ? 'is' : 'holds'} a link that leads out of the workspace folder.`, 'Use a folder that is really inside the workspace.');
}

async function envOfFile(config: UpstreamConfig, written: string, base: string, scope: VariableScope, text: TextResolver): Promise<Record<string, string | null>> {
  const path = await realPathOf(config, resolvePath(base, await text.resolve(written)), 'envFile');
  if (config.origin === 'workspace') {
    const root = scope.workspaceFolder;
    if (root === undefined || !isInside(await realPathOf(config, root, 'envFile'), path)) {
      throw badConfig(config, 'Its "envFile" is not inside the workspace folder.', 'Use a file in the workspace folder, or declare the server in your own servers file.');
    }
  }
  return dictionary<string | null>(await readEnvFile(path, config.at));
}

async function realPathOf(config: UpstreamConfig, path: string, key: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    throw new VestibuleError('bad-config', `The server "${config.name}" cannot start: its "${key}" names a path that does not exist.`, {
      action: `Create it, or correct "${key}".`,
      at: config.at,
      cause,
    });
  }
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`));
}

function badConfig(config: UpstreamConfig, why: string, action: string): VestibuleError {
  return new VestibuleError('bad-config', `The server "${config.name}" cannot start: ${why}`, { action, at: config.at });
}
