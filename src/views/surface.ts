import * as vscode from 'vscode';
import type { GatewaySnapshot } from '../proxy/api.ts';
import { DisposableStore, type Disposable } from '../proxy/events.ts';
import type { SecretStore } from '../proxy/storage/secret-store.ts';
import { DOCTOR } from './doctor/problems.ts';
import type { ChosenProfile } from './chosen-profile.ts';
import type { Dialogs } from './dialogs.ts';
import { onDidChangeEditorPolicy, readEditorPolicy, saysSomething } from './policy-settings.ts';
import type { GatewayHost } from './gateway-host.ts';
import { ContextKey, View } from './ids.ts';
import { loadInteraction } from './lazy-bundles.ts';
import { LastErrors } from './last-errors.ts';
import { t } from './l10n.ts';
import { NativeTree } from './native-tree.ts';
import { EntryProblems } from './entry-problems.ts';
import { SCANNER } from './finding-problems.ts';
import { awaitingCount, needsTrust } from './present/awaiting.ts';
import { withFindingsCount } from './present/findings.ts';
import { isAnythingPaused } from './present/pause.ts';
import { quarantineBadge } from './present/quarantine.ts';
import type { shownRows } from './present/shown-rows.ts';
import { approvedTools, statusOf, type StatusInput } from './present/status.ts';
import type { TreeNode } from './present/tree-node.ts';
import type { ViewState } from './present/view-state.ts';
import { problemOf } from './problem.ts';
import { UpstreamsView, type Ticks } from './upstreams-view.ts';
import { StatusItem } from './status-item.ts';

/** What the surface shows, and where it keeps how. */
export interface SurfaceParts {
  readonly host: GatewayHost;
  readonly profile: ChosenProfile;
  readonly secrets: Promise<SecretStore>;
  readonly dialogs: Pick<Dialogs, 'fail'>;
  /** Of the workspace. */
  readonly memento: Pick<vscode.Memento, 'get' | 'update'>;
}

/** The views, the badge, the status item and the context keys: everything that shows how the gateway is. */
export class Surface implements Disposable {
  readonly upstreams: UpstreamsView;
  readonly #host: GatewayHost;
  readonly #profile: ChosenProfile;
  readonly #dialogs: Pick<Dialogs, 'fail'>;
  readonly #lastErrors = new LastErrors();
  readonly #store = new DisposableStore();
  readonly #trees: readonly NativeTree[];
  readonly #quarantine: NativeTree;
  readonly #status: StatusItem;
  readonly #keys = new Map<string, unknown>();
  #secretsPersist = true;

  constructor({ host, profile, secrets, dialogs, memento }: SurfaceParts) {
    this.#host = host;
    this.#profile = profile;
    this.#store.add(profile.onDidChange(() => this.#show()));
    this.#dialogs = dialogs;
    const state = (): ViewState => this.#state();
    const tree = (id: string, shown: () => readonly TreeNode[]): NativeTree =>
      this.#store.add(new NativeTree(id, { rows: shown, message: () => (id === View.agents ? this.#agentsMessage() : this.#restriction()) }));
    this.upstreams = this.#store.add(new UpstreamsView({ state, failure: () => (host.state.kind === 'failed' ? host.state.problem : undefined), message: () => this.#message(), memento, tick: (changes) => this.#tick(changes) }));
    this.#quarantine = tree(View.quarantine, () => rows().quarantineRows(state()));
    const agents = tree(View.agents, () => (host.state.kind === 'running' ? rows().agentRows(state()) : []));
    this.#trees = [this.upstreams.tree, this.#quarantine, agents];
    this.#status = this.#store.add(new StatusItem());
    this.#store.add(new EntryProblems(host, SCANNER));
    this.#store.add(new EntryProblems(host, DOCTOR));
    this.#store.add(host.onDidChange(() => this.#show()));
    this.#store.add(host.onDidCall(() => this.#setKey(ContextKey.called, true)));
    this.#store.add(onDidChangeEditorPolicy(() => this.#show()));
    secrets.then(
      ({ persistent }) => {
        this.#secretsPersist = persistent;
        this.#show();
      },
      // A secret storage that fails keeps the gateway from being made, and is shown as its failure.
      () => undefined,
    );
    this.#show();
  }

  dispose(): void {
    this.#store.dispose();
  }

  #state(): ViewState {
    return { snapshot: this.#host.snapshot(), trusted: vscode.workspace.isTrusted, lastErrors: this.#lastErrors.all };
  }

  #show(): void {
    const state = this.#state();
    this.#lastErrors.follow(state.snapshot);
    const waiting = awaitingCount(state);
    this.#status.show(statusOf(this.#statusInput(state)));
    this.#quarantine.view.badge = quarantineBadge(waiting, withFindingsCount(state));
    this.#setKey(ContextKey.gateway, this.#host.state.kind);
    this.#setKey(ContextKey.upstreams, state.snapshot.upstreams.length);
    this.#setKey(ContextKey.awaiting, waiting);
    this.#setKey(ContextKey.paused, isAnythingPaused(state.snapshot.pause));
    this.#setKey(ContextKey.approved, approvedTools(state));
    this.#setKey(ContextKey.agents, state.snapshot.agents.length);
    for (const tree of this.#trees) tree.refresh();
  }

  #statusInput(state: ViewState): StatusInput {
    const { state: host } = this.#host;
    switch (host.kind) {
      case 'starting':
        return { kind: 'starting' };
      case 'failed':
        return { kind: 'failed', problem: host.problem };
      case 'running':
        return { kind: 'running', state, secretsPersist: this.#secretsPersist, profile: this.#profile.name };
    }
  }

  async #tick(changes: Ticks): Promise<boolean> {
    try {
      return await loadInteraction().applyTicks(changes.map(([{ target }, on]) => ({ target, on })), this.#host.snapshot(), this.#dialogs);
    } catch (error) {
      this.#dialogs.fail(problemOf(error));
      return false;
    }
  }

  /** What stands above the servers: why those of a workspace do not start, or what keeps all of them from agents. */
  #message(): string | undefined {
    const { snapshot } = this.#state();
    // Without a server nothing stands here: VS Code would show it instead of the ways to get a first one.
    if (snapshot.upstreams.length === 0) return undefined;
    return this.#restriction() ?? rows().offlineMessage(snapshot) ?? policyMessage(snapshot);
  }

  #restriction(): string | undefined {
    const { snapshot, trusted } = this.#state();
    if (!snapshot.upstreams.some((upstream) => needsTrust(upstream, trusted))) return undefined;
    return t('Restricted Mode: servers of this workspace do not start until you trust it.');
  }

  #agentsMessage(): string | undefined {
    return this.#host.state.kind === 'running' ? rows().agentsMessage(this.#state()) : undefined;
  }

  #setKey(key: string, value: unknown): void {
    if (this.#keys.get(key) === value) return;
    this.#keys.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }
}

/** What the editor's settings, or its limit of tools, keep from working. */
function policyMessage(snapshot: GatewaySnapshot): string | undefined {
  const policy = readEditorPolicy();
  return saysSomething(policy) || snapshot.menu.effective === 'direct' ? loadInteraction().policyMessage(policy, snapshot) : undefined;
}

/** How rows are made; loaded with the first view that is opened. */
function rows(): typeof shownRows {
  return loadInteraction().shownRows;
}
