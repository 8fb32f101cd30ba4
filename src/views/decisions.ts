import type { GatewayApi, UpstreamSnapshot } from '../proxy/api.ts';
import type { Choice, Dialogs } from './dialogs.ts';
import { awaiting, definitionsOf, isAwaiting, needsTrust, type Definition } from './present/awaiting.ts';
import { confirmBlock, confirmDefinitions, confirmDefinitionsOfSeveral, confirmLaunch, nameOf, type Confirmation } from './present/confirmation.ts';
import { statusLook, tierText } from './present/labels.ts';
import { isStaleDecision, problemOf } from './problem.ts';
import { findUpstream, type DefinitionTarget, type Target } from './target.ts';
import { oneLine, plural } from './text.ts';
import { undoDecision } from './undo.ts';

/** What decisions need from the rest of the editor side. */
export interface DecisionContext {
  readonly gateway: () => Promise<GatewayApi>;
  readonly trusted: () => boolean;
  readonly dialogs: Dialogs;
  /** Opens, or brings up to date, the review document of a server or of one definition. */
  readonly openReview: (target: Target) => Promise<void>;
}

/** How far one decision reaches: what was selected, what a person then picks, or everything of a server that waits. */
export type Reach = 'selected' | 'picked' | 'all';

/** What a command named of one server. */
interface Claim {
  launch?: string;
  readonly definitions: DefinitionTarget[];
}

/** One decision, from the words a person reads to what is left to decide about. */
interface Verb {
  readonly name: string;
  readonly reach: Reach;
  readonly fits: (definition: Definition) => boolean;
}

/**
 * A person's decisions: approve and block. Whatever a command was called with is looked up in the present state,
 * compared with the digest that was shown, and asked about in a modal (security U12, D5).
 */
export class Decisions {
  readonly #context: DecisionContext;

  constructor(context: DecisionContext) {
    this.#context = context;
  }

  /** Approves what the targets name; without targets, of the servers a person picks. */
  async approve(targets: readonly Target[], reach: Reach): Promise<void> {
    const claims = await this.#claims(targets, reach);
    const several = claims.size > 1 ? await this.#withoutLaunches(claims) : [];
    // A launch is shown by itself, whole; of several servers with nothing but definitions one question is enough.
    for (const [server, claim] of claims) if (!several.includes(server)) await this.#approveOf(server, claim, reach);
    if (several.length > 0) await this.#approveOfSeveral(new Map([...claims].filter(([server]) => several.includes(server))), reach);
  }

