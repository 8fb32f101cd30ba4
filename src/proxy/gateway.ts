import { join } from 'node:path';
import { AgentAccess } from './agents/agent-access.ts';
import { openAgentStore } from './agents/agent-store.ts';
import { JwtAccess } from './agents/jwt-access.ts';
import { LastSeen } from './agents/last-seen.ts';
import { Spending } from './agents/spending.ts';
import type { AgentStore, IssuedAgent, NewAgent } from './agents/types.ts';
import type { DiagnoseOptions, GatewayApi, GatewaySnapshot, PersonCall, PersonCallAnswer } from './api.ts';
import { inBatches } from './batches.ts';
import { createCatalog } from './catalog/catalog.ts';
import { definitionsOf, refOf, scannedAs, textsOf, versionOf, type PinnedDefinition } from './catalog/definitions.ts';
import type { CatalogTool, LiveCatalog } from './catalog/types.ts';
import { SYSTEM_CLOCK } from './clock.ts';
import { addInput, addServer, editServersFile, type InputEntry, type ServerEntry } from './config/edit.ts';
import { createConfigStore, type ConfigStore } from './config/store.ts';
import type { MenuMode, UpstreamConfig } from './config/types.ts';
import { resolveTransport } from './config/variables.ts';
import { EndpointNote } from './connect/endpoints.ts';
import { ConsentDesk } from './consent/consent-desk.ts';
import { openConsentStore } from './consent/consent-store.ts';
import type { ConsentStore, StandingConsent } from './consent/types.ts';
import { diagnoseRefusals } from './diagnosis/house.ts';
import { diagnoseSnapshot } from './diagnosis/snapshot.ts';
import type { Diagnosis } from './diagnosis/types.ts';
import { createAuthenticator } from './downstream/authenticator.ts';
import { createListener, type Listener } from './downstream/listener.ts';
import type { Endpoint } from './downstream/types.ts';
import { VestibuleError, messageOf } from './errors.ts';
import { DisposableStore, Emitter, type Disposable, type Event } from './events.ts';
import { exportText, type ExportFormat } from './journal/export.ts';
import { CallsToday } from './journal/calls-today.ts';
import { openJournal } from './journal/journal.ts';
import type { Redactor } from './redaction/redactor.ts';
import type { CallFilter, CallRecord, DecisionEntry, Journal } from './journal/types.ts';
import { Indexer } from './menu/indexer.ts';
import { createMenu } from './menu/menu.ts';
import type { MenuCall } from './menu/types.ts';
import { MetricsSwitch } from './metrics/metrics-switch.ts';
import { FULL_GRANT, toolId, type Digest, type Principal, type RawJson, type ServerName, type ToolId } from './model.ts';
import type { GatewayOptions } from './options.ts';
import { openResultStore } from './output/store.ts';
import type { ResultStore } from './output/types.ts';
import { openPauseStore } from './pause/pause-store.ts';
import type { PauseStore, PauseTarget } from './pause/types.ts';
import { createLookAside } from './pipeline/look-aside.ts';
import { createLookThrough, type LookThroughDeps } from './pipeline/look-through.ts';
import { inOrder } from './pipeline/order.ts';
import { createPipeline } from './pipeline/pipeline.ts';
import { createAuthorize } from './pipeline/stages/authorize.ts';
import { createBreaker } from './pipeline/stages/breaker.ts';
import { createBudget } from './pipeline/stages/budget.ts';
import { createCache } from './pipeline/stages/cache.ts';
import { createConsent } from './pipeline/stages/consent.ts';
import { createDispatch } from './pipeline/stages/dispatch.ts';
import { createGate } from './pipeline/stages/gate.ts';
import { createInspect } from './pipeline/stages/inspect.ts';
import { createLane } from './pipeline/stages/lane.ts';
import { createRates } from './pipeline/stages/rates.ts';
import { createRecord } from './pipeline/stages/record.ts';
import { createResolve } from './pipeline/stages/resolve.ts';
import { createRetry } from './pipeline/stages/retry.ts';
import { createShape } from './pipeline/stages/shape.ts';
import { Flow } from './policy/flow/flow.ts';
import { mayUse } from './policy/grants.ts';
import { perPrincipal } from './policy/per-principal.ts';
import { Profiles } from './policy/profiles.ts';
import { ServedContent } from './policy/served-content.ts';
import { ServedTools } from './policy/served.ts';
import { openProposalStore } from './proposals/proposal-store.ts';
import { Proposals } from './proposals/proposals.ts';
import { Registries } from './proposals/registries.ts';
import type { ProposalAnswer, ProposalRequest, ProposalStore } from './proposals/types.ts';
import { openApprovalStore } from './quarantine/approval-store.ts';
import { describeLaunch, fingerprintOf, namesNoVersion } from './quarantine/launch.ts';
import { withheld, withheldContent, type GateInput } from './quarantine/gate.ts';
import { describeChange } from './quarantine/describe-change.ts';
import { isCleanDescriptionChange } from './quarantine/description-rule.ts';
import { LockFile, lockFileIn } from './quarantine/lockfile/lock-file.ts';
import { LockedApprovals } from './quarantine/lockfile/locked-approvals.ts';
import type { DecisionSummary, DefinitionRef } from './quarantine/types.ts';
import { Announcer } from './relay/announcer.ts';
import { ContentRelay } from './relay/content.ts';
import { gatewayInstructions } from './relay/instructions.ts';
import { personSession } from './relay/person.ts';
import { Relay } from './relay/relay.ts';
import { TokenMeter } from './relay/token-meter.ts';
import { type ListSettings, ToolLists } from './relay/tool-lists.ts';
import { WorkerSandbox } from './sandbox/sandbox.ts';
import { DefinitionFindings, type Scannable, type StandingDefinition } from './scanner/definition-findings.ts';
import type { Peer } from './scanner/types.ts';
import { DEFAULT_RESULT_POLICY } from './scanner/scan-result.ts';
import { createToolIndex } from './search/tool-index.ts';
import type { SearchHit, ToolIndex } from './search/types.ts';
import { Learning, learnedFileIn } from './search/learning.ts';
import { KeptText } from './storage/kept-text.ts';
import { WorkerTokenCounter } from './tokens/worker-counter.ts';
import { SignIns } from './sign-ins.ts';
import { takeSnapshot } from './snapshot.ts';
import { StateProblems } from './state-problems.ts';
import { sealMemory } from './storage/seal-memory.ts';
import { EraMemory } from './upstream/eras.ts';
import { Neighbours } from './upstream/neighbours.ts';
import { TracingSwitch } from './tracing/tracing-switch.ts';
import { UpstreamHub } from './upstream/hub.ts';
import { UpstreamLogs } from './upstream/log-store.ts';
import { sweepOrphans } from './upstream/orphans.ts';
import type { UpstreamInfo, UpstreamLogLine, UpstreamState } from './upstream/types.ts';
import { createVariableScope } from './variable-scope.ts';

