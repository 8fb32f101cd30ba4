import { join } from 'node:path';
import { AgentAccess } from './agents/agent-access.ts';
import { BearerAccess } from './agents/bearer-access.ts';
import type { IssuedAgent, NewAgent } from './agents/types.ts';
import type { DiagnoseOptions, GatewayApi, GatewaySnapshot, PersonCall, PersonCallAnswer } from './api.ts';
import { inBatches } from './batches.ts';
import { scannedAs } from './catalog/definitions.ts';
import { SYSTEM_CLOCK } from './clock.ts';
import { addInput, addServer, editServersFile, type InputEntry, type ServerEntry } from './config/edit.ts';
import type { IntrospectionSettings, JwtSettings, MenuMode, UpstreamConfig } from './config/types.ts';
import { resolveTransport } from './config/variables.ts';
import { EndpointNote } from './connect/endpoints.ts';
import { ConsentDesk } from './consent/consent-desk.ts';
import type { StandingConsent } from './consent/types.ts';
import { diagnoseRefusals } from './diagnosis/house.ts';
import { diagnoseSnapshot } from './diagnosis/snapshot.ts';
import type { Diagnosis } from './diagnosis/types.ts';
import { createAuthenticator } from './downstream/authenticator.ts';
import { createListener, type Listener } from './downstream/listener.ts';
import type { Endpoint } from './downstream/types.ts';
import { VestibuleError, messageOf } from './errors.ts';
import { DisposableStore, Emitter, type Event } from './events.ts';
import { exportText, type ExportFormat } from './journal/export.ts';
import { CallsToday } from './journal/calls-today.ts';
import { isCopy, type CallFilter, type CallRecord, type DecisionEntry, type Journal } from './journal/types.ts';
import { Indexer } from './menu/indexer.ts';
import { createMenu } from './menu/menu.ts';
import type { MenuCall } from './menu/types.ts';
import { MetricsSwitch } from './metrics/metrics-switch.ts';
import { FULL_GRANT, toolId, type Digest, type Principal, type ServerName, type ToolId } from './model.ts';
import type { GatewayOptions } from './options.ts';
import type { PauseTarget } from './pause/types.ts';
import { createAnswerRules } from './pipeline/answer-rules.ts';
import { createLookAside } from './pipeline/look-aside.ts';
import { createLookThrough, type LookThroughDeps } from './pipeline/look-through.ts';
import { inOrder } from './pipeline/order.ts';
import { createPipeline } from './pipeline/pipeline.ts';
import { Traces, type CallTrace } from './pipeline/traces.ts';
import { createAuthorize } from './pipeline/stages/authorize.ts';
import { createBreaker } from './pipeline/stages/breaker.ts';
import { createBudget } from './pipeline/stages/budget.ts';
import { createCache } from './pipeline/stages/cache.ts';
import { createConsent } from './pipeline/stages/consent.ts';
import { createCredentials } from './pipeline/stages/credentials.ts';
import { createDispatch } from './pipeline/stages/dispatch.ts';
import { createGate } from './pipeline/stages/gate.ts';
import { createInspect } from './pipeline/stages/inspect.ts';
import { createLane } from './pipeline/stages/lane.ts';
import { createRates } from './pipeline/stages/rates.ts';
import { createRecord } from './pipeline/stages/record.ts';
import { createResolve } from './pipeline/stages/resolve.ts';
import { createRetry } from './pipeline/stages/retry.ts';
import { createRoute, type CallCopy } from './pipeline/stages/route.ts';
import { createShape } from './pipeline/stages/shape.ts';
import type { Call } from './pipeline/types.ts';
import { Flow } from './policy/flow/flow.ts';
import { StoreSwitch } from './policy/flow/store-switch.ts';
import { mayUse } from './policy/grants.ts';
import { perPrincipal } from './policy/per-principal.ts';
import { Profiles } from './policy/profiles.ts';
import { ServedContent } from './policy/served-content.ts';
import { ServedTools } from './policy/served.ts';
import { Proposals } from './proposals/proposals.ts';
import { Registries } from './proposals/registries.ts';
import type { ProposalAnswer, ProposalRequest } from './proposals/types.ts';
import { describeLaunch, fingerprintOf } from './quarantine/launch.ts';
import { withheld, withheldContent } from './quarantine/gate.ts';
import type { DecisionSummary, DefinitionRef } from './quarantine/types.ts';
import { Announcer } from './relay/announcer.ts';
import { ContentRelay } from './relay/content.ts';
import { gatewayInstructions } from './relay/instructions.ts';
import { personSession } from './relay/person.ts';
import { Relay } from './relay/relay.ts';
import { TokenMeter } from './relay/token-meter.ts';
import { type ListSettings, ToolLists } from './relay/tool-lists.ts';
import { WorkerSandbox } from './sandbox/sandbox.ts';
import { DefinitionFindings } from './scanner/definition-findings.ts';
import { createToolIndex } from './search/tool-index.ts';
import type { SearchHit, ToolIndex } from './search/types.ts';
import { WorkerTokenCounter } from './tokens/worker-counter.ts';
import { SignIns } from './sign-ins.ts';
import { Decisions } from './gateway/decisions.ts';
import { CONNECTED_AT_ONCE, Listings } from './gateway/listings.ts';
import { closeParts, openParts, type OpenedParts } from './gateway/parts.ts';
import { Standing } from './gateway/standing.ts';
import { takeNotices, takeSnapshot, type Notices } from './snapshot.ts';
import { Neighbours } from './upstream/neighbours.ts';
import { TracingSwitch } from './tracing/tracing-switch.ts';
import { UpstreamHub } from './upstream/hub.ts';
import { UpstreamLogs } from './upstream/log-store.ts';
import type { UpstreamLogLine, UpstreamState } from './upstream/types.ts';
import { createVariableScope } from './variable-scope.ts';

