import type { CatalogPrompt } from '../catalog/types.ts';
import type { AgentRequest, AgentSession } from '../downstream/types.ts';
import { rpcError } from '../json/frame.ts';
import { stringOf } from '../json/slice.ts';
import type { Principal, RawJson, RawReply } from '../model.ts';
import type { LookThrough } from '../pipeline/look-through.ts';
import { mayUseContent } from '../policy/content-grants.ts';
import type { ServedContent } from '../policy/served-content.ts';
import type { Agents } from './agents.ts';
import { exposedPrompt } from './exposed-content.ts';
import { refuseCursor } from './paging.ts';
import { paramsOf, passOn } from './passing.ts';

/** Unknown, not approved or not granted: an agent must not learn which. */
const UNKNOWN: RawReply = { error: rpcError(-32602, 'Unknown prompt') };

/** prompts/list and prompts/get: what is approved and granted, under exposed names. */
export class Prompts {
  readonly #content: ServedContent;
  readonly #agents: Agents;
  readonly #lookThrough: LookThrough;

  constructor(content: ServedContent, agents: Agents, lookThrough: LookThrough) {
    this.#content = content;
    this.#agents = agents;
    this.#lookThrough = lookThrough;
  }

  /** The definitions of prompts a session may use, raw, in catalog order. */
  exposed(session: AgentSession): readonly RawJson[] {
    const isVisible = (prompt: CatalogPrompt): boolean => mayUse(session.principal, prompt) && this.#agents.offers(session, prompt.server, prompt.digest);
    return [...this.#content.servers()].flatMap(({ prompts }) => prompts.filter(isVisible).map(exposedPrompt));
  }

  list(request: AgentRequest): RawReply {
    return refuseCursor(request) ?? { result: `{"prompts":[${this.exposed(request.session).join(',')}]}` };
  }

  async get(request: AgentRequest): Promise<RawReply> {
    const prompt = this.find(request.session.principal, stringOf(paramsOf(request).get('name')));
    if (prompt === undefined) return UNKNOWN;
    const reply = await passOn(this.#agents, request, {
      server: prompt.server,
      own: [['name', JSON.stringify(prompt.name)]],
      definition: prompt.digest,
      stillServed: () => this.#content.isServed(prompt),
      unserved: UNKNOWN,
    });
    return this.#lookThrough(prompt.server, reply);
  }

  /** The prompt an agent means, if it may use it. */
  find(principal: Principal, exposedName: string | undefined): CatalogPrompt | undefined {
    const prompt = exposedName === undefined ? undefined : this.#content.prompt(exposedName);
    return prompt !== undefined && mayUse(principal, prompt) ? prompt : undefined;
  }
}

function mayUse(principal: Principal, { server, name }: CatalogPrompt): boolean {
  return mayUseContent(principal, server, name);
}
