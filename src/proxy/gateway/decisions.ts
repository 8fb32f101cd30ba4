import type { IssuedAgent, NewAgent } from '../agents/types.ts';
import { refOf, textsOf } from '../catalog/definitions.ts';
import type { StandingConsent } from '../consent/types.ts';
import { VestibuleError } from '../errors.ts';
import type { DecisionEntry } from '../journal/types.ts';
import type { Digest, RawJson, ServerName } from '../model.ts';
import type { PauseTarget } from '../pause/types.ts';
import type { ServedTools } from '../policy/served.ts';
import { describeChange } from '../quarantine/describe-change.ts';
import { isCleanDescriptionChange } from '../quarantine/description-rule.ts';
import { fingerprintOf } from '../quarantine/launch.ts';
import type { DecisionSummary, DefinitionRef } from '../quarantine/types.ts';
import type { OpenedParts } from './parts.ts';
import { peerOf, type Standing } from './standing.ts';

/** What decisions are kept in. */
export interface DecisionsDeps {
  readonly parts: Pick<OpenedParts, 'agents' | 'approvals' | 'catalog' | 'consents' | 'journal' | 'pauses'>;
  readonly standing: Standing;
  readonly served: Pick<ServedTools, 'all' | 'of'>;
  /** Whose agent standing consents are for. */
  readonly owner: string;
}

/** What a person decides, kept and journalled. What each method takes and throws is said at `GatewayApi`. */
export class Decisions {
  readonly #deps: DecisionsDeps;
  /** The content of the lock file that was journalled last. */
  #notedLock: Digest | undefined;

  constructor(deps: DecisionsDeps) {
    this.#deps = deps;
  }

  /** Journals a decision. @param by who decided */
  note(action: DecisionEntry['action'], server: ServerName, subject: string, digest: Digest | undefined, by = 'person', diff?: readonly string[]): void {
    this.#deps.parts.journal.decide({ time: Date.now(), by, action, server, subject, digest, ...(diff !== undefined && { diff }) });
  }

  async approveLaunch(server: ServerName, fingerprint: Digest, by = 'person'): Promise<void> {
    const entry = this.#deps.standing.entryOrThrow(server);
    if (fingerprintOf(entry) !== fingerprint) throw stale(`The launch of "${server}" changed after it was shown.`);
    await this.#deps.parts.approvals.approveLaunch(server, fingerprint, by);
    this.note('approve-launch', server, '', fingerprint, by);
  }

