import type { Catalog, CatalogResource } from '../catalog/types.ts';
import type { AgentRequest } from '../downstream/types.ts';
import { rpcError } from '../json/frame.ts';
import { members, stringOf, withMembers } from '../json/slice.ts';
import type { LookThrough } from '../pipeline/look-through.ts';
import type { Digest, Principal, RawJson, RawReply, ServerName } from '../model.ts';
import { mayUseContent } from '../policy/content-grants.ts';
import type { ServedContent } from '../policy/served-content.ts';
import type { Agents } from './agents.ts';
import type { ExposedUris } from './exposed-uris.ts';
import { paramsOf, passOn } from './passing.ts';
import type { Prompts } from './prompts.ts';

/** What completions are answered from. */
export interface CompletionDeps {
  readonly catalog: Catalog;
  readonly content: ServedContent;
  readonly uris: ExposedUris;
  readonly prompts: Prompts;
  readonly agents: Agents;
  readonly lookThrough: LookThrough;
}

/** What is completed: an argument of a prompt, or a variable of a resource template. */
interface Subject {
  readonly server: ServerName;
  readonly digest: Digest;
  /** Raw reference as the server knows it. */
  readonly ref: RawJson;
  stillServed(): boolean;
}

const UNKNOWN: RawReply = { error: rpcError(-32602, 'Unknown prompt or resource template') };
const NOTHING: RawReply = { result: '{"completion":{"values":[],"total":0,"hasMore":false}}' };

/** completion/complete: passed on to the server whose prompt or template it is about, if that completes at all. */
export async function complete(deps: CompletionDeps, request: AgentRequest): Promise<RawReply> {
  const subject = subjectOf(deps, request.session.principal, paramsOf(request).get('ref'));
  if (subject === undefined) return UNKNOWN;
  if (members(deps.catalog.server(subject.server)?.capabilities ?? '')?.has('completions') !== true) return NOTHING;
  const reply = await passOn(deps.agents, request, {
    server: subject.server,
    own: [['ref', subject.ref]],
    definition: subject.digest,
    stillServed: () => subject.stillServed(),
    unserved: UNKNOWN,
  });
  return deps.lookThrough(subject.server, reply);
}

function subjectOf(deps: CompletionDeps, principal: Principal, ref: RawJson | undefined): Subject | undefined {
  const parts = ref === undefined ? undefined : members(ref);
  const { content } = deps;
  switch (stringOf(parts?.get('type'))) {
    case 'ref/prompt': {
      const prompt = deps.prompts.find(principal, stringOf(parts?.get('name')));
      if (prompt === undefined) return undefined;
      const { server, digest, name } = prompt;
      return { server, digest, ref: withMembers(ref, { name: JSON.stringify(name) }), stillServed: () => content.isServed(prompt) };
    }
    case 'ref/resource': {
      const template = templateOf(deps, principal, stringOf(parts?.get('uri')));
      if (template === undefined) return undefined;
      const { server, digest, name } = template;
      return { server, digest, ref: withMembers(ref, { uri: JSON.stringify(name) }), stillServed: () => content.isServed(template) };
    }
    default:
      return undefined;
  }
}

function templateOf({ content, uris }: CompletionDeps, principal: Principal, exposed: string | undefined): CatalogResource | undefined {
  if (exposed === undefined) return undefined;
  const wrapped = uris.unwrapTemplate(exposed);
  for (const { server, templates } of content.servers()) {
    if (wrapped !== undefined && wrapped.server !== server) continue;
    const wanted = wrapped?.template ?? exposed;
    const found = templates.find(({ name }) => name === wanted && mayUseContent(principal, server, name));
    if (found !== undefined) return found;
  }
  return undefined;
}
