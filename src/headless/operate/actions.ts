import type { Gateway } from '../../proxy/gateway.ts';
import type { ServerName } from '../../proxy/model.ts';

/** What operating needs of a gateway. Nothing that approves, grants or allows is among it. */
export type Operated = Pick<Gateway, 'snapshot' | 'pause' | 'restart' | 'reload'>;

/** A request that cannot be done as it is; its message is constant. */
export class BadRequest extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

type Action = (body: string) => Promise<void>;

/** What an operator can have done. It may stop things; lifting a pause is a person's, and nothing here approves anything. */
export class Actions {
  readonly #gateway: Operated;
  readonly #log: (level: 'info', message: string) => void;
  readonly #actions: ReadonlyMap<string, Action>;

  constructor(gateway: Operated, log: (level: 'info', message: string) => void) {
    this.#gateway = gateway;
    this.#log = log;
    this.#actions = new Map<string, Action>([
      ['/pause', (body) => this.#pause(fieldsOf(body, ['server', 'cancel']))],
      ['/restart', (body) => this.#restart(fieldsOf(body, ['server']))],
      ['/reload', (body) => (fieldsOf(body, []), this.#reload())],
    ]);
  }

  /** The action at a path; undefined when there is none. */
  named(path: string): Action | undefined {
    return this.#actions.get(path);
  }

  async #pause(fields: Fields): Promise<void> {
    const server = this.#serverIn(fields);
    const cancel = fields.get('cancel') ?? false;
    if (typeof cancel !== 'boolean') throw new BadRequest(400, '"cancel" is true or false');
    this.#note('pause', server);
    await this.#gateway.pause(server === undefined ? {} : { server }, { cancel });
  }

  async #restart(fields: Fields): Promise<void> {
    const server = this.#serverIn(fields);
    if (server === undefined) throw new BadRequest(400, '"server" is missing');
    this.#note('restart', server);
    await this.#gateway.restart(server);
  }

  async #reload(): Promise<void> {
    this.#note('reload');
    await this.#gateway.reload();
  }

  /** Undefined where none is named. */
  #serverIn(fields: Fields): ServerName | undefined {
    const server = fields.get('server');
    if (server === undefined) return undefined;
    if (typeof server !== 'string' || !this.#gateway.snapshot().upstreams.some(({ name }) => name === server)) throw new BadRequest(404, 'There is no such server');
    return server;
  }

  #note(action: string, server?: ServerName): void {
    this.#log('info', `operator: ${action}${server === undefined ? '' : ` ${JSON.stringify(server)}`}`);
  }
}

type Fields = ReadonlyMap<string, unknown>;

/** The members of a body, which may be empty; others than these are a mistake. */
function fieldsOf(body: string, known: readonly string[]): Fields {
  let value: unknown;
  try {
    value = body.trim() === '' ? {} : JSON.parse(body);
  } catch {
    throw new BadRequest(400, 'The body is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadRequest(400, 'The body is no object');
  const fields = new Map<string, unknown>(Object.entries(value));
  if ([...fields.keys()].some((key) => !known.includes(key))) throw new BadRequest(400, 'The body holds a member that is not known here');
  return fields;
}