  /** Blocks definitions, whether they wait or were approved. */
  async block(targets: readonly Target[], reach: Reach): Promise<void> {
    for (const [server, claim] of await this.#claims(targets, reach)) await this.#blockOf(server, claim, reach);
  }

  /** The one server with something to decide, or the one a person picks of several. */
  async pickAwaiting(): Promise<string | undefined> {
    return (await this.#pickServers('selected'))[0];
  }

  /** As `pickAwaiting`; where all of a server is meant, a person may pick as many servers as they like. */
  async #pickServers(reach: Reach): Promise<readonly string[]> {
    const choices = await this.#awaitingServers();
    if (choices.length > 1 && reach === 'all') return (await this.#context.dialogs.pickMany('Which servers?', choices)) ?? [];
    const one = choices.length > 1 ? await this.#context.dialogs.pick('Which server?', choices) : choices[0]?.value;
    return one === undefined ? [] : [one];
  }

  async #awaitingServers(): Promise<readonly Choice<string>[]> {
    const { dialogs, gateway, trusted } = this.#context;
    const state = { snapshot: (await gateway()).snapshot(), trusted: trusted() };
    const waiting = awaiting(state).filter(({ launch, definitions }) => launch || definitions.length > 0);
    if (waiting.length === 0) dialogs.inform('Nothing waits for your review.');
    return waiting.map(({ upstream, launch, definitions }) => ({
      label: oneLine(upstream.name, 60),
      description: launch ? 'launch awaits approval' : `${plural(definitions.length, 'definition')} to review`,
      value: upstream.name,
    }));
  }

  /** Those of these servers whose launch is not what is decided about. */
  async #withoutLaunches(claims: ReadonlyMap<string, Claim>): Promise<readonly string[]> {
    const { upstreams } = (await this.#context.gateway()).snapshot();
    return [...claims].filter(([server, { launch }]) => launch === undefined && findUpstream(upstreams, server)?.launch.approved === true).map(([server]) => server);
  }

  /** One question and one decision over definitions of several servers: all or none. */
  async #approveOfSeveral(claims: ReadonlyMap<string, Claim>, reach: Reach): Promise<void> {
    const gateway = await this.#context.gateway();
    const chosen: Definition[] = [];
    for (const [server, claim] of claims) {
      const upstream = this.#find(gateway, server);
      if (upstream === undefined) return;
      const fits = claim.definitions.length > 0 ? isUnapproved : isAwaiting;
      const definitions = await this.#choose(upstream, claim, { name: 'approve', reach, fits });
      chosen.push(...definitions);
    }
    const servers = [...new Set(chosen.map(({ ref }) => ref.server))];
    const [only] = servers;
    if (only === undefined) return;
    const done = `Approved ${plural(chosen.length, 'definition')} of ${servers.length === 1 ? quote(only) : plural(servers.length, 'server')}.`;
    const question = servers.length === 1 ? confirmDefinitions(only, chosen) : confirmDefinitionsOfSeveral(chosen);
    await this.#decide(only, question, servers.map((server) => ({ server })), done, () => gateway.approve(chosen.map(({ ref }) => ref)));
  }