/** How long in-flight calls may finish when the gateway ends, in milliseconds (contract §1). */
const FINISH_MS = 3_000;
/** A JWT is looked at again after this, so that a key its issuer withdrew does not count for as long as the token. In milliseconds. */
const JWT_RECHECK_MS = 60_000;
/** A token that its issuer says does not count is not asked about again before this. In milliseconds. */
const INTROSPECTED_NO_MS = 10_000;
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
  return new Gateway(options, await openParts(options));
}

/** Owns the rooms of the core and wires them; the only place that does. */
export class Gateway implements GatewayApi {
  readonly #options: GatewayOptions;
  readonly #parts: OpenedParts;
  readonly #store = new DisposableStore();
  readonly #changed = new Emitter<void>();
  readonly #logs: UpstreamLogs;
  readonly signIns: SignIns;
  readonly #standing: Standing;
  readonly #decisions: Decisions;
  readonly #listings: Listings;
  readonly #traces: Traces;
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
  readonly #cacheStore: StoreSwitch;
  readonly #agents: AgentAccess;
  readonly #jwt: BearerAccess<JwtSettings> | undefined;
  readonly #introspected: BearerAccess<IntrospectionSettings> | undefined;
  readonly #proposals: Proposals;
  readonly #relay: Relay;
  readonly #listener: Listener;
  readonly #endpointNote: EndpointNote;
  readonly #metrics: MetricsSwitch;
  readonly #tracing: TracingSwitch;
  readonly #announcer: Announcer;
  /** The launch each server was last configured with. */
  readonly #fingerprints = new Map<ServerName, Digest>();
  /** Pends until agents can be told of everything there is at the start. */
  #settling: Promise<void> | undefined;
  #disposed: Promise<void> | undefined;

