import type { ServerEntry } from '../config/edit.ts';
import { isSensitiveKey } from '../redaction/secret-patterns.ts';
import { secretsIn } from '../redaction/find-secrets.ts';
import type { MovedSecret } from './types.ts';
import { isRecord } from '../json/data.ts';

/** An entry whose literal secrets are references, and the secrets. */
export interface WithoutSecrets {
  readonly entry: ServerEntry;
  readonly secrets: readonly MovedSecret[];
}

/** Words that stand before a credential in a header and are none. */
const SCHEME = /^(?:bearer|basic|token|apikey)\s+/i;
const NOT_FOR_NAMES = /[^A-Za-z0-9_.-]+/g;
const QUERY_SECRET = /([?&](?:[\w-]*(?:token|api[_-]?key|secret|password)|key|auth|sig)=)([^&#\s${}]+)/gi;

/**
 * Moves the literal secrets of an entry out of it: values of variables, headers and flags with a telling name,
 * parameters of the address, and whatever looks like a key anywhere. Each becomes `${secret:<server>.<place>}`.
 */
export function moveSecrets(server: string, entry: ServerEntry): WithoutSecrets {
  const mover = new Mover(server);
  const moved: Record<string, unknown> = { ...entry };
  for (const part of ['env', 'headers']) {
    const values = entry[part];
    if (isRecord(values)) moved[part] = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, typeof value === 'string' ? mover.named(`${part}.${key}`, key, value) : value]));
  }
  if (Array.isArray(entry['args'])) moved['args'] = mover.flags(entry['args']);
  if (typeof entry['url'] === 'string') moved['url'] = mover.address(entry['url']);
  return { entry: moved, secrets: mover.secrets };
}

class Mover {
  readonly secrets: MovedSecret[] = [];
  readonly #server: string;

  constructor(server: string) {
    this.#server = server;
  }

  /** The value of a variable or header. */
  named(place: string, key: string, value: string): string {
    if (value === '' || isReference(value)) return value;
    if (!isSensitiveKey(key)) return this.#spans(place, value);
    const scheme = SCHEME.exec(value)?.[0] ?? '';
    return scheme + this.#move(place, value.slice(scheme.length));
  }

  flags(args: readonly unknown[]): unknown[] {
    return args.map((argument, at) => {
      if (typeof argument !== 'string' || isReference(argument)) return argument;
      const place = `args.${at + 1}`;
      const before: unknown = args[at - 1];
      const flag = typeof before === 'string' ? /^--?([A-Za-z][\w-]*)$/.exec(before)?.[1] : undefined;
      if (flag !== undefined && isSensitiveKey(flag) && !argument.startsWith('-')) return this.#move(`args.${flag}`, argument);
      const [whole, start = '', name = '', value = ''] = /^(--?([A-Za-z][\w-]*)=)(.+)$/s.exec(argument) ?? [];
      if (whole !== undefined && isSensitiveKey(name)) return start + this.#move(`args.${name}`, value);
      // mcp-remote and its like take headers as arguments.
      const header = /^([\w-]+):\s*(.+)$/s.exec(argument);
      if (header !== null && isSensitiveKey(header[1] ?? '')) return `${header[1] ?? ''}: ${this.named(place, header[1] ?? '', header[2] ?? '')}`;
      return this.#spans(place, argument);
    });
  }

  address(url: string): string {
    let count = 0;
    const withoutQuery = url.replace(QUERY_SECRET, (_, start: string, value: string) => start + this.#move(`url.${++count}`, value));
    return this.#spans('url', withoutQuery);
  }

  /** Moves what looks like a key whatever it is called. */
  #spans(place: string, value: string): string {
    const spans = secretsIn(value).filter(({ start, end }) => !isReference(value.slice(start, end)));
    let result = '';
    let at = 0;
    spans.forEach(({ start, end }, index) => {
      result += value.slice(at, start) + this.#move(index === 0 ? place : `${place}.${index + 1}`, value.slice(start, end));
      at = end;
    });
    return result + value.slice(at);
  }

  #move(place: string, value: string): string {
    if (value.trim() === '' || isReference(value)) return value;
    const name = `${this.#server}.${place}`.replace(NOT_FOR_NAMES, '-').slice(0, 150);
    this.secrets.push({ name, place, value });
    return `\${secret:${name}}`;
  }
}

/** Whether a text refers to something kept elsewhere already. */
function isReference(value: string): boolean {
  return /\$\{[^}]+\}/.test(value);
}