  async #approveOf(server: string, claim: Claim, reach: Reach): Promise<void> {
    const gateway = await this.#context.gateway();
    const upstream = this.#find(gateway, server);
    if (upstream === undefined) return;
    const { dialogs } = this.#context;
    if (needsTrust(upstream, this.#context.trusted())) {
      dialogs.fail({ message: `${quote(server)} comes from a workspace that is not trusted.`, action: 'Trust the workspace first.' });
    } else if (claim.launch !== undefined && claim.launch !== upstream.launch.fingerprint) {
      this.#failStale(server);
    } else if (upstream.launch.approved && claim.launch !== undefined && claim.definitions.length === 0) {
      dialogs.inform(`The launch of ${quote(server)} is approved already.`);
    } else if (!upstream.launch.approved) {
      await this.#decide(server, confirmLaunch(upstream), [{ server }], `The launch of ${quote(server)} is approved.`, () => gateway.approveLaunch(server, upstream.launch.fingerprint));
    } else {
      const fits = claim.definitions.length > 0 ? isUnapproved : isAwaiting;
      const definitions = await this.#choose(upstream, claim, { name: 'approve', reach, fits });
      if (definitions.length === 0) return;
      await this.#decide(server, confirmDefinitions(server, definitions), [subjectOf(server, definitions)], `Approved ${plural(definitions.length, 'definition')} of ${quote(server)}.`, () =>
        gateway.approve(definitions.map(({ ref }) => ref)),
      );
    }
  }

  async #blockOf(server: string, claim: Claim, reach: Reach): Promise<void> {
    const gateway = await this.#context.gateway();
    const upstream = this.#find(gateway, server);
    if (upstream === undefined) return;
    if (!upstream.launch.approved) {
      this.#context.dialogs.fail({
        message: `Nothing of ${quote(server)} runs until its launch is approved.`,
        action: 'Leave it as it is, switch the server off, or remove it from the servers file.',
      });
      return;
    }
    const definitions = await this.#choose(upstream, claim, { name: 'block', reach, fits: isUnblocked });
    if (definitions.length === 0) return;
    await this.#decide(server, confirmBlock(server, definitions), [subjectOf(server, definitions)], `Blocked ${plural(definitions.length, 'definition')} of ${quote(server)}.`, () =>
      gateway.block(definitions.map(({ ref }) => ref)),
    );
  }

  /** The definitions to decide about, each still at the digest that was shown; empty when there is nothing to ask. */
  async #choose(upstream: UpstreamSnapshot, { definitions: claimed }: Claim, verb: Verb): Promise<readonly Definition[]> {
    const { dialogs } = this.#context;
    const now = definitionsOf(upstream);
    const subjects = claimed.length === 0 ? now : claimed.map((claim) => now.find((definition) => isClaimed(definition, claim)));
    const current = subjects.filter((definition) => definition !== undefined);
    if (current.length < subjects.length) {
      this.#failStale(upstream.name);
      return [];
    }
    const open = current.filter(verb.fits);
    if (open.length === 0) dialogs.inform(`There is nothing left to ${verb.name} here.`);
    if (open.length <= 1 || verb.reach === 'all' || (verb.reach === 'selected' && claimed.length > 0)) return open;
    const picked = await dialogs.pickMany(
      `What to ${verb.name} of ${quote(upstream.name)}`,
      open.map((definition) => ({
        label: nameOf(definition),
        description: [statusLook(definition.status).text, ...(definition.tier === undefined ? [] : [tierText(definition.tier)])].join(' · '),
        detail: oneLine(definition.text, 200),
        value: definition,
      })),
    );
    return picked ?? [];
  }

  async #claims(targets: readonly Target[], reach: Reach): Promise<ReadonlyMap<string, Claim>> {
    const claims = new Map<string, Claim>();
    for (const { server, launch, definition } of targets) {
      const claim = claims.get(server) ?? { definitions: [] };
      if (launch !== undefined) claim.launch = launch;
      if (definition !== undefined) claim.definitions.push(definition);
      claims.set(server, claim);
    }
    if (targets.length > 0) return claims;
    for (const server of await this.#pickServers(reach)) claims.set(server, { definitions: [] });
    return claims;
  }

  #find(gateway: GatewayApi, server: string): UpstreamSnapshot | undefined {
    const upstream = findUpstream(gateway.snapshot().upstreams, server);
    if (upstream === undefined) {
      this.#context.dialogs.fail({ message: `There is no server named ${quote(server)}.`, action: 'Choose one in the Upstreams view.' });
    }
    return upstream;
  }

  async #decide(server: string, question: Confirmation, subjects: readonly Target[], done: string, act: () => Promise<void>): Promise<void> {
    const { dialogs, openReview } = this.#context;
    const review = async (): Promise<void> => {
      for (const subject of subjects) await openReview(subject);
    };
    if (question.needsDocument) await review();
    if (!(await dialogs.confirm(question, { label: 'Review First', run: review }))) return;
    try {
      await act();
      const { lastDecision } = (await this.#context.gateway()).snapshot();
      // The Undo of this notification is about this decision, whatever is decided before it is pressed.
      if (lastDecision !== undefined) dialogs.inform(done, { label: 'Undo', run: () => undoDecision(this.#context, lastDecision) });
    } catch (error) {
      if (!isStaleDecision(error)) throw error;
      this.#failStale(server, problemOf(error).message);
    }
  }

  #failStale(server: string, message = `What was shown of ${quote(server)} has changed since.`): void {
    this.#context.dialogs.fail(
      { message, action: 'Nothing was decided; read it again.' },
      { label: 'Review', run: () => this.#context.openReview({ server }) },
    );
  }
}

function subjectOf(server: string, definitions: readonly Definition[]): Target {
  const [single] = definitions;
  return definitions.length === 1 && single !== undefined ? { server, definition: single.ref } : { server };
}

function isClaimed({ ref }: Definition, { kind, name, digest }: DefinitionTarget): boolean {
  return ref.kind === kind && ref.name === name && ref.digest === digest;
}

/** A named definition may be approved unless it is: so a block can be taken back. */
function isUnapproved({ status }: Definition): boolean {
  return status !== 'approved';
}

function isUnblocked({ status }: Definition): boolean {
  return status !== 'blocked';
}

function quote(server: string): string {
  return `“${oneLine(server, 60)}”`;
}
