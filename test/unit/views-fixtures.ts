import type { AgentRecord, IssuedAgent, NewAgent } from '../../src/proxy/agents/types.ts';
import { FULL_GRANT } from '../../src/proxy/model.ts';
import { SignIns } from '../../src/proxy/sign-ins.ts';
import type { DecisionSummary } from '../../src/proxy/quarantine/types.ts';
import type { GatewayApi, GatewaySnapshot, PersonCall, PersonCallAnswer, ToolSnapshot, UpstreamSnapshot } from '../../src/proxy/api.ts';
import { Emitter } from '../../src/proxy/events.ts';
import type { StandingConsent } from '../../src/proxy/consent/types.ts';
import { diagnoseSnapshot } from '../../src/proxy/diagnosis/snapshot.ts';
import type { Diagnosis } from '../../src/proxy/diagnosis/types.ts';
import type { CallFilter, CallRecord } from '../../src/proxy/journal/types.ts';
import type { CallTrace } from '../../src/proxy/pipeline/traces.ts';
import { digestOf, sha256 } from '../../src/proxy/json/canonical.ts';
import type { PauseTarget } from '../../src/proxy/pause/types.ts';
import type { UpstreamLogLine } from '../../src/proxy/upstream/types.ts';
import type { Choice, Dialogs, Offer, Prompt } from '../../src/views/dialogs.ts';
import type { Confirmation } from '../../src/views/present/confirmation.ts';
import { EMPTY_SNAPSHOT } from '../../src/views/present/view-state.ts';
import type { Problem } from '../../src/views/problem.ts';

/** A tool of a server, pending unless said otherwise. */
export function tool(name: string, more: Partial<ToolSnapshot> = {}): ToolSnapshot {
  const raw = more.raw ?? JSON.stringify({ name, description: `Does ${name}.`, inputSchema: { type: 'object' } });
  return {
    id: `files:${name}`,
    name,
    exposedName: `files_${name}`,
    title: undefined,
    description: `Does ${name}.`,
    digest: digestOf(raw),
    status: 'pending',
    tier: 'write',
    raw,
    approvedRaw: undefined,
    ...more,
  };
}

export interface UpstreamOverrides extends Partial<Omit<UpstreamSnapshot, 'config' | 'launch'>> {
  readonly config?: Partial<UpstreamSnapshot['config']>;
  readonly launch?: Partial<UpstreamSnapshot['launch']>;
}

/** An idle server `files` of the person's own, its launch approved, without tools. */
export function upstream({ config, launch, ...more }: UpstreamOverrides = {}): UpstreamSnapshot {
  const name = more.name ?? 'files';
  return {
    name,
    config: {
      name,
      origin: 'user',
      file: '/home/me/servers.json',
      at: { file: '/home/me/servers.json', line: 3, column: 5 },
      transport: { type: 'stdio', command: 'npx', args: ['files-mcp'], env: {}, envFile: undefined, cwd: undefined },
      enabled: true,
      lazy: true,
      idleStopMinutes: 10,
      timeoutSeconds: 60,
      maxTimeoutSeconds: 3600,
      shared: false,
      tools: { allow: undefined, deny: [], alias: {}, overrides: {} },
      flow: {},
      outputLimit: undefined,
      extra: {},
      ...config,
    },
    state: { kind: 'idle' },
    launch: {
      fingerprint: sha256('launch'),
      approved: true,
      argv: ['npx', 'files-mcp'],
      cwd: undefined,
      envNames: [],
      envFile: undefined,
      url: undefined,
      headerNames: [],
      ...launch,
    },
    tools: [],
    held: [],
    instructions: undefined,
    acceptsDescriptions: false,
    inspectable: false,
    ...more,
  };
}

export function snapshot(upstreams: readonly UpstreamSnapshot[], more: Partial<GatewaySnapshot> = {}): GatewaySnapshot {
  const plain = { ...EMPTY_SNAPSHOT, version: 'v1', upstreams, ...more };
  return { ...plain, diagnoses: diagnoseSnapshot(plain, { environment: {}, trusted: true }) };
}

