import { posix, win32 } from 'node:path';
import { recordOf } from '../../json/data.ts';
import type { ReadyOffer } from '../types.ts';
import { Asked, onlyOurs, UnusableError } from '../values.ts';

type Fields = Readonly<Record<string, unknown>>;

const MAX_WORDS = 64;
const MAX_TEXT = 4_096;
const REFERENCE = /\$\{([^}]*)\}/g;
const CONFIG = 'user_config.';

/** What a manifest is read for. */
export interface ManifestPlace {
  /** The name of the server: inputs are called after it. */
  readonly server: string;
  /** Where the bundle is unpacked, absolute. */
  readonly folder: string;
  readonly platform: NodeJS.Platform;
}

/**
 * The launch that the manifest of a bundle describes (`manifest.json`, MCPB 0.1 to 0.4) as an entry of a servers file: exactly what
 * will be started, with what a person gives as inputs.
 * @returns the entry, its inputs, and the program inside the bundle that must be executable, if it is one
 * @throws UnusableError when it cannot be used on this machine or reaches for anything but itself and what it asks for
 */
export function readManifest(manifest: unknown, place: ManifestPlace): Pick<ReadyOffer, 'entry' | 'inputs'> & { readonly program: string | undefined } {
  const { server, compatibility, user_config: config } = recordOf(manifest);
  const { platforms } = recordOf(compatibility);
  if (Array.isArray(platforms) && !platforms.includes(place.platform)) throw new UnusableError(`it is for ${platforms.filter((one) => typeof one === 'string').join(', ').slice(0, 100)} only`);
  const launch = launchOf(recordOf(server), place.platform);
  const reader = new Reader(recordOf(config), place);
  const [command] = reader.words([launch.command]);
  if (command === undefined || command === '') throw new UnusableError('its manifest names no program');
  const args = reader.words(launch.args);
  const env = Object.fromEntries(Object.entries(launch.env).flatMap(([name, value]) => reader.words([value]).slice(0, 1).map((text) => [name, text])));
  const entry = { type: 'stdio', command, ...(args.length > 0 && { args }), ...(Object.keys(env).length > 0 && { env }) };
  return { entry, inputs: reader.asked.inputs, program: command.startsWith(place.folder) ? command : undefined };
}

interface Launch {
  readonly command: unknown;
  readonly args: readonly unknown[];
  readonly env: Fields;
}

function launchOf({ type, entry_point: start, mcp_config: config }: Fields, platform: NodeJS.Platform): Launch {
  const { command, args, env, platform_overrides: overrides } = recordOf(config);
  const own = recordOf(recordOf(overrides)[platform]);
  const named = own['command'] ?? command;
  if (named !== undefined) {
    const words = own['args'] ?? args;
    return { command: named, args: Array.isArray(words) ? words.slice(0, MAX_WORDS) : [], env: { ...recordOf(env), ...recordOf(own['env']) } };
  }
  if (typeof start !== 'string') throw new UnusableError('its manifest names no program');
  const script = `\${__dirname}/${start}`;
  const words: Readonly<Record<string, readonly [string, ...string[]]>> = {
    node: ['node', script],
    python: ['python', script],
    uv: ['uv', 'run', '--directory', '${__dirname}', start],
    binary: [script],
  };
  const known = typeof type === 'string' && Object.hasOwn(words, type) ? words[type] : undefined;
  if (known === undefined) throw new UnusableError('its kind of server is not known here');
  const [program, ...rest] = known;
  return { command: program, args: rest, env: {} };
}

/** Puts values in the place of references, and asks for those that a person has to give. */
class Reader {
  readonly asked: Asked;
  readonly #config: Fields;
  readonly #folder: string;
  readonly #separator: string;

  constructor(config: Fields, { folder, platform, server }: ManifestPlace) {
    this.asked = new Asked(server);
    this.#config = config;
    this.#folder = folder;
    this.#separator = platform === 'win32' ? win32.sep : posix.sep;
  }

  /** Words of a command line; one that stands for nothing a person has to give is left out, one for several becomes several. */
  words(list: readonly unknown[]): string[] {
    return list.flatMap((word) => {
      if (typeof word !== 'string' || word.length > MAX_TEXT) throw new UnusableError('its manifest has a value that is no text');
      const key = new RegExp(`^\\$\\{${CONFIG.replace('.', '\\.')}([^}]+)\\}$`).exec(word)?.[1];
      return (key === undefined ? [this.#text(word)] : this.#values(key)).map(onlyOurs);
    });
  }

  #text(word: string): string {
    return word.replace(REFERENCE, (_, name: string) => {
      if (name.startsWith(CONFIG)) return this.#values(name.slice(CONFIG.length)).join(',');
      const known = this.#known(name);
      if (known === undefined) throw new UnusableError('it refers to variables of your machine, which a bundle must not');
      return known;
    });
  }

  #known(name: string): string | undefined {
    switch (name) {
      case '__dirname':
        return this.#folder;
      case 'HOME':
        return '${userHome}';
      case 'DESKTOP':
      case 'DOCUMENTS':
      case 'DOWNLOADS':
        return `\${userHome}${this.#separator}${name.charAt(0)}${name.slice(1).toLowerCase()}`;
      case 'pathSeparator':
      case '/':
        return this.#separator;
      default:
        return undefined;
    }
  }

  /** What a setting of the bundle stands for: asked for, its default, or nothing. */
  #values(key: string): string[] {
    const setting = recordOf(Object.hasOwn(this.#config, key) ? this.#config[key] : undefined);
    const { default: preset, description, required, sensitive, title, type } = setting;
    const presets = (Array.isArray(preset) ? preset.slice(0, MAX_WORDS) : [preset]).flatMap((value) => (['string', 'number', 'boolean'].includes(typeof value) ? [this.#plain(String(value))] : []));
    if (required !== true && sensitive !== true) return presets;
    if (required !== true) return [];
    const [usual] = presets;
    const asks = [title, description, ...(usual?.includes('${') === true ? [`usually ${usual.replaceAll('${userHome}', '~')}`] : [])].filter((text) => typeof text === 'string').join(': ').slice(0, MAX_TEXT);
    const value = this.asked.valueOf(key, {
      isRequired: true,
      isSecret: sensitive === true,
      ...(asks !== '' && { description: asks }),
      // What is offered as a default is not looked at for variables.
      ...(usual !== undefined && !usual.includes('${') && { default: usual }),
      ...(type === 'boolean' && { choices: ['true', 'false'] }),
    });
    return value === undefined ? [] : [value];
  }

  /** A default may refer to folders of the person, to no setting. */
  #plain(value: string): string {
    return value.replace(REFERENCE, (_, name: string) => {
      const known = this.#known(name);
      if (known === undefined) throw new UnusableError('a default of it refers to variables of your machine');
      return known;
    });
  }
}
