import { randomBytes } from 'node:crypto';
import type { InputEntry, ServerEntry } from '../config/edit.ts';
import { nameForCommand, nameForUrl, freeName } from '../config/suggest-name.ts';
import { problemOfEntry } from '../config/paste.ts';
import type { GatewaySettings } from '../config/types.ts';
import { VestibuleError } from '../errors.ts';
import type { Principal } from '../model.ts';
import { matchesGlob } from '../policy/glob.ts';
import type { RegistryServer } from '../registry/types.ts';
import type { Proposal, ProposalAnswer, ProposalRequest, ProposalStore } from './types.ts';

/** What proposals are made with. */
export interface ProposalsDeps {
  readonly store: ProposalStore;
  readonly settings: () => Pick<GatewaySettings, 'autonomy' | 'autonomous'>;
  /** Names of servers that are taken. */
  readonly taken: () => ReadonlySet<string>;
  /** Asks a registry that a person wrote for a server of exactly this name. */
  readonly lookUp: (registry: string, name: string) => Promise<RegistryServer | undefined>;
  /** Finds a server of this name in what registries answered a person before; asks nobody. */
  readonly kept: (name: string) => Promise<RegistryServer | undefined>;
  /** Adds a server to the person's own file and approves its launch. @param by who decided */
  readonly add: (name: string, entry: ServerEntry, inputs: readonly InputEntry[], by: string) => Promise<void>;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/;
const MAX_TEXT = 2_000;
const MAX_ARGS = 50;
const MAX_REASON = 300;

interface Wanted {
  readonly name: string;
  readonly entry: ServerEntry;
  readonly inputs: readonly InputEntry[];
  /** Whether the person's lists cover it (`gateway.autonomous`). */
  readonly listed: boolean;
}

/**
 * Servers that agents ask for. Assisted: each waits for a person, and nothing is started, dialled or looked up.
 * Autonomous: what the lists cover that a person wrote is added at once; its tools wait for approval as always.
 */
export class Proposals {
  readonly #deps: ProposalsDeps;

  constructor(deps: ProposalsDeps) {
    this.#deps = deps;
  }

  get all(): readonly Proposal[] {
    return this.#deps.store.all;
  }

  /** Takes in what an agent asks for. */
  async propose(request: ProposalRequest, principal: Principal): Promise<ProposalAnswer> {
    const wanted = await this.#wanted(request, principal);
    if ('why' in wanted) return wanted;
    const { entry, inputs, listed } = wanted;
    const problem = problemOfEntry(wanted.name, entry, inputs);
    if (problem !== undefined) return refused(problem.problem, problem.fix);
    if (this.all.some((known) => JSON.stringify(known.entry) === JSON.stringify(entry))) return { kind: 'filed', name: wanted.name };
    const name = freeName(wanted.name, (candidate) => this.#deps.taken().has(candidate) || this.all.some((known) => known.name === candidate));
    if (listed && mayAdd(principal)) {
      await this.#deps.add(name, entry, inputs, `autonomous, for ${principal.id}`);
      return { kind: 'added', name };
    }
    const kept = await this.#deps.store.add({ id: randomBytes(9).toString('base64url'), at: Date.now(), agent: principal.id, name, entry, inputs, reason: request.reason.slice(0, MAX_REASON) });
    return kept ? { kind: 'filed', name } : refused('Too many proposals wait for the person already.', 'Wait until they are answered.');
  }

  /**
   * A person accepts a proposal that was shown whole: it is added, and its launch approved. Its tools wait.
   * @returns the name it has now
   * @throws VestibuleError `stale-decision` when it is gone, and as writing a servers file does
   */
  async accept(id: string): Promise<string> {
    const proposal = this.all.find((known) => known.id === id) ?? gone();
    const name = freeName(proposal.name, (candidate) => this.#deps.taken().has(candidate));
    await this.#deps.add(name, proposal.entry, proposal.inputs, 'person');
    await this.#deps.store.take(id);
    return name;
  }

  /** A person declines it. @throws VestibuleError `stale-decision` when it is gone */
  async decline(id: string): Promise<Proposal> {
    return (await this.#deps.store.take(id)) ?? gone();
  }

  async #wanted(request: ProposalRequest, principal: Principal): Promise<Wanted | Extract<ProposalAnswer, { readonly kind: 'refused' }>> {
    const { args, command, registry, url } = request;
    const given = [command, registry, url].filter((one) => one !== undefined);
    const [only] = given;
    if (only === undefined || given.length > 1) return refused('A proposal needs one of "url", "command" and "registry".', 'Give exactly one of them.');
    if (request.name !== undefined && !NAME.test(request.name)) return refused('The name will not do.', 'Use up to 64 letters, digits, ".", "_" and "-".');
    // A variable would be filled in with a secret of the person's.
    if ([only, ...args].some((text) => text.length > MAX_TEXT || text.includes('${')) || args.length > MAX_ARGS) return refused('The proposal is too long or holds a variable.', 'Write addresses and arguments out, without ${…}.');
    if (url !== undefined) return this.#address(url, request.name);
    if (command !== undefined) return { name: request.name ?? nameForCommand([command, ...args]), entry: { type: 'stdio', command, args: [...args] }, inputs: [], listed: false };
    return this.#fromRegistry(only, request.name, principal);
  }

  #address(text: string, name: string | undefined): Wanted | Extract<ProposalAnswer, { readonly kind: 'refused' }> {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return refused('The address is not a plain http or https address.', 'Write it whole, without a user.');
    const { autonomy, autonomous } = this.#deps.settings();
    const listed = autonomy === 'autonomous' && url.protocol === 'https:' && url.port === '' && autonomous.hosts.some((glob) => matchesGlob(glob.toLowerCase(), url.hostname));
    return { name: name ?? nameForUrl(url), entry: { type: 'http', url: url.href }, inputs: [], listed };
  }

  async #fromRegistry(wanted: string, name: string | undefined, principal: Principal): Promise<Wanted | Extract<ProposalAnswer, { readonly kind: 'refused' }>> {
    const { autonomy, autonomous } = this.#deps.settings();
    let found: RegistryServer | undefined;
    let listed = false;
    if (autonomy === 'autonomous' && mayAdd(principal)) {
      for (const registry of autonomous.registries) {
        found = await this.#deps.lookUp(registry, wanted);
        listed = found !== undefined;
        if (listed) break;
      }
    }
    found ??= await this.#deps.kept(wanted);
    // What is inside a bundle is known only once it was fetched, which a person does.
    const offer = found?.offers.find((one) => one.bundle === undefined);
    if (found === undefined || offer === undefined || found.status !== 'active') {
      return refused('No registry answered with a server of this name that can be used here.', 'Propose its address or command, or ask the person to look for it with “Vestibule: Browse Registry…”.');
    }
    const short = (found.name.split('/').at(-1) ?? found.name).replace(/[^\w.-]/g, '-');
    return { name: name ?? (NAME.test(short) ? short : 'server'), entry: offer.entry, inputs: offer.inputs, listed };
  }
}

/** Only who may use everything adds what everybody can use. */
function mayAdd({ grant, profile }: Principal): boolean {
  return grant.servers === 'all' && grant.tools === 'all' && grant.tier === 'destructive' && profile === undefined;
}

function refused(why: string, fix: string): Extract<ProposalAnswer, { readonly kind: 'refused' }> {
  return { kind: 'refused', why, fix };
}

function gone(): never {
  throw new VestibuleError('stale-decision', 'This proposal was answered meanwhile.', { action: 'Look at the list again.' });
}
