/**
 * Every name the extension shares with package.json, in one typed place. `test/unit/views-manifest.test.ts` holds
 * the manifest to exactly these.
 */

/** `vscode.lm` provider id and the label VS Code keys its approvals on: never change either (editor contract). */
export const PROVIDER_ID = 'vestibule.gateway';
export const PROVIDER_LABEL = 'Vestibule';

export const CONTAINER_ID = 'vestibule';

export const View = {
  upstreams: 'vestibule.upstreams',
  quarantine: 'vestibule.quarantine',
  agents: 'vestibule.agents',
} as const;

/** `viewType` of the inspector's webview panel. */
export const INSPECTOR_PANEL = 'vestibule.inspector';

export const Command = {
  addUpstream: 'vestibule.addUpstream',
  browseRegistry: 'vestibule.browseRegistry',
  importUpstreams: 'vestibule.importUpstreams',
  editServers: 'vestibule.editServers',
  enableUpstream: 'vestibule.enableUpstream',
  disableUpstream: 'vestibule.disableUpstream',
  restartUpstream: 'vestibule.restartUpstream',
  signIn: 'vestibule.signIn',
  signOut: 'vestibule.signOut',
  switchAccount: 'vestibule.switchAccount',
  showLogs: 'vestibule.showLogs',
  reviewQuarantine: 'vestibule.reviewQuarantine',
  approve: 'vestibule.approve',
  approveAll: 'vestibule.approveAll',
  block: 'vestibule.block',
  showChanges: 'vestibule.showChanges',
  openInspector: 'vestibule.openInspector',
  searchTools: 'vestibule.searchTools',
  exportCalls: 'vestibule.exportCalls',
  shareApprovals: 'vestibule.shareApprovals',
  setUpWorkspace: 'vestibule.setUpWorkspace',
  reviewLockFile: 'vestibule.reviewLockFile',
  undoDecision: 'vestibule.undoDecision',
  acceptDescriptions: 'vestibule.acceptDescriptions',
  agentInspection: 'vestibule.agentInspection',
  pauseAll: 'vestibule.pauseAll',
  resumeAll: 'vestibule.resumeAll',
  pause: 'vestibule.pause',
  resume: 'vestibule.resume',
  setConsent: 'vestibule.setConsent',
  manageConsents: 'vestibule.manageConsents',
  connectAgent: 'vestibule.connectAgent',
  addAgent: 'vestibule.addAgent',
  revokeAgent: 'vestibule.revokeAgent',
  reviewProposal: 'vestibule.reviewProposal',
  openFullResult: 'vestibule.openFullResult',
  showTokens: 'vestibule.showTokens',
  runDoctor: 'vestibule.runDoctor',
  forgetLearned: 'vestibule.forgetLearned',
  copyEndpoint: 'vestibule.copyEndpoint',
  switchProfile: 'vestibule.switchProfile',
  restartGateway: 'vestibule.restartGateway',
  filterUpstreams: 'vestibule.filterUpstreams',
  clearUpstreamFilter: 'vestibule.clearUpstreamFilter',
  moveUpstreamUp: 'vestibule.moveUpstreamUp',
  moveUpstreamDown: 'vestibule.moveUpstreamDown',
  sortUpstreams: 'vestibule.sortUpstreams',
} as const;
export type CommandId = (typeof Command)[keyof typeof Command];

/** Commands that are there only while something offers them: not in the manifest, and not in the palette. */
export const OfferedCommand = {
  /** From the notification of a sign-in that is under way. */
  pasteAddress: 'vestibule.pasteAddress',
} as const;

/** What the manifest's keys pass to their commands: they are about the row that is selected. */
export const BY_KEY = 'selection';

export const Setting = {
  mode: 'vestibule.mode',
  port: 'vestibule.port',
  consent: 'vestibule.consent',
  lockfile: 'vestibule.lockfile',
  registry: 'vestibule.registry',
} as const;

/** `when`-clause keys the extension sets. */
export const ContextKey = {
  /** `starting`, `running` or `failed`. */
  gateway: 'vestibule.gateway',
  upstreams: 'vestibule.upstreamCount',
  awaiting: 'vestibule.awaitingCount',
  /** Whether the Upstreams view is narrowed by a filter. */
  filtered: 'vestibule.filtered',
  /** Whether a person paused anything. */
  paused: 'vestibule.paused',
  /** What the walkthrough follows: approved tools, whether an agent called one since the window opened, agents with a token. */
  approved: 'vestibule.approvedCount',
  called: 'vestibule.called',
  agents: 'vestibule.agentCount',
} as const;

/** URI schemes of the read-only documents. */
export const Scheme = {
  /** What a person reviews before approving. */
  review: 'vestibule-review',
  /** One side of "show changes". */
  definition: 'vestibule-definition',
  /** A result that was shortened for an agent, whole. */
  result: 'vestibule-result',
} as const;

/**
 * Words inside a tree item's `contextValue`, joined by spaces. Menus match them with `viewItem =~ /\bword\b/`.
 */
export const ItemWord = {
  upstream: 'upstream',
  /** Reached over HTTP: may have a sign-in. */
  remote: 'remote',
  enabled: 'enabled',
  disabled: 'disabled',
  tool: 'tool',
  instructions: 'instructions',
  /** Awaits a decision: a launch, a tool or instructions. */
  awaiting: 'awaiting',
  changed: 'changed',
  approved: 'approved',
  blocked: 'blocked',
  /** A server or tool that a person paused by itself. */
  paused: 'paused',
  /** An agent with a token of its own. */
  agent: 'agent',
  /** Why the gateway could not start, and what to do. */
  failure: 'failure',
  /** A server one of whose definitions awaits a decision. */
  reviewable: 'reviewable',
} as const;