  async approve(refs: readonly DefinitionRef[], by = 'person'): Promise<void> {
    const textOf = this.#texts(refs);
    const known = refs.map((ref) => {
      // A decision is about the text it was shown, if that still stands.
      const raw = textOf(ref);
      if (raw === undefined) throw stale(`"${ref.name}" of "${ref.server}" changed after it was shown.`);
      return { ...ref, raw };
    });
    const diffs = known.map((ref) => this.#changeOf(ref));
    await this.#deps.parts.approvals.approve(known, by);
    refs.forEach((ref, i) => this.note('approve', ref.server, ref.name, ref.digest, by, diffs[i]));
  }

  async block(refs: readonly DefinitionRef[]): Promise<void> {
    const textOf = this.#texts(refs);
    const diffs = refs.map((ref) => this.#changeOf({ ...ref, raw: textOf(ref) }));
    await this.#deps.parts.approvals.block(refs, 'person');
    refs.forEach((ref, i) => this.note('block', ref.server, ref.name, ref.digest, 'person', diffs[i]));
  }

  async forget(refs: readonly DefinitionRef[]): Promise<void> {
    await this.#deps.parts.approvals.forget(refs, 'person');
    for (const ref of refs) this.note('forget', ref.server, ref.name, ref.digest);
  }

  async undo(id?: string): Promise<DecisionSummary> {
    const undone = await this.#deps.parts.approvals.undo(id);
    const subjects = undone.refs.length > 0 ? undone.refs : [{ server: undone.server ?? '', name: '', digest: undone.digest }];
    for (const { server, name, digest } of subjects) this.note('undo', server, name, digest, 'person', [undone.action]);
    return undone;
  }

  async decideLock(digest: Digest, decision: 'accepted' | 'declined', launches: readonly Digest[]): Promise<void> {
    const { approvals } = this.#deps.parts;
    const now = this.#deps.standing.lockedLaunches();
    if (decision === 'accepted' && launches.some((fingerprint) => !now.includes(fingerprint))) throw stale('A launch that the lock file names changed after it was shown.');
    await approvals.decideLock(digest, decision, launches, 'person');
    this.note(decision === 'accepted' ? 'accept-lock' : 'decline-lock', '', approvals.lockPath ?? '', digest);
  }

  /** Journals each content of the lock file that counts without anybody being asked. */
  noteLock(): void {
    const { standing, content, lockPath = '' } = this.#deps.parts.approvals;
    if (standing !== 'always' || content.kind !== 'read' || content.digest === this.#notedLock) return;
    this.#notedLock = content.digest;
    this.note('accept-lock', '', lockPath, content.digest, 'always');
  }

  async setAcceptsDescriptions(server: ServerName, accepts: boolean): Promise<void> {
    const fingerprint = fingerprintOf(this.#deps.standing.entryOrThrow(server));
    await this.#deps.parts.approvals.setAcceptsDescriptions(server, accepts ? fingerprint : undefined, 'person');
    this.note(accepts ? 'accept-descriptions' : 'review-descriptions', server, '', fingerprint);
    await this.acceptDescriptions(server);
  }

  /** Accepts what has only another description, where the person wrote that rule and the scanner finds nothing in it. */
  async acceptDescriptions(server: ServerName): Promise<void> {
    const { approvals, catalog } = this.#deps.parts;
    const entry = this.#deps.standing.entry(server);
    if (entry === undefined || !approvals.acceptsDescriptions(server, fingerprintOf(entry))) return;
    const peers = [...this.#deps.served.all()].map(peerOf);
    const clean = (catalog.server(server)?.tools ?? []).filter((tool) => {
      const ref = refOf('tool', tool);
      if (approvals.status(ref) !== 'changed' || approvals.refused(ref)) return false;
      const before = approvals.lastApproved(server, 'tool', tool.name)?.raw;
      return before !== undefined && isCleanDescriptionChange(server, before, tool.raw, peers);
    });
    if (clean.length > 0) await this.approve(clean.map((tool) => refOf('tool', tool)), 'rule');
  }

  async setInspectable(server: ServerName, inspectable: boolean): Promise<void> {
    const fingerprint = fingerprintOf(this.#deps.standing.entryOrThrow(server));
    await this.#deps.parts.approvals.setInspectable(server, inspectable ? fingerprint : undefined, 'person');
    this.note(inspectable ? 'allow-inspection' : 'end-inspection', server, '', fingerprint);
  }

  async pause(target: PauseTarget, options: { readonly cancel: boolean }): Promise<void> {
    // It holds in this process even when it cannot be written down.
    this.note('pause', target.server ?? '', target.tool ?? '', undefined);
    await this.#deps.parts.pauses.pause(target, options);
  }

  async resume(target: PauseTarget): Promise<void> {
    await this.#deps.parts.pauses.resume(target);
    this.note('resume', target.server ?? '', target.tool ?? '', undefined);
  }

  async setConsent({ server, tool }: { readonly server: ServerName; readonly tool?: string }, decision: 'allow' | 'ask' | 'never'): Promise<void> {
    const base = { server, at: Date.now() };
    const named = tool === undefined ? [] : [tool];
    const tools = [...this.#deps.served.of(server)].filter(({ name }) => tool === undefined || name === tool);
    const bound = { ...base, principal: this.#deps.owner };
    const consents: Readonly<Record<typeof decision, readonly StandingConsent[]>> = {
      allow: tools.map(({ name, digest }) => ({ kind: 'tool', ...bound, tool: name, digest })),
      ask: [{ kind: 'ask', ...base, ...(tool !== undefined && { tool }) }],
      never: (tool === undefined ? tools.map(({ name }) => name) : named).map((name) => ({ kind: 'never', ...bound, tool: name })),
    };
    this.note(decision === 'allow' ? 'consent-tool' : `consent-${decision}`, server, tool ?? '', undefined);
    await this.#deps.parts.consents.add(consents[decision]);
  }

  async revokeConsents(consents: readonly StandingConsent[]): Promise<void> {
    await this.#deps.parts.consents.revoke(consents);
    for (const { server, tool } of consents) this.note('consent-revoke', server, tool ?? '', undefined);
  }

  async addAgent(agent: NewAgent): Promise<IssuedAgent> {
    const issued = await this.#deps.parts.agents.add(agent);
    this.note('agent-add', '', agent.name, undefined);
    return issued;
  }

  async revokeAgent(name: string): Promise<void> {
    const { agents, consents } = this.#deps.parts;
    await agents.revoke(name);
    this.note('agent-revoke', '', name, undefined);
    // Whoever gets this name next is somebody else.
    await consents.revoke(consents.all.filter((consent) => consent.kind !== 'ask' && consent.principal === name));
  }

  /** Finds the texts these decisions are about, where they still stand at the digest that was shown. */
  #texts(refs: readonly DefinitionRef[]): (ref: DefinitionRef) => RawJson | undefined {
    const servers = new Set(refs.map(({ server }) => server));
    const texts = new Map([...servers].map((server) => [server, textsOf(this.#deps.parts.catalog.server(server))]));
    return (ref) => texts.get(ref.server)?.(ref);
  }

  /** Where a definition differs from the one approved before, for the journal. */
  #changeOf({ server, kind, name, digest, raw }: DefinitionRef & { readonly raw: RawJson | undefined }): readonly string[] | undefined {
    const before = this.#deps.parts.approvals.lastApproved(server, kind, name);
    return before?.raw === undefined || raw === undefined || before.digest === digest ? undefined : describeChange(before.raw, raw);
  }
}

function stale(message: string): VestibuleError {
  return new VestibuleError('stale-decision', message, { action: 'Look at it again and decide anew.' });
}