/** How long in-flight calls may finish when the gateway ends, in milliseconds (contract §1). */
const FINISH_MS = 3_000;
/** Upstreams that have never been listed are connected a few at a time, so that a start stays responsive. */
const FIRST_LISTINGS_AT_ONCE = 4;
/** How long agents wait for `approveAll` to see the first listings, in milliseconds. */
const SETTLE_MS = 20_000;
/** How long after a start agents wait for servers that were never listed: what they ask first is asked with names they know. */
const FIRST_LISTINGS_MS = 2_000;

/** How long the last spans may take on their way at the end, in milliseconds. */
const TRACES_END_MS = 500;
/** Records that may hold the id of a call in their text beside its own. */
const MAX_SAME_TEXT = 50;
/** How far back the doctor looks for refused calls, and how many it reads. */
const DAY_MS = 24 * 60 * 60_000;
const MAX_REFUSED_READ = 1_000;
/** What the doctor tries anew: a server that runs needs no trial. */
const CONNECTS: ReadonlySet<UpstreamState['kind']> = new Set(['idle', 'starting', 'failed', 'sign-in-needed']);
/** Of those, the ones that a use starts or is already starting. */
const TRIED_BY_USE: ReadonlySet<UpstreamState['kind']> = new Set(['idle', 'starting']);

/**
 * Builds a gateway over its state folder. Nothing listens and nothing starts yet but what has to be listed for
 * the first time.
 * @throws VestibuleError `data-folder-unreadable` when the state folder cannot be used
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const stateDir = join(options.dataDir, 'state');
  const report = (error: VestibuleError): void => options.log('error', error.message, { action: error.action });
  const problems = new StateProblems();
  const sealed = { onProblem: (error: VestibuleError) => problems.add(error), memory: sealMemory(options.secrets) };
  const store = await openApprovalStore(options.dataDir, sealed);
  await sweepOrphans(stateDir);
  const [config, catalog, journal, results, pauses, consents, indexFile, agents, eras] = await Promise.all([
    createConfigStore({
      userFile: join(options.dataDir, 'servers.json'),
      ...(options.workspaceFolder !== undefined && { workspaceFile: join(options.workspaceFolder, '.vscode', 'vestibule.json') }),
      configFiles: options.configFiles ?? [],
      workspaceTrusted: options.workspaceTrusted ?? true,
    }),
    createCatalog({ dir: join(options.dataDir, 'catalog'), noPrefix: options.noPrefix ?? false, onProblem: report }),
    openJournal({ dir: join(options.logDir ?? options.dataDir, 'journal'), log: options.log }),
    openResultStore({ dir: join(options.dataDir, 'results') }),
    openPauseStore(options.dataDir, { onProblem: report }),
    openConsentStore(options.dataDir, sealed),
    KeptText.open(join(options.dataDir, 'search-index.json'), 'The search index', report),
    openAgentStore(options.dataDir, { onProblem: report, memory: sealed.memory }),
    EraMemory.open(stateDir),
  ]);
  const seen = await LastSeen.open(options.dataDir, { onProblem: report, isKnown: (name) => agents.all.some((agent) => agent.name === name) });
  const spending = await Spending.open(options.dataDir, { onProblem: report, general: () => config.snapshot.gateway.limits.budget });
  const proposals = await openProposalStore(options.dataDir, { onProblem: report });
  const lock = await followedLock(options);
  const approvals = new LockedApprovals({
    store,
    lock,
    mode: options.lockfile === 'always' ? 'always' : 'ask',
    dataDir: options.dataDir,
    isOfWorkspace: (server) => config.snapshot.upstreams.some(({ name, origin }) => name === server && origin === 'workspace'),
  });
  const learning = await Learning.open({
    file: learnedFileIn(options.dataDir),
    workspace: { folder: options.workspaceTrusted === false ? undefined : options.workspaceFolder, openFiles: options.openFiles ?? (() => []) },
    wanted: () => config.snapshot.gateway.learn,
    report,
  });
  return new Gateway(options, stateDir, { problems, approvals, config, catalog, journal, results, pauses, consents, indexFile, learning, agents, seen, spending, proposals, eras });
}

/** The lock file to follow: none without a workspace, in an untrusted one, or switched off. */
async function followedLock({ lockfile = 'off', workspaceFolder, workspaceTrusted = true }: GatewayOptions): Promise<LockFile | undefined> {
  return lockfile === 'off' || workspaceFolder === undefined || !workspaceTrusted ? undefined : LockFile.open(lockFileIn(workspaceFolder));
}

interface OpenedParts {
  readonly eras: EraMemory;
  readonly problems: StateProblems;
  readonly approvals: LockedApprovals;
  readonly config: ConfigStore;
  readonly catalog: LiveCatalog;
  readonly journal: Journal & { readonly redactor: Redactor };
  readonly results: ResultStore & Disposable;
  readonly pauses: PauseStore;
  readonly consents: ConsentStore;
  readonly indexFile: KeptText;
  readonly learning: Learning;
  readonly agents: AgentStore;
  readonly seen: LastSeen;
  readonly spending: Spending;
  readonly proposals: ProposalStore;
}