/** A gateway whose state the test sets, and that records what it was told to decide. */
export class FakeGateway implements GatewayApi {
  readonly changed = new Emitter<void>();
  readonly called = new Emitter<CallRecord>();
  readonly logged = new Emitter<UpstreamLogLine>();
  readonly onDidChange = this.changed.event;
  readonly onDidCall = this.called.event;
  readonly onLog = this.logged.event;
  readonly decided: (readonly [action: string, subject: string])[] = [];
  state: GatewaySnapshot;
  port = 4711;
  /** What the next decision fails with. */
  refusal: Error | undefined;
  ended = false;

  readonly signIns = new SignIns({
    open: undefined,
    workspace: undefined,
    known: () => undefined,
    report: () => undefined,
    resolve: () => Promise.reject(new Error('nothing to resolve')),
    entry: () => undefined,
    launchApproved: () => false,
  });

  constructor(state: GatewaySnapshot = EMPTY_SNAPSHOT) {
    this.state = state;
  }

  set(state: GatewaySnapshot): void {
    this.state = state;
    this.changed.fire();
  }

  snapshot(): GatewaySnapshot {
    return this.state;
  }

  listen(): Promise<{ url: string; port: number }> {
    return Promise.resolve({ url: `http://127.0.0.1:${this.port}/mcp`, port: this.port });
  }

  approveLaunch(server: string, fingerprint: string): Promise<void> {
    return this.#decide('launch', `${server} ${fingerprint}`);
  }

  approve(refs: readonly { readonly server: string; readonly name: string }[]): Promise<void> {
    return this.#decide('approve', refs.map(({ server, name }) => `${server}:${name}`).join(' '));
  }

  block(refs: readonly { readonly server: string; readonly name: string }[]): Promise<void> {
    return this.#decide('block', refs.map(({ server, name }) => `${server}:${name}`).join(' '));
  }

  forget(): Promise<void> {
    return Promise.resolve();
  }

  /** What was accepted before, for comparison. */
  lockText: string | undefined;

  undo(id = 'newest'): Promise<DecisionSummary> {
    const undone: DecisionSummary = { id, action: 'approve', at: 0, by: 'person', refs: [], server: 'files', digest: undefined };
    return this.#decide('undo', id).then(() => undone);
  }

  decideLock(digest: string, decision: string, launches: readonly string[]): Promise<void> {
    return this.#decide(decision, [digest, ...launches].join(' '));
  }

  acceptedLockText(): Promise<string | undefined> {
    return Promise.resolve(this.lockText);
  }

  setAcceptsDescriptions(server: string, accepts: boolean): Promise<void> {
    return this.#decide('descriptions', `${server} ${String(accepts)}`);
  }

  setInspectable(server: string, inspectable: boolean): Promise<void> {
    return this.#decide('inspection', `${server} ${String(inspectable)}`);
  }

  pause({ server = '*', tool = '*' }: PauseTarget, { cancel }: { readonly cancel: boolean }): Promise<void> {
    return this.#decide(cancel ? 'pause and cancel' : 'pause', `${server}:${tool}`);
  }

  resume({ server = '*', tool = '*' }: PauseTarget): Promise<void> {
    return this.#decide('resume', `${server}:${tool}`);
  }

  forgetLearned(): Promise<void> {
    return Promise.resolve();
  }

  countTokens(): Promise<void> {
    return Promise.resolve();
  }

  async *exportCalls(format: string): AsyncIterable<string> {
    yield await Promise.resolve(`${format}: one\n`);
    yield 'two\n';
  }

  setConsent({ server, tool = '*' }: { readonly server: string; readonly tool?: string }, decision: string): Promise<void> {
    return this.#decide(`consent ${decision}`, `${server}:${tool}`);
  }

  revokeConsents(consents: readonly StandingConsent[]): Promise<void> {
    return this.#decide('consent revoke', consents.map(({ kind, server, tool = '*' }) => `${kind} ${server}:${tool}`).join(' '));
  }

  addAgent(agent: NewAgent): Promise<IssuedAgent> {
    const { name, grant, profile } = agent;
    const record: AgentRecord = { name, tokenHash: '0'.repeat(64), grant: { ...FULL_GRANT, ...grant }, profile, perMinute: undefined, createdAt: 0, expiresAt: undefined };
    return this.#decide('add agent', JSON.stringify(agent)).then(() => ({ agent: record, token: 'vst_test' }));
  }

  revokeAgent(name: string): Promise<void> {
    return this.#decide('revoke agent', name);
  }

