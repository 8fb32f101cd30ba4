import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { followControl, type ControlFollower } from '../headless/control.ts';
import { commonOptions } from '../headless/gateway-options.ts';
import { waitingOf } from '../headless/upstream/waiting.ts';
import type { UpstreamSnapshot } from '../proxy/api.ts';
import type { ConsentOptions } from '../proxy/consent/types.ts';
import { messageOf, VestibuleError } from '../proxy/errors.ts';
import type { Disposable } from '../proxy/events.ts';
import { createGateway as createCore, type Gateway as Core } from '../proxy/gateway.ts';
import type { Digest, ServerName } from '../proxy/model.ts';
import type { GatewayOptions as CoreOptions } from '../proxy/options.ts';
import type { DefinitionRef as CoreRef } from '../proxy/quarantine/types.ts';
import { writeFileAtomic } from '../proxy/storage/atomic-file.ts';
import { holdLock } from '../proxy/storage/file-lock.ts';
import { stateOf } from './state.ts';
import type { AskAboutCall, CallRecord, DefinitionRef, Gateway, GatewayOptions, GatewayState, IssuedAgent, NewAgent, PauseTarget, ProgramCall, ProgramCallAnswer, Subscription } from './types.ts';
import { GivenValues } from './values.ts';

export type * from './types.ts';

/**
 * Makes a gateway inside this program and starts listening on 127.0.0.1. It is what `vestibule serve` runs: the same
 * approvals, checks and records, over the same folder, one at a time.
 * @throws Error with `reason` and `action`: `data-folder-locked`, `data-folder-unreadable`, `cannot-bind`
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const data = resolve(options.data);
  const lock = await holdLock(join(data, 'serve'));
  let core: Core | undefined;
  try {
    const configFile = join(data, 'library.json');
    await writeFileAtomic(configFile, `${JSON.stringify(options.config ?? { servers: {} }, undefined, 2)}\n`);
    const token = randomBytes(32).toString('base64url');
    core = await createCore(coreOptions(options, { data, configFile, token }));
    const control = await takeRequests(core, data, options);
    return new EmbeddedGateway(core, { ...(await core.listen()), token }, control, lock);
  } catch (error) {
    await core?.dispose();
    lock.dispose();
    throw error;
  }
}

const LOCK_MODES = { ask: 'ask', accept: 'always', ignore: 'off' } as const;

function coreOptions(options: GatewayOptions, { data, configFile, token }: { readonly data: string; readonly configFile: string; readonly token: string }): CoreOptions {
  const { workspace, configFiles = [], inputs = {}, secrets = {}, port, mode, consent = 'client', log } = options;
  const places = { data, configFiles: [configFile, ...configFiles.map((path) => resolve(path))], ...(workspace !== undefined && { workspace: resolve(workspace) }) };
  return {
    ...commonOptions(places, (message) => log?.({ level: 'warn', message })),
    secrets: new GivenValues(inputs, secrets, process.env),
    token,
    ...(port !== undefined && { port, portRequired: port !== 0 }),
    ...(mode !== undefined && { mode }),
    noPrefix: options.noPrefix ?? false,
    approveAll: options.approveAll ?? false,
    consent: typeof consent === 'function' ? asking(consent) : { mode: consent },
    lockfile: LOCK_MODES[options.lockfile ?? 'ask'],
    log: (level, message, data) => log?.({ level, message, ...(data && { data }) }),
  };
}

function asking(decide: AskAboutCall): ConsentOptions {
  return {
    mode: 'ask',
    ask: async ({ tool, principal, argumentsText, signal }) => {
      const answer = await decide({ server: tool.server, tool: tool.name, tier: tool.tier, agent: principal.label, arguments: argumentsText, signal });
      // Whatever else a program written without types answers is no.
      return answer === 'allow' ? 'once' : 'decline';
    },
  };
}

/** Commands of `vestibule` over the same folder reach this gateway as they reach `serve`. */
function takeRequests(core: Core, data: string, { log }: GatewayOptions): Promise<ControlFollower> {
  const failed = (error: unknown): void => log?.({ level: 'error', message: messageOf(error) });
  return followControl(data, { restart: (server) => void core.restart(server).catch(failed), decided: (decision) => core.recordDecision(decision) }, failed);
}

class EmbeddedGateway implements Gateway {
  readonly url: string;
  readonly port: number;
  readonly token: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly #core: Core;
  readonly #control: ControlFollower;
  readonly #lock: Disposable;
  #closed: Promise<void> | undefined;

  constructor(core: Core, { url, port, token }: { readonly url: string; readonly port: number; readonly token: string }, control: ControlFollower, lock: Disposable) {
    this.#core = core;
    this.#control = control;
    this.#lock = lock;
    this.url = url;
    this.port = port;
    this.token = token;
    this.headers = bearer(token);
  }

  state(): GatewayState {
    return stateOf(this.#core.snapshot());
  }

  onDidChange(listener: () => void): Subscription {
    return this.#core.onDidChange(listener);
  }

  onDidCall(listener: (call: CallRecord) => void): Subscription {
    return this.#core.onDidCall(listener);
  }

  async approveServer(name: string): Promise<void> {
    await this.#core.approveLaunch(name, this.#server(name).launch.fingerprint);
    await this.#core.refresh(name);
    const refs = waitingOf(this.#server(name));
    if (refs.length > 0) await this.#core.approve(refs);
  }

  approveLaunch(server: string, fingerprint: string): Promise<void> {
    return this.#core.approveLaunch(server, fingerprint as Digest);
  }

  approve(definitions: readonly DefinitionRef[]): Promise<void> {
    return this.#core.approve(definitions.map(coreRef));
  }

  block(definitions: readonly DefinitionRef[]): Promise<void> {
    return this.#core.block(definitions.map(coreRef));
  }

  pause(target: PauseTarget = {}, { cancel = false }: { readonly cancel?: boolean } = {}): Promise<void> {
    return this.#core.pause(target, { cancel });
  }

  resume(target: PauseTarget = {}): Promise<void> {
    return this.#core.resume(target);
  }

  async addAgent({ name, servers, tools, tier, profile, perMinute, expiresInMs }: NewAgent): Promise<IssuedAgent> {
    const grant = { ...(servers && { servers }), ...(tools && { tools }), ...(tier && { tier }) };
    const { token } = await this.#core.addAgent({ name, grant, profile, perMinute, expiresInMs });
    return { name, token, headers: bearer(token) };
  }

  revokeAgent(name: string): Promise<void> {
    return this.#core.revokeAgent(name);
  }

  async callTool({ server, tool, arguments: args = {}, signal }: ProgramCall): Promise<ProgramCallAnswer> {
    const { outcome, code, answer } = await this.#core.callTool({ server, tool, argumentsText: JSON.stringify(args), ...(signal && { signal }) });
    return { outcome, ...(code !== undefined && { code }), answer: JSON.parse(answer) as unknown };
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    try {
      await this.#control.takeLast();
    } finally {
      this.#control.dispose();
      await this.#core.dispose();
      this.#lock.dispose();
    }
  }

  #server(name: ServerName): UpstreamSnapshot {
    const found = this.#core.snapshot().upstreams.find((upstream) => upstream.name === name);
    if (found !== undefined) return found;
    throw new VestibuleError('not-found', `There is no server named "${name}".`, { action: 'Check the name in the servers file.' });
  }
}

function bearer(token: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${token}` };
}

/** A digest that nothing has is stale like any other. */
function coreRef({ server, kind, name, digest }: DefinitionRef): CoreRef {
  return { server, kind, name, digest: digest as Digest };
}