/** Owns the rooms of the core and wires them; the only place that does. */
export class Gateway implements GatewayApi {
  readonly #options: GatewayOptions;
  readonly #parts: OpenedParts;
  readonly #store = new DisposableStore();
  readonly #changed = new Emitter<void>();
  readonly #logs: UpstreamLogs;
  readonly signIns: SignIns;
  readonly #hub: UpstreamHub;
  readonly #served: ServedTools;
  readonly #servedContent: ServedContent;
  readonly #content: ContentRelay;
  readonly #index: ToolIndex;
  readonly #visible = perPrincipal((principal) => (id: ToolId): boolean => {
    const tool = this.#parts.catalog.find(id);
    return tool !== undefined && this.#served.isServed(tool) && mayUse(principal, tool);
  });
  readonly #lists: ToolLists;
  readonly #meter: TokenMeter;
  readonly #findings: DefinitionFindings;
  readonly #consentDesk: ConsentDesk;
  readonly #profiles: Profiles;
  readonly #flow = new Flow(SYSTEM_CLOCK, () => this.#changed.fire());
  readonly #agents: AgentAccess;
  readonly #jwt: JwtAccess | undefined;
  readonly #proposals: Proposals;
  readonly #relay: Relay;
  readonly #listener: Listener;
  readonly #endpointNote: EndpointNote;
  readonly #metrics: MetricsSwitch;
  readonly #tracing: TracingSwitch;
  readonly #announcer: Announcer;
  /** Servers whose first listing in this process is approved as it comes (`approveAll`). */
  readonly #toApprove = new Set<ServerName>();
  /** The launch each server was last configured with. */
  readonly #fingerprints = new Map<ServerName, Digest>();
  /** Listings that are being read. */
  readonly #accepting = new Map<ServerName, Promise<void>>();
  /** The content of the lock file that was journalled last. */
  #notedLock: Digest | undefined;
  #settled: Promise<void> = Promise.resolve();
  #disposed: Promise<void> | undefined;

  constructor(options: GatewayOptions, stateDir: string, parts: OpenedParts) {
    this.#options = options;
    this.#parts = parts;
    const { agents, approvals, catalog, config, consents, indexFile, journal, learning, pauses, problems, results, seen } = parts;
    const { redactor } = journal;
    if (options.token !== undefined) redactor.addKnown(options.token);
    this.#logs = this.#store.add(new UpstreamLogs(join(options.dataDir, 'logs'), (text) => redactor.text(text)));
    const scope = createVariableScope(
      options,
      () => config.snapshot,
      (value) => redactor.addKnown(value),
    );
    this.signIns = this.#store.add(
      new SignIns({
        open: options.openKeys,
        workspace: options.workspaceFolder,
        known: (value) => redactor.addKnown(value),
        report: (problem) => options.log('error', problem.message, { action: problem.action }),
        resolve: (entry) => resolveTransport(entry, scope),
        entry: (server) => this.#entry(server),
        launchApproved: (entry) => this.#launchApproved(entry),
      }),
    );
    const neighbours = new Neighbours();
    this.#hub = this.#store.add(
      new UpstreamHub({
        neighbours,
        launchApproved: (entry) => this.#launchApproved(entry),
        resolve: (entry) => this.signIns.resolve(entry),
        keys: this.signIns,
        log: (line) => this.#logs.append(line),
        redact: (text) => redactor.text(text),
        stateDir,
        clientVersion: options.version,
        eras: parts.eras,
      }),
    );
    this.#served = this.#store.add(
      new ServedTools(catalog, (tool) => withheld(tool, this.#gateInput(tool.server))),
    );
    this.#findings = this.#store.add(new DefinitionFindings(() => this.#scannable(), () => this.#changed.fire()));
    this.#servedContent = this.#store.add(
      new ServedContent(catalog, (ref) => withheldContent(ref, this.#gateInput(ref.server))),
    );
    const looking: LookThroughDeps = {
      policy: (server) => ({ ...DEFAULT_RESULT_POLICY, ...(server === undefined ? undefined : this.#entry(server)?.resultPolicy) }),
      held: redactor,
    };
    const lookThrough = createLookThrough(looking);
    const inspect = createInspect({
      results,
      budget: (server) => (server === undefined ? undefined : this.#entry(server)?.outputLimit) ?? config.snapshot.gateway.responseLimit,
      ...looking,
    });
    this.#content = new ContentRelay({
      hub: this.#hub,
      catalog,
      tools: this.#served,
      content: this.#servedContent,
      pauses,
      inspect: (call, outcome) => inspect.run(call, outcome),
      lookThrough,
      lookAside: createLookAside(looking),
    });
    const pendingIndex = createToolIndex();
    this.#index = createToolIndex({ text: indexFile.text, version: options.version });
    const indexer = this.#store.add(
      new Indexer({ catalog, served: this.#served, index: this.#index, pendingIndex, changed: () => indexFile.save(() => this.#index.serialise()) }),
    );
    this.#consentDesk = new ConsentDesk({
      ...(options.consent ?? { mode: 'client' }),
      store: consents,
      toolsOf: (server) => this.#served.of(server),
      journal: (decision) => journal.decide(decision),
      onUnkept: (error) => options.log('error', `What was decided about later calls could not be kept: ${messageOf(error)}`),
    });
    const recording: Pick<Journal, 'append'> = {
      append: (entry) => {
        this.#meter.answered(entry);
        if (entry.outcome === 'refused' && entry.code !== undefined) this.#flow.refusals.note(entry.server, entry.code, entry.time);
        journal.append(entry);
      },
    };
    const pipeline = createPipeline(
      inOrder({
        resolve: createResolve({ catalog, visibleTools: (principal) => this.#lists.visible(principal) }),
        gate: createGate(this.#served, pauses),
        authorize: createAuthorize(),
        shape: createShape({ maxArguments: (server) => this.#flow.of(server)?.config.limits?.maxArguments }),
        consent: createConsent(this.#consentDesk),
        rates: createRates(this.#flow),
        budget: createBudget(parts.spending),
        cache: createCache(this.#flow),
        lane: createLane(this.#flow),
        retry: createRetry(this.#flow),
        breaker: createBreaker(this.#flow),
        dispatch: createDispatch({ served: this.#served, pauses }),
        inspect,
        record: createRecord(recording),
      }),
      (error, call) => options.log('error', `A stage failed: ${messageOf(error)}`, { call: call.id }),
    );
    const registries = new Registries(options.dataDir, () => config.snapshot.gateway, (problem) => options.log('warn', problem.message));
    this.#proposals = new Proposals({
      store: parts.proposals,
      settings: () => config.snapshot.gateway,
      taken: () => new Set(config.snapshot.upstreams.map(({ name }) => name)),
      lookUp: (registry, name) => registries.lookUp(registry, name),
      kept: (name) => registries.kept(name),
      add: (name, entry, inputs, by) => this.#addServer(name, entry, inputs, by),
    });
    const menu = createMenu({
      catalog,
      index: this.#index,
      pendingIndex,
      results,
      topK: () => config.snapshot.gateway.topK,
      responseLimit: () => config.snapshot.gateway.responseLimit,
      visible: this.#visible,
      visibleWhenApproved: perPrincipal((principal) => (id) => {
        const tool = catalog.find(id);
        return tool !== undefined && mayUse(principal, tool);
      }),
      priors: ({ principal, session }) => learning.priors(principal.id, session.id),
      call: (call: MenuCall) => this.#relay.run(call),
      codeExecution: () => config.snapshot.gateway.codeExecution,
      sandbox: this.#store.add(new WorkerSandbox((problem) => options.log('error', 'The sandbox of code_execution broke down.', { problem }))),
      autonomy: () => config.snapshot.gateway.autonomy,
      propose: (request, principal) => this.#proposed(request, principal),
      searchRegistry: (query) => registries.search(query),
      servers: () => config.snapshot.upstreams.map(({ name }) => ({ server: name, state: stateWords(this.#hub.get(name)?.state) })),
      lookThrough,
      log: (server) => this.#logs.lines(server),
      inspection: {
        servers: () => this.#inspectable(),
        catalog,
        approvals,
        findings: ({ server, kind, digest }) => {
          const scanned = scannedAs(kind);
          return scanned && this.#findings.of({ server, kind: scanned, digest });
        },
      },
    });
    this.#lists = new ToolLists({
      served: this.#served,
      menu,
      noPrefix: options.noPrefix ?? false,
      settings: (principal) => this.#listSettings(principal),
      offers: (session, { server, digest }) => this.#content.agents.offers(session, server, digest),
    });
    const counter = this.#store.add(new WorkerTokenCounter((problem) => options.log('warn', 'Tokens are estimated: the tokenizer does not run.', { problem })));
    this.#meter = this.#store.add(new TokenMeter({ journal, lists: this.#lists, counter, counted: () => this.#changed.fire() }));
    this.#tracing = new TracingSwitch({
      version: options.version,
      failed: (problem) => options.log('warn', 'Traces cannot be sent.', { problem }),
    });
    this.#relay = new Relay({
      tracer: () => this.#tracing.tracer,
      content: this.#content,
      lists: this.#lists,
      meter: this.#meter,
      menu,
      pipeline,
      journal: recording,
      neighbours,
      ready: () => this.#settled,
      instructions: (principal) => this.#instructions(principal),
      sessionsChanged: () => this.#changed.fire(),
    });
    this.#metrics = this.#store.add(new MetricsSwitch({ onDidCall: journal.onDidAppend, snapshot: () => this.snapshot() }));
    this.#announcer = this.#store.add(
      new Announcer(() => {
        this.#relay.announce();
        this.#changed.fire();
      }),
    );
    this.#profiles = new Profiles(() => config.snapshot.profiles);
    const callsToday = this.#store.add(
      new CallsToday({ journal, onDidLoad: () => this.#changed.fire(), onProblem: (message) => options.log('warn', message) }),
    );
    this.#agents = new AgentAccess({
      store: agents,
      seen,
      through: (principal, name) => this.#profiles.bound(principal, name),
      rate: (caller) => this.#flow.rateOf(caller),
      budget: (caller) => parts.spending.snapshot(caller),
      callsToday: (agent) => callsToday.of(agent),
    });
    const { openJwt } = options;
    this.#jwt = openJwt && this.#store.add(new JwtAccess({ open: openJwt, through: (principal, name) => this.#profiles.bound(principal, name), warn: (message) => options.log('warn', message) }));
    this.#endpointNote = new EndpointNote(options.dataDir, options.workspaceFolder ?? '', (message) => options.log('warn', message));
    this.#listener = createListener({
      handler: this.#relay,
      authenticator: createAuthenticator(options.noAuth === true ? { noAuth: this.#owner } : { token: options.token ?? '', principal: this.#owner, agent: (hash) => this.#agents.find(hash), bearer: this.#jwt && ((token) => this.#jwt?.find(token)) }),
      port: options.port ?? 0,
      portRequired: options.portRequired ?? false,
      profile: (principal, name) => this.#profiles.through(principal, name),
      metrics: () => this.#metrics.text(),
      serverInfo: { name: 'vestibule', title: 'Vestibule', version: options.version },
      log: options.log,
    });

    this.#store.add(this.#hub.onListing(({ server, listing }) => this.#listed(server, catalog.accept(server, listing, this.#versionIn(server, listing.info)))));
    this.#store.add(this.#hub.onDidChange(() => this.#changed.fire()));
    this.#store.add(neighbours.onDidChange(() => this.#relay.announceToGateways()));
    this.#store.add(this.signIns.onDidChange(({ uses }) => this.#reconnect(uses)));
    this.#store.add(catalog.onDidChange(() => this.#changed.fire()));
    this.#store.add(catalog.onDidChangeOffer(() => this.#announcer.soon()));
    this.#store.add(this.#hub.onSharedNotification(({ server, notification }) => this.#content.agents.notified(server, notification)));
    for (const served of [this.#served, this.#servedContent]) this.#store.add(served.onDidChange(() => this.#announcer.soon()));
    this.#store.add(
      approvals.onDidChange(() => {
        this.#recomputeServed();
        indexer.refreshAll();
        void this.#followApprovals();
        this.#noteLock();
        // What agents may inspect is part of what they are listed.
        this.#announcer.soon();
        this.#changed.fire();
      }),
    );
    this.#store.add(journal.onDidAppend((record) => learning.called({ ...record, tool: this.#shownName(record) })));
    this.#store.add(journal.onDidAppend(({ agent, tokensOut }) => parts.spending.received(agent, tokensOut)));
    this.#store.add(journal.onDidLose(() => this.#changed.fire()));
    this.#store.add(pauses.onDidChange(() => this.#changed.fire()));
    this.#store.add(consents.onDidChange(() => this.#changed.fire()));
    this.#store.add(problems.onDidChange(() => this.#changed.fire()));
    this.#store.add(agents.onDidEnd((name) => this.#listener.revoke(name)));
    if (this.#jwt !== undefined) this.#store.add(this.#jwt.onDidEnd((id) => this.#listener.revoke(id)));
    this.#store.add(agents.onDidChange(() => this.#changed.fire()));
    this.#store.add(parts.proposals.onDidChange(() => this.#changed.fire()));
    this.#store.add(config.onDidChange(() => void this.#applyConfig()));
    const firstListings = this.#applyConfig();
    this.#noteLock();
    this.#settled = options.approveAll === true ? this.#approveEverything() : Promise.race([firstListings, delay(FIRST_LISTINGS_MS)]);
  }

  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  /** Another account from now on: what asked for it, or used the former one, connects anew at once. */
  #reconnect(uses: (config: UpstreamConfig) => boolean): void {
    for (const upstream of this.#hub.all()) {
      const { kind } = upstream.state;
      if (!uses(upstream.config) || (kind !== 'sign-in-needed' && kind !== 'ready' && kind !== 'failed')) continue;
      // What keeps it from connecting is its state, and shown as such.
      upstream.restart().catch(() => undefined);
    }
  }

  get onLog(): Event<UpstreamLogLine> {
    return this.#logs.onLine;
  }

  get onDidCall(): Event<CallRecord> {
    return this.#parts.journal.onDidAppend;
  }

  forgetLearned(): Promise<void> {
    return this.#parts.learning.forget();
  }

  countTokens(): Promise<void> {
    return this.#meter.settle();
  }

  /** The bearer of the owner's agent; undefined without authentication. */
  get token(): string | undefined {
    return this.#options.noAuth === true ? undefined : this.#options.token;
  }

  snapshot(): GatewaySnapshot {
    // Only who looks at definitions wants them scanned; what is known costs one look each.
    this.#findings.refresh();
    return takeSnapshot({
      findings: this.#findings,
      config: this.#parts.config.snapshot,
      stateProblems: this.#parts.problems.all,
      mode: this.#mode(),
      endpoint: this.#listener.endpoint,
      catalog: this.#parts.catalog,
      approvals: this.#parts.approvals,
      hub: this.#hub,
      served: this.#served,
      content: this.#servedContent,
      sessions: this.#listener.sessions(),
      flow: this.#flow,
      underWay: (server) => this.#parts.pauses.underWay(server),
      agents: this.#agents.snapshots(),
      proposals: this.#proposals.all,
      agentsProblem: this.#parts.agents.problem,
      menu: this.#lists.state(this.#owner),
      tokens: this.#meter.snapshot(),
      pause: this.#parts.pauses.snapshot,
      consents: this.#parts.consents.all,
      lostRecords: this.#parts.journal.lost,
      trusted: this.#options.workspaceTrusted !== false,
      accountOf: (entry) => this.signIns.accountOf(entry),
      describeLaunch: (entry) => ({ ...describeLaunch(entry), fingerprint: fingerprintOf(entry), approved: this.#launchApproved(entry) }),
    });
  }

  async listen(): Promise<Endpoint> {
    const endpoint = await this.#listener.listen();
    await this.#endpointNote.write(endpoint);
    this.#changed.fire();
    return endpoint;
  }

  async approveLaunch(server: ServerName, fingerprint: Digest): Promise<void> {
    const entry = this.#entryOrThrow(server);
    if (fingerprintOf(entry) !== fingerprint) throw stale(`The launch of "${server}" changed after it was shown.`);
    await this.#parts.approvals.approveLaunch(server, fingerprint, 'person');
    this.#decided('approve-launch', server, '', fingerprint);
  }

  async approve(refs: readonly DefinitionRef[]): Promise<void> {
    await this.#approveAs(refs, 'person');
  }

  async block(refs: readonly DefinitionRef[]): Promise<void> {
    const textOf = this.#texts(refs);
    const diffs = refs.map((ref) => this.#changeOf({ ...ref, raw: textOf(ref) }));
    await this.#parts.approvals.block(refs, 'person');
    refs.forEach((ref, i) => this.#decided('block', ref.server, ref.name, ref.digest, 'person', diffs[i]));
  }

  async forget(refs: readonly DefinitionRef[]): Promise<void> {
    await this.#parts.approvals.forget(refs, 'person');
    for (const ref of refs) this.#decided('forget', ref.server, ref.name, ref.digest);
  }

  async undo(id?: string): Promise<DecisionSummary> {
    const undone = await this.#parts.approvals.undo(id);
    const subjects = undone.refs.length > 0 ? undone.refs : [{ server: undone.server ?? '', name: '', digest: undone.digest }];
    for (const { server, name, digest } of subjects) this.#decided('undo', server, name, digest, 'person', [undone.action]);
    return undone;
  }

  async decideLock(digest: Digest, decision: 'accepted' | 'declined', launches: readonly Digest[]): Promise<void> {
    const { approvals } = this.#parts;
    const now = this.#lockedLaunches();
    if (decision === 'accepted' && launches.some((fingerprint) => !now.includes(fingerprint))) throw stale('A launch that the lock file names changed after it was shown.');
    await approvals.decideLock(digest, decision, launches, 'person');
    this.#decided(decision === 'accepted' ? 'accept-lock' : 'decline-lock', '', approvals.lockPath ?? '', digest);
  }

  acceptedLockText(): Promise<string | undefined> {
    return this.#parts.approvals.acceptedText();
  }

  async setAcceptsDescriptions(server: ServerName, accepts: boolean): Promise<void> {
    const fingerprint = fingerprintOf(this.#entryOrThrow(server));
    await this.#parts.approvals.setAcceptsDescriptions(server, accepts ? fingerprint : undefined, 'person');
    this.#decided(accepts ? 'accept-descriptions' : 'review-descriptions', server, '', fingerprint);
    await this.#acceptDescriptions(server);
  }

  async setInspectable(server: ServerName, inspectable: boolean): Promise<void> {
    const fingerprint = fingerprintOf(this.#entryOrThrow(server));
    await this.#parts.approvals.setInspectable(server, inspectable ? fingerprint : undefined, 'person');
    this.#decided(inspectable ? 'allow-inspection' : 'end-inspection', server, '', fingerprint);
  }

  async pause(target: PauseTarget, options: { readonly cancel: boolean }): Promise<void> {
    // It holds in this process even when it cannot be written down.
    this.#decided('pause', target.server ?? '', target.tool ?? '', undefined);
    await this.#parts.pauses.pause(target, options);
  }

  async resume(target: PauseTarget): Promise<void> {
    await this.#parts.pauses.resume(target);
    this.#decided('resume', target.server ?? '', target.tool ?? '', undefined);
  }

  async setConsent({ server, tool }: { readonly server: ServerName; readonly tool?: string }, decision: 'allow' | 'ask' | 'never'): Promise<void> {
    const base = { server, at: Date.now() };
    const named = tool === undefined ? [] : [tool];
    const tools = [...this.#served.of(server)].filter(({ name }) => tool === undefined || name === tool);
    const bound = { ...base, principal: this.#owner.id };
    const consents: Readonly<Record<typeof decision, readonly StandingConsent[]>> = {
      allow: tools.map(({ name, digest }) => ({ kind: 'tool', ...bound, tool: name, digest })),
      ask: [{ kind: 'ask', ...base, ...(tool !== undefined && { tool }) }],
      never: (tool === undefined ? tools.map(({ name }) => name) : named).map((name) => ({ kind: 'never', ...bound, tool: name })),
    };
    this.#decided(decision === 'allow' ? 'consent-tool' : `consent-${decision}`, server, tool ?? '', undefined);
    await this.#parts.consents.add(consents[decision]);
  }

  async revokeConsents(consents: readonly StandingConsent[]): Promise<void> {
    await this.#parts.consents.revoke(consents);
    for (const { server, tool } of consents) {
      this.#decided('consent-revoke', server, tool ?? '', undefined);
    }
  }

  async addAgent(agent: NewAgent): Promise<IssuedAgent> {
    const issued = await this.#parts.agents.add(agent);
    this.#decided('agent-add', '', agent.name, undefined);
    return issued;
  }

  async revokeAgent(name: string): Promise<void> {
    await this.#parts.agents.revoke(name);
    this.#decided('agent-revoke', '', name, undefined);
    // Whoever gets this name next is somebody else.
    await this.#parts.consents.revoke(this.#parts.consents.all.filter((consent) => consent.kind !== 'ask' && consent.principal === name));
  }

  async acceptProposal(id: string): Promise<ServerName> {
    const name = await this.#proposals.accept(id);
    this.#decided('accept-proposal', name, '', undefined);
    return name;
  }

  async declineProposal(id: string): Promise<void> {
    const { agent, name } = await this.#proposals.decline(id);
    this.#decided('decline-proposal', name, agent, undefined);
  }

  async #proposed(request: ProposalRequest, principal: Principal): Promise<ProposalAnswer> {
    const answer = await this.#proposals.propose(request, principal);
    if (answer.kind !== 'refused') this.#decided('propose', answer.name, principal.id, undefined, principal.id);
    return answer;
  }

  /** Adds a server to the person's own file and approves its launch; its tools wait. */
  async #addServer(name: ServerName, entry: ServerEntry, inputs: readonly InputEntry[], by: string): Promise<void> {
    await editServersFile(join(this.#options.dataDir, 'servers.json'), [...inputs.map(addInput), addServer(name, entry)]);
    await this.#parts.config.reload();
    const fingerprint = fingerprintOf(this.#entryOrThrow(name));
    await this.#parts.approvals.approveLaunch(name, fingerprint, by);
    this.#decided('approve-launch', name, '', fingerprint, by);
  }

  async refresh(server: ServerName): Promise<void> {
    await this.#upstreamOrThrow(server).refresh();
    await this.#accepting.get(server);
  }

  async restart(server: ServerName): Promise<void> {
    await this.#upstreamOrThrow(server).restart();
  }

  logs(server: ServerName): readonly UpstreamLogLine[] {
    return this.#logs.lines(server);
  }

  /** Journals what a person decided through another process over the same files. */
  recordDecision(decision: DecisionEntry): void {
    this.#parts.journal.decide(decision);
  }

  calls(filter: CallFilter): Promise<readonly CallRecord[]> {
    return this.#parts.journal.query(filter);
  }

  async diagnose({ connect = true, ...surroundings }: DiagnoseOptions): Promise<readonly Diagnosis[]> {
    if (connect) {
      const stopped = [...this.#hub.all()].filter(({ config, state }) => CONNECTS.has(state.kind) && this.#launchApproved(config));
      // Each failure is the upstream's state, which is what is looked at next.
      await inBatches(stopped, FIRST_LISTINGS_AT_ONCE, (upstream) => (TRIED_BY_USE.has(upstream.state.kind) ? upstream.refresh() : upstream.restart()).catch(() => undefined));
    }
    const refused = await this.#parts.journal.query({ outcome: 'refused', since: Date.now() - DAY_MS, limit: MAX_REFUSED_READ });
    const noiseOf = ({ name }: { readonly name: ServerName }): string[] => this.#logs.lines(name).flatMap(({ source, text }) => (source === 'stdout-noise' ? [text] : []));
    return [...diagnoseSnapshot(this.snapshot(), { environment: process.env, ...surroundings, noiseOf }), ...diagnoseRefusals(refused)];
  }

  async callTool({ argumentsText, server, signal = new AbortController().signal, tool }: PersonCall): Promise<PersonCallAnswer> {
    const caller = { principal: PERSON, session: personSession({ hub: this.#hub, catalog: this.#parts.catalog }), meta: undefined, signal, onProgress: undefined, onNotification: undefined };
    const { code, kind, reply } = await this.#relay.run({ caller, route: 'person', requested: toolId(server, tool), readOnly: false, argumentsText });
    return { outcome: kind, code, answer: 'result' in reply ? reply.result : reply.error };
  }

  async fullResult(id: string): Promise<string | undefined> {
    const found = (await this.#parts.journal.query({ text: id, limit: MAX_SAME_TEXT })).find((record) => record.id === id);
    return found?.resultKey === undefined ? undefined : this.#parts.results.whole(found.resultKey, found.agent);
  }

  exportCalls(format: ExportFormat, filter: CallFilter): AsyncIterable<string> {
    return exportText(format, this.#parts.journal.all(filter), this.#options.version);
  }

  search(query: string, limit: number): readonly SearchHit[] {
    return this.#index.search(query, { limit, visible: this.#visible(PERSON), explain: true }).hits;
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#end();
    return this.#disposed;
  }

  async #end(): Promise<void> {
    this.#announcer.dispose();
    // Answers under way may still need their upstream, their store and the journal: those end after them.
    await this.#listener.close(FINISH_MS);
    await this.#consentDesk.end();
    await this.#hub.stop();
    await this.#tracing.close(TRACES_END_MS);
    this.#store.dispose();
    await this.#parts.seen.flush();
    await this.#parts.spending.flush();
    this.#parts.spending.dispose();
    this.#parts.proposals.dispose();
    this.#agents.dispose();
    this.#parts.config.dispose();
    this.#parts.approvals.dispose();
    this.#parts.results.dispose();
    this.#parts.pauses.dispose();
    this.#parts.consents.dispose();
    this.#parts.problems.dispose();
    await this.#parts.catalog.dispose();
    await this.#parts.indexFile.flush();
    await this.#parts.learning.close();
    await this.#parts.journal.close();
    await this.#logs.flush();
    this.#changed.dispose();
  }

  /** The principal of the agent this gateway is for. */
  get #owner(): Principal {
    return this.#options.noAuth === true ? LOCAL : OWNERS[this.#options.owner];
  }

  #mode(): MenuMode {
    return this.#options.mode ?? this.#parts.config.snapshot.gateway.mode;
  }

  #listSettings({ profile: through }: Principal): ListSettings {
    const { gateway, profiles } = this.#parts.config.snapshot;
    const profile = through === undefined ? undefined : profiles[through.name];
    const threshold = gateway.directThreshold ?? (this.#options.smallCatalogsDirect === true ? 'auto' : 0);
    return { mode: profile?.mode ?? this.#mode(), pinned: profile?.pinned ?? gateway.pinned, directThreshold: threshold === 'auto' ? undefined : threshold };
  }

  #entry(server: ServerName): UpstreamConfig | undefined {
    return this.#parts.config.snapshot.upstreams.find((entry) => entry.name === server);
  }

  /** What the gate needs to know of a server; undefined when it is not configured. */
  #gateInput(server: ServerName): GateInput | undefined {
    const config = this.#entry(server);
    return config && { config, approvals: this.#parts.approvals, launchApproved: this.#launchApproved(config), versionHeld: config.newVersion === 'hold' && this.#versionWaits(server) };
  }

  /** A version counts only where the launch does not say it: elsewhere a change of it is no change of what was approved. */
  #versionIn(server: ServerName, { version }: UpstreamInfo): string | undefined {
    const config = this.#entry(server);
    return config !== undefined && namesNoVersion(config) ? version : undefined;
  }

  /** Whether the program behind a launch that names no version is one that nobody approved. */
  #versionWaits(server: ServerName): boolean {
    const version = this.#parts.catalog.server(server)?.version;
    return version !== undefined && this.#parts.approvals.status(versionOf(server, version).ref) !== 'approved';
  }

  #entryOrThrow(server: ServerName): UpstreamConfig {
    const entry = this.#entry(server);
    if (entry !== undefined) return entry;
    throw new VestibuleError('not-found', `There is no server named "${server}".`, { action: 'Check the name in the servers file.' });
  }

  #upstreamOrThrow(server: ServerName): NonNullable<ReturnType<UpstreamHub['get']>> {
    this.#entryOrThrow(server);
    const upstream = this.#hub.get(server);
    if (upstream !== undefined) return upstream;
    throw new VestibuleError('not-found', `The server "${server}" is switched off.`, { action: 'Enable it first.' });
  }

  #launchApproved(entry: UpstreamConfig): boolean {
    if (entry.origin === 'workspace' && this.#options.workspaceTrusted === false) return false;
    return this.#parts.approvals.launchApproved(entry.name, fingerprintOf(entry));
  }

  #instructions(principal: Principal): string | undefined {
    const servers = new Set<ServerName>();
    for (const tool of this.#lists.visible(principal)) servers.add(tool.server);
    const blocks = [...this.#content.instructions(principal)];
    // Where nothing is rewritten, the one server speaks for itself.
    const [only] = blocks;
    if (only?.slug === '') return only.text;
    return gatewayInstructions(this.#lists.state(principal).effective, [...servers], this.#parts.config.snapshot.gateway.instructions, blocks);
  }

  /** What agents call the tool of a call: searches know tools by that name. */
  #shownName({ server, tool }: CallRecord): string {
    if (this.#entry(server)?.tools.alias[tool] === undefined) return tool;
    return this.#parts.catalog.server(server)?.tools.find(({ name }) => name === tool)?.shownName ?? tool;
  }

  /** Resolves when servers that were never listed have been, or failed. */
  #applyConfig(): Promise<void> {
    this.#parts.learning.apply();
    this.#flow.apply(this.#parts.config.snapshot);
    this.#jwt?.apply(this.#parts.config.snapshot.gateway.jwt);
    const { upstreams } = this.#parts.config.snapshot;
    const enabled = upstreams.filter((entry) => entry.enabled);
    for (const entry of upstreams) {
      const fingerprint = fingerprintOf(entry);
      const before = this.#fingerprints.get(entry.name);
      // What another launch listed says nothing of this one.
      if (before !== undefined && before !== fingerprint) {
        this.#parts.catalog.remove(entry.name);
        this.#flow.answers.forget(entry.name);
      }
      this.#fingerprints.set(entry.name, fingerprint);
    }
    this.#parts.catalog.setRules(new Map(upstreams.filter((entry) => this.#mayRule(entry)).map(({ name, tools }) => [name, tools])));
    this.#parts.catalog.setServers(upstreams.map((entry) => entry.name));
    this.#metrics.set(this.#parts.config.snapshot.gateway.metrics);
    this.#tracing.set(this.#parts.config.snapshot.gateway.traces ?? this.#options.tracesEndpoint);
    this.#hub.apply(enabled);
    this.#recomputeServed();
    const firstListings = this.#followApprovals();
    this.#announcer.soon();
    this.#changed.fire();
    return firstListings;
  }

  /** A file that came with a folder nobody trusts may hide tools, but not rewrite them. */
  #mayRule({ origin, tools }: UpstreamConfig): boolean {
    const rules = Object.keys(tools.alias).length + Object.keys(tools.overrides).length > 0;
    return rules && (origin === 'user' || this.#options.workspaceTrusted !== false);
  }

  #recomputeServed(): void {
    this.#served.recomputeAll();
    this.#servedContent.recomputeAll();
  }

  /** Ends what lost its approval, and lists for the first time what gained it; resolves when that is done, or failed. */
  #followApprovals(): Promise<void> {
    const unlisted: ServerName[] = [];
    const eager: ServerName[] = [];
    for (const upstream of this.#hub.all()) {
      const { config, state } = upstream;
      if (!this.#launchApproved(config)) {
        if (state.kind !== 'quarantined') void upstream.stop();
      } else if (state.kind === 'idle' || state.kind === 'quarantined') {
        if (this.#parts.catalog.server(config.name) === undefined) unlisted.push(config.name);
        else if (!config.lazy) eager.push(config.name);
      }
    }
    const connect = async (server: ServerName): Promise<void> => {
      // A failure is the upstream's state now, shown where the person looks; the supervisor tries again.
      await this.#hub.get(server)?.connect().catch(() => undefined);
      await this.#accepting.get(server);
    };
    void inBatches(eager, FIRST_LISTINGS_AT_ONCE, connect);
    return inBatches(unlisted, FIRST_LISTINGS_AT_ONCE, connect);
  }

  /** @param accepted resolves when the whole listing is in the catalog: at once, unless it is very large */
  #listed(server: ServerName, accepted: Promise<void>): void {
    const done = accepted
      .then(async () => {
        if (!this.#toApprove.delete(server)) return await this.#acceptDescriptions(server);
        const catalog = this.#parts.catalog.server(server);
        if (catalog !== undefined) await this.#approveAs(definitionsOf(catalog).map(({ ref }) => ref), 'approve-all');
      })
      .catch((error: unknown) => this.#options.log('error', `The tools of a server could not be approved: ${messageOf(error)}`, { server }))
      .finally(() => {
        if (this.#accepting.get(server) === done) this.#accepting.delete(server);
      });
    this.#accepting.set(server, done);
  }

  async #approveAs(refs: readonly DefinitionRef[], by: string): Promise<void> {
    const textOf = this.#texts(refs);
    const known = refs.map((ref) => {
      // A decision is about the text it was shown, if that still stands.
      const raw = textOf(ref);
      if (raw === undefined) throw stale(`"${ref.name}" of "${ref.server}" changed after it was shown.`);
      return { ...ref, raw };
    });
    const diffs = known.map((ref) => this.#changeOf(ref));
    await this.#parts.approvals.approve(known, by);
    refs.forEach((ref, i) => this.#decided('approve', ref.server, ref.name, ref.digest, by, diffs[i]));
  }

  /** Accepts what has only another description, where the person wrote that rule and the scanner finds nothing in it. */
  async #acceptDescriptions(server: ServerName): Promise<void> {
    const { approvals, catalog } = this.#parts;
    const entry = this.#entry(server);
    if (entry === undefined || !approvals.acceptsDescriptions(server, fingerprintOf(entry))) return;
    const peers = [...this.#served.all()].map(peerOf);
    const clean = (catalog.server(server)?.tools ?? []).filter((tool) => {
      const ref = refOf('tool', tool);
      if (approvals.status(ref) !== 'changed' || approvals.refused(ref)) return false;
      const before = approvals.lastApproved(server, 'tool', tool.name)?.raw;
      return before !== undefined && isCleanDescriptionChange(server, before, tool.raw, peers);
    });
    if (clean.length > 0) await this.#approveAs(clean.map((tool) => refOf('tool', tool)), 'rule');
  }

  /** The servers whose waiting definitions agents may look at. */
  #inspectable(): readonly ServerName[] {
    const { approvals, config } = this.#parts;
    return config.snapshot.upstreams.filter((entry) => approvals.inspectable(entry.name, fingerprintOf(entry))).map(({ name }) => name);
  }

  /** Every definition that holds text of a server's, for the scanner. */
  #scannable(): Scannable {
    const { approvals, catalog, config } = this.#parts;
    const servers = config.snapshot.upstreams.map(({ name }) => name);
    const seen = servers.map((name) => catalog.server(name)).filter((server) => server !== undefined);
    const tools = seen.flatMap((server) => server.tools);
    const standing = ({ ref, raw }: PinnedDefinition): readonly StandingDefinition[] => {
      const kind = scannedAs(ref.kind);
      if (kind === undefined) return [];
      const status = approvals.status(ref);
      const approvedRaw = status === 'changed' ? approvals.lastApproved(ref.server, ref.kind, ref.name)?.raw : undefined;
      return [{ server: ref.server, kind, raw, digest: ref.digest, awaits: status === 'pending' || status === 'changed', approvedRaw }];
    };
    return {
      servers,
      peers: tools.map(peerOf),
      definitions: seen.flatMap((server) => definitionsOf(server).flatMap(standing)),
    };
  }

  /** Journals each content of the lock file that counts without anybody being asked. */
  #noteLock(): void {
    const { standing, content, lockPath = '' } = this.#parts.approvals;
    if (standing !== 'always' || content.kind !== 'read' || content.digest === this.#notedLock) return;
    this.#notedLock = content.digest;
    this.#decided('accept-lock', '', lockPath, content.digest, 'always');
  }

  /** Fingerprints of the workspace's servers whose launch is the one the lock file names. */
  #lockedLaunches(): readonly Digest[] {
    const { content } = this.#parts.approvals;
    if (content.kind !== 'read') return [];
    const own = this.#parts.config.snapshot.upstreams.filter(({ origin }) => origin === 'workspace');
    return own.filter((entry) => content.lock.get(entry.name)?.fingerprint === fingerprintOf(entry)).map(fingerprintOf);
  }

  /** Finds the texts these decisions are about, where they still stand at the digest that was shown. */
  #texts(refs: readonly DefinitionRef[]): (ref: DefinitionRef) => RawJson | undefined {
    const servers = new Set(refs.map(({ server }) => server));
    const texts = new Map([...servers].map((server) => [server, textsOf(this.#parts.catalog.server(server))]));
    return (ref) => texts.get(ref.server)?.(ref);
  }

  /** Where a definition differs from the one approved before, for the journal. */
  #changeOf({ server, kind, name, digest, raw }: DefinitionRef & { readonly raw: RawJson | undefined }): readonly string[] | undefined {
    const before = this.#parts.approvals.lastApproved(server, kind, name);
    return before?.raw === undefined || raw === undefined || before.digest === digest ? undefined : describeChange(before.raw, raw);
  }

  /** `--approve-all`: approves every launch, and each server's first listing of this process. */
  async #approveEverything(): Promise<void> {
    const { upstreams } = this.#parts.config.snapshot;
    const enabled = upstreams.filter((entry) => entry.enabled).map((entry) => entry.name);
    // First, for the approval of a launch already has it connected and listed.
    for (const server of enabled) this.#toApprove.add(server);
    await this.#parts.approvals.approveLaunches(upstreams.map((entry) => ({ server: entry.name, fingerprint: fingerprintOf(entry) })), 'approve-all');
    const listed = inBatches(enabled, FIRST_LISTINGS_AT_ONCE, async (server) => {
      await this.refresh(server).catch(() => undefined);
    });
    await Promise.race([listed, delay(SETTLE_MS)]);
  }

  #decided(action: DecisionEntry['action'], server: ServerName, subject: string, digest: Digest | undefined, by = 'person', diff?: readonly string[]): void {
    this.#parts.journal.decide({ time: Date.now(), by, action, server, subject, digest, ...(diff !== undefined && { diff }) });
  }
}

const PERSON: Principal = { id: 'person', kind: 'person', label: 'You', grant: FULL_GRANT };
const LOCAL: Principal = { id: 'local', kind: 'local', label: 'Local agent', grant: FULL_GRANT };
const OWNERS: Readonly<Record<GatewayOptions['owner'], Principal>> = {
  editor: { id: 'editor', kind: 'editor', label: 'Agent in the editor', grant: FULL_GRANT },
  local: LOCAL,
};

/** A tool as its server describes it, for comparing. */
function peerOf({ server, name, description, shaping }: CatalogTool): Peer {
  return { server, name, description: shaping?.own.description ?? description };
}

/** The state of an upstream for agents: nothing of its own text. */
function stateWords(state: UpstreamState = { kind: 'disabled' }): string {
  if (state.kind === 'failed') return `failed (${state.error.reason})`;
  return state.kind === 'quarantined' ? 'awaiting approval' : state.kind;
}

function stale(message: string): VestibuleError {
  return new VestibuleError('stale-decision', message, { action: 'Look at it again and decide anew.' });
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