  acceptProposal(id: string): Promise<string> {
    return this.#decide('accept proposal', id).then(() => id);
  }

  declineProposal(id: string): Promise<void> {
    return this.#decide('decline proposal', id);
  }

  refresh(): Promise<void> {
    return Promise.resolve();
  }

  restart(): Promise<void> {
    return Promise.resolve();
  }

  logs(): readonly UpstreamLogLine[] {
    return [];
  }

  /** What `diagnose` answers. */
  diagnoses: readonly Diagnosis[] = [];

  diagnose(): Promise<readonly Diagnosis[]> {
    return Promise.resolve(this.diagnoses);
  }

  /** What `calls` answers. */
  records: readonly CallRecord[] = [];
  /** What was called as the person. */
  readonly made: PersonCall[] = [];

  callTool(call: PersonCall): Promise<PersonCallAnswer> {
    this.made.push(call);
    return Promise.resolve({ outcome: 'ok', code: undefined, answer: '{"content":[{"type":"text","text":"done"}]}' });
  }

  fullResult(): Promise<string | undefined> {
    return Promise.resolve(undefined);
  }

  calls({ before = Infinity, limit = 100 }: CallFilter): Promise<readonly CallRecord[]> {
    return Promise.resolve(this.records.filter(({ seq }) => seq < before).slice(0, limit));
  }

  /** What `callTrace` answers, by id. */
  readonly traces = new Map<string, CallTrace>();

  callTrace(id: string): CallTrace | undefined {
    return this.traces.get(id);
  }

  search(): ReturnType<GatewayApi['search']> {
    return [];
  }

  dispose(): Promise<void> {
    this.ended = true;
    return Promise.resolve();
  }

  #decide(action: string, subject: string): Promise<void> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    this.decided.push([action, subject]);
    return Promise.resolve();
  }
}

/** Answers every question as scripted, and keeps what was asked and said. */
export class ScriptedDialogs implements Dialogs {
  readonly confirmations: Confirmation[] = [];
  /** The default button of each question, where it is not the yes. */
  readonly defaults: (Offer | undefined)[] = [];
  readonly picks: { readonly title: string; readonly labels: readonly string[] }[] = [];
  readonly prompts: Prompt[] = [];
  readonly informed: string[] = [];
  /** The steps that came with what it was informed of. */
  readonly offered: Offer[] = [];
  readonly failed: Problem[] = [];
  yes = true;
  /** Runs while the person reads a question. */
  onConfirm: () => void = () => undefined;
  readonly modals: { readonly message: string; readonly detail: string; readonly buttons: readonly string[] }[] = [];
  /** The button pressed in a modal of several; undefined closes it. */
  onModal: () => Promise<string | undefined> = () => Promise.resolve(undefined);
  /** Labels to pick; undefined answers as if the list was dismissed. */
  choose: readonly string[] | undefined;
  /** Answers to prompts, first to last. */
  texts: string[] = [];

  confirm(question: Confirmation, instead?: Offer): Promise<boolean> {
    this.defaults.push(instead);
    this.confirmations.push(question);
    this.onConfirm();
    return Promise.resolve(this.yes);
  }

  async modal(message: string, detail: string, buttons: readonly string[]): Promise<string | undefined> {
    this.modals.push({ message, detail, buttons });
    return this.onModal();
  }

  pick<T>(title: string, choices: readonly Choice<T>[]): Promise<T | undefined> {
    return Promise.resolve(this.#chosen(title, choices)?.[0]);
  }

  pickMany<T>(title: string, choices: readonly Choice<T>[]): Promise<readonly T[] | undefined> {
    return Promise.resolve(this.#chosen(title, choices));
  }

  prompt(prompt: Prompt): Promise<string | undefined> {
    this.prompts.push(prompt);
    return Promise.resolve(this.texts.shift());
  }

  saveAs(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  inform(message: string, ...offers: readonly Offer[]): void {
    this.informed.push(message);
    this.offered.push(...offers);
  }

  fail(problem: Problem): void {
    this.failed.push(problem);
  }

  #chosen<T>(title: string, choices: readonly Choice<T>[]): readonly T[] | undefined {
    this.picks.push({ title, labels: choices.map(({ label }) => label) });
    const { choose } = this;
    return choose && choices.filter(({ label }) => choose.includes(label)).map(({ value }) => value);
  }
}