  constructor(options: GatewayOptions, parts: OpenedParts) {
    this.#options = options;
    this.#parts = parts;
    this.#cacheStore = new StoreSwitch({ open: options.openCacheStore, use: (shared) => (this.#flow.shared = shared), warn: (message, action) => options.log('warn', message, { action }) });
    const { agents, approvals, catalog, config, consents, indexFile, journal, learning, pauses, problems, results, seen } = parts;
    const { redactor } = journal;
    this.#standing = new Standing({ approvals, catalog, config, workspaceTrusted: options.workspaceTrusted !== false });
    if (options.token !== undefined) redactor.addKnown(options.token);
    this.#logs = this.#store.add(new UpstreamLogs(join(options.dataDir, 'logs'), (text) => redactor.text(text)));
    const scope = createVariableScope(
      options,
      () => config.snapshot,
      (value, server) => redactor.addKnown(value, server),
    );
    this.signIns = this.#store.add(
      new SignIns({
        open: options.openKeys,
        workspace: options.workspaceFolder,
        known: (value) => redactor.addKnown(value),
        report: (problem) => options.log('error', problem.message, { action: problem.action }),
        resolve: (entry) => resolveTransport(entry, scope),
        entry: (server) => this.#standing.entry(server),
        launchApproved: (entry) => this.#standing.launchApproved(entry),
      }),
    );
    const neighbours = new Neighbours();
    this.#hub = this.#store.add(
      new UpstreamHub({
        neighbours,
        launchApproved: (entry) => this.#standing.launchApproved(entry),
        resolve: (entry) => this.signIns.resolve(entry),
        keys: this.signIns,
        log: (line) => this.#logs.append(line),
        redact: (text) => redactor.text(text),
        stateDir: parts.stateDir,
        clientVersion: options.version,
        eras: parts.eras,
      }),
    );
    this.#served = this.#store.add(
      new ServedTools(catalog, (tool) => withheld(tool, this.#standing.gateInput(tool.server))),
    );
    this.#decisions = new Decisions({ parts, standing: this.#standing, served: this.#served, owner: this.#owner.id });
    this.#listings = new Listings({ parts, hub: this.#hub, standing: this.#standing, decisions: this.#decisions, log: options.log });
    this.#findings = this.#store.add(new DefinitionFindings(() => this.#standing.scannable(), () => this.#changed.fire()));
    this.#servedContent = this.#store.add(
      new ServedContent(catalog, (ref) => withheldContent(ref, this.#standing.gateInput(ref.server))),
    );
    const answerRules = createAnswerRules(config);
    const looking: LookThroughDeps = { policy: (server) => answerRules().policy(server), held: redactor };
    const lookThrough = createLookThrough(looking);
    const inspect = createInspect({
      results,
      budget: (server) => answerRules().budget(server),
      ...looking,
    });
    this.#content = new ContentRelay({
      hub: this.#hub,
      catalog,
      tools: this.#served,
      content: this.#servedContent,
      pauses,
      flow: this.#flow,
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
    this.#traces = new Traces((text) => redactor.text(text));
    const pipeline = createPipeline(
      inOrder({
        resolve: createResolve({ catalog, visibleTools: (principal) => this.#lists.visible(principal) }),
        route: createRoute({ flow: this.#flow, catalog, served: this.#served, copy: (call, copy) => this.#copyOf(call, copy) }),
        gate: createGate(this.#served, pauses),
        authorize: createAuthorize(),
        credentials: createCredentials(redactor),
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
        record: createRecord(recording, undefined, this.#traces),
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
        servers: () => this.#standing.inspectable(),
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
      answerRules,
      journal: recording,
      neighbours,
      ready: () => this.#settling,
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
    const { openIntrospection, openJwt } = options;
    const bearers = { through: (principal: Principal, name: string) => this.#profiles.bound(principal, name), warn: (message: string) => options.log('warn', message) };
    this.#jwt = openJwt && this.#store.add(new BearerAccess({ ...bearers, kind: 'jwt', open: openJwt, recheckMs: () => JWT_RECHECK_MS, refusedMs: 0 }));
    this.#introspected =
      openIntrospection &&
      this.#store.add(
        new BearerAccess({
          ...bearers,
          kind: 'token',
          open: openIntrospection,
          refusedMs: INTROSPECTED_NO_MS,
          recheckMs: ({ cacheSeconds }) => cacheSeconds * 1000,
          hasSession: (label) => this.#listener.sessions().some(({ agent, kind }) => kind === 'agent' && agent === label),
        }),
      );
    this.#endpointNote = new EndpointNote(options.dataDir, options.workspaceFolder ?? '', (message) => options.log('warn', message));
    this.#listener = createListener({
      handler: this.#relay,
      authenticator: createAuthenticator(options.noAuth === true ? { noAuth: this.#owner } : { token: options.token ?? '', principal: this.#owner, agent: (hash) => this.#agents.find(hash), bearer: this.#jwt && ((token) => this.#jwt?.find(token)), opaque: this.#introspected && ((token) => this.#introspected?.find(token)) }),
      port: options.port ?? 0,
      portRequired: options.portRequired ?? false,
      profile: (principal, name) => this.#profiles.through(principal, name),
      metrics: () => this.#metrics.text(),
      serverInfo: { name: 'vestibule', title: 'Vestibule', version: options.version },
      log: options.log,
    });

    this.#store.add(this.#hub.onListing(({ server, listing }) => this.#listings.listed(server, catalog.accept(server, listing, this.#standing.versionIn(server, listing.info)))));
    this.#store.add(this.#hub.onDidChange(() => this.#changed.fire()));
    this.#store.add(neighbours.onDidChange(() => this.#relay.announceToGateways()));
    this.#store.add(this.signIns.onDidChange(({ uses }) => this.#reconnect(uses)));
    this.#store.add(catalog.onDidChange(() => this.#changed.fire()));
    this.#store.add(catalog.onDidChangeOffer(() => this.#announcer.soon()));
    this.#store.add(this.#hub.onSharedNotification(({ server, notification }) => this.#content.notified(server, notification)));
    for (const served of [this.#served, this.#servedContent]) this.#store.add(served.onDidChange(() => this.#announcer.soon()));
    this.#store.add(
      approvals.onDidChange(() => {
        this.#recomputeServed();
        indexer.refreshAll();
        void this.#listings.follow();
        this.#decisions.noteLock();
        // What agents may inspect is part of what they are listed.
        this.#announcer.soon();
        this.#changed.fire();
      }),
    );
    this.#store.add(journal.onDidAppend((record) => learning.called({ ...record, tool: this.#shownName(record) })));
    this.#store.add(journal.onDidAppend(({ agent, route, tokensOut }) => !isCopy(route) && parts.spending.received(agent, tokensOut)));
    this.#store.add(journal.onDidLose(() => this.#changed.fire()));
    this.#store.add(pauses.onDidChange(() => this.#changed.fire()));
    this.#store.add(consents.onDidChange(() => this.#changed.fire()));
    this.#store.add(problems.onDidChange(() => this.#changed.fire()));
    this.#store.add(agents.onDidEnd((name) => this.#listener.revoke(name)));
    for (const access of [this.#jwt, this.#introspected]) if (access !== undefined) this.#store.add(access.onDidEnd((id) => this.#listener.revoke(id)));
    this.#store.add(agents.onDidChange(() => this.#changed.fire()));
    this.#store.add(parts.proposals.onDidChange(() => this.#changed.fire()));
    this.#store.add(config.onDidChange(() => void this.#applyConfig()));
    const firstListings = this.#applyConfig();
    this.#decisions.noteLock();
    const settled = options.approveAll === true ? this.#listings.approveEverything() : this.#listings.settled(firstListings);
    this.#settling = settled.finally(() => (this.#settling = undefined));
  }

  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  /** Another account from now on: what asked for it, or used the former one, connects anew at once. */
  #reconnect(uses: (config: UpstreamConfig) => boolean): void {
    for (const upstream of this.#hub.all()) {
      const { kind } = upstream.state;
      // What another account was answered is not this one's.
      if (uses(upstream.config)) this.#flow.forget(upstream.config.name);
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

  /** What a program without views says in its log: a whole snapshot costs by tools, and has each of them scanned. */
  notices(): Notices {
    return takeNotices({ config: this.#parts.config.snapshot, stateProblems: this.#parts.problems.all, catalog: this.#parts.catalog, approvals: this.#parts.approvals, agentsProblem: this.#parts.agents.problem });
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
      describeLaunch: (entry) => ({ ...describeLaunch(entry), fingerprint: fingerprintOf(entry), approved: this.#standing.launchApproved(entry) }),
    });
  }

  async listen(): Promise<Endpoint> {
    const endpoint = await this.#listener.listen();
    await this.#endpointNote.write(endpoint);
    this.#changed.fire();
    return endpoint;
  }

  approveLaunch(server: ServerName, fingerprint: Digest): Promise<void> {
    return this.#decisions.approveLaunch(server, fingerprint);
  }

  approve(refs: readonly DefinitionRef[]): Promise<void> {
    return this.#decisions.approve(refs);
  }

  block(refs: readonly DefinitionRef[]): Promise<void> {
    return this.#decisions.block(refs);
  }

  forget(refs: readonly DefinitionRef[]): Promise<void> {
    return this.#decisions.forget(refs);
  }

  undo(id?: string): Promise<DecisionSummary> {
    return this.#decisions.undo(id);
  }

  decideLock(digest: Digest, decision: 'accepted' | 'declined', launches: readonly Digest[]): Promise<void> {
    return this.#decisions.decideLock(digest, decision, launches);
  }

  acceptedLockText(): Promise<string | undefined> {
    return this.#parts.approvals.acceptedText();
  }

  setAcceptsDescriptions(server: ServerName, accepts: boolean): Promise<void> {
    return this.#decisions.setAcceptsDescriptions(server, accepts);
  }

  setInspectable(server: ServerName, inspectable: boolean): Promise<void> {
    return this.#decisions.setInspectable(server, inspectable);
  }

  pause(target: PauseTarget, options: { readonly cancel: boolean }): Promise<void> {
    return this.#decisions.pause(target, options);
  }

  resume(target: PauseTarget): Promise<void> {
    return this.#decisions.resume(target);
  }

  setConsent(target: { readonly server: ServerName; readonly tool?: string }, decision: 'allow' | 'ask' | 'never'): Promise<void> {
    return this.#decisions.setConsent(target, decision);
  }

  revokeConsents(consents: readonly StandingConsent[]): Promise<void> {
    return this.#decisions.revokeConsents(consents);
  }

  addAgent(agent: NewAgent): Promise<IssuedAgent> {
    return this.#decisions.addAgent(agent);
  }

  revokeAgent(name: string): Promise<void> {
    return this.#decisions.revokeAgent(name);
  }

  async acceptProposal(id: string): Promise<ServerName> {
    const name = await this.#proposals.accept(id);
    this.#decisions.note('accept-proposal', name, '', undefined);
    return name;
  }

  async declineProposal(id: string): Promise<void> {
    const { agent, name } = await this.#proposals.decline(id);
    this.#decisions.note('decline-proposal', name, agent, undefined);
  }

  async #proposed(request: ProposalRequest, principal: Principal): Promise<ProposalAnswer> {
    const answer = await this.#proposals.propose(request, principal);
    if (answer.kind !== 'refused') this.#decisions.note('propose', answer.name, principal.id, undefined, principal.id);
    return answer;
  }

  /** Adds a server to the person's own file and approves its launch; its tools wait. */
  async #addServer(name: ServerName, entry: ServerEntry, inputs: readonly InputEntry[], by: string): Promise<void> {
    await editServersFile(join(this.#options.dataDir, 'servers.json'), [...inputs.map(addInput), addServer(name, entry)]);
    await this.#parts.config.reload();
    await this.#decisions.approveLaunch(name, fingerprintOf(this.#standing.entryOrThrow(name)), by);
  }

  async refresh(server: ServerName): Promise<void> {
    this.#upstreamOrThrow(server);
    await this.#listings.refresh(server);
  }

  /** Reads the servers files now; a running gateway does so by itself within a second of a change. */
  reload(): Promise<void> {
    return this.#parts.config.reload();
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
      const stopped = [...this.#hub.all()].filter(({ config, state }) => CONNECTS.has(state.kind) && this.#standing.launchApproved(config));
      // Each failure is the upstream's state, which is what is looked at next.
      await inBatches(stopped, CONNECTED_AT_ONCE, (upstream) => (TRIED_BY_USE.has(upstream.state.kind) ? upstream.refresh() : upstream.restart()).catch(() => undefined));
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

  callTrace(id: string): CallTrace | undefined {
    return this.#traces.of(id);
  }

  /**
   * Makes a copy of a call at another server, as its caller, who is not asked about it and pays nothing. Of a mirror's copy
   * it hears nothing at all; a hedge's may become its answer, and is made by its own connection.
   */
  #copyOf({ id, meta, principal, session }: Call, { argumentsText, requested, route, signal }: CallCopy): Promise<unknown> {
    const { client, id: of } = session;
    const alone = { ...personSession({ hub: this.#hub, catalog: this.#parts.catalog }), id: of, client };
    const own = { id: of, client, connect: (server: ServerName) => session.connect(server) };
    const caller = { principal, session: route === 'hedge' ? own : alone, meta: route === 'hedge' ? meta : undefined, signal, onProgress: undefined, onNotification: undefined };
    return this.#relay.run({ caller, route, requested, readOnly: true, argumentsText, parent: id });
  }

  async fullResult(id: string): Promise<string | undefined> {
    const found = (await this.#parts.journal.query({ text: id, limit: MAX_SAME_TEXT })).find((record) => record.id === id);
    return found?.resultKey === undefined ? undefined : this.#parts.results.whole(found.resultKey, found.agent);
  }

  exportCalls(format: ExportFormat, filter: CallFilter, wanted: (record: CallRecord) => boolean = () => true): AsyncIterable<string> {
    return exportText(format, only(this.#parts.journal.all(filter), wanted), this.#options.version);
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
    await this.#cacheStore.close();
    await this.#tracing.close(TRACES_END_MS);
    this.#store.dispose();
    await closeParts(this.#parts);
    this.#agents.dispose();
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

  #upstreamOrThrow(server: ServerName): NonNullable<ReturnType<UpstreamHub['get']>> {
    this.#standing.entryOrThrow(server);
    const upstream = this.#hub.get(server);
    if (upstream !== undefined) return upstream;
    throw new VestibuleError('not-found', `The server "${server}" is switched off.`, { action: 'Enable it first.' });
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
    if (this.#standing.entry(server)?.tools.alias[tool] === undefined) return tool;
    return this.#parts.catalog.server(server)?.tools.find(({ name }) => name === tool)?.shownName ?? tool;
  }

  /** Resolves when servers that were never listed have been, or failed. */
  #applyConfig(): Promise<void> {
    this.#parts.learning.apply();
    this.#cacheStore.set(this.#parts.config.snapshot.gateway.cache);
    this.#flow.apply(this.#parts.config.snapshot);
    this.#jwt?.apply(this.#parts.config.snapshot.gateway.jwt);
    this.#introspected?.apply(this.#parts.config.snapshot.gateway.introspection);
    const { upstreams } = this.#parts.config.snapshot;
    const enabled = upstreams.filter((entry) => entry.enabled);
    for (const entry of upstreams) {
      const fingerprint = fingerprintOf(entry);
      const before = this.#fingerprints.get(entry.name);
      // What another launch listed says nothing of this one.
      if (before !== undefined && before !== fingerprint) {
        this.#parts.catalog.remove(entry.name);
        this.#flow.forget(entry.name);
      }
      this.#fingerprints.set(entry.name, fingerprint);
    }
    this.#parts.catalog.setRules(new Map(upstreams.filter((entry) => this.#standing.mayRule(entry)).map(({ name, tools }) => [name, tools])));
    this.#parts.catalog.setServers(upstreams.map((entry) => entry.name));
    this.#metrics.set(this.#parts.config.snapshot.gateway.metrics);
    this.#tracing.set(this.#parts.config.snapshot.gateway.traces ?? this.#options.tracesEndpoint);
    this.#hub.apply(enabled);
    this.#recomputeServed();
    const firstListings = this.#listings.follow();
    this.#announcer.soon();
    this.#changed.fire();
    return firstListings;
  }

  #recomputeServed(): void {
    this.#served.recomputeAll();
    this.#servedContent.recomputeAll();
  }

}

const PERSON: Principal = { id: 'person', kind: 'person', label: 'You', grant: FULL_GRANT };
const LOCAL: Principal = { id: 'local', kind: 'local', label: 'Local agent', grant: FULL_GRANT };
const OWNERS: Readonly<Record<GatewayOptions['owner'], Principal>> = {
  editor: { id: 'editor', kind: 'editor', label: 'Agent in the editor', grant: FULL_GRANT },
  local: LOCAL,
};

/** The state of an upstream for agents: nothing of its own text. */
function stateWords(state: UpstreamState = { kind: 'disabled' }): string {
  if (state.kind === 'failed') return `failed (${state.error.reason})`;
  return state.kind === 'quarantined' ? 'awaiting approval' : state.kind;
}

async function* only<T>(items: AsyncIterable<T>, wanted: (item: T) => boolean): AsyncIterable<T> {
  for await (const item of items) if (wanted(item)) yield item;
}
