import type { Catalog, CatalogTool } from '../../catalog/types.ts';
import { toolId, type Principal } from '../../model.ts';
import { mayName, mayUse } from '../../policy/grants.ts';
import { nearNames } from '../near.ts';
import { refusal } from '../refusal.ts';
import type { InboundStage, Outcome } from '../types.ts';

/** What `resolve` needs: the catalog, and what this principal may hear of when a name is wrong. */
export interface ResolveDeps {
  readonly catalog: Pick<Catalog, 'find'>;
  visibleTools(principal: Principal): Iterable<CatalogTool>;
}

/**
 * Name or id → catalog entry, by exact lookup, as far as the principal's grant goes: judged by the approved
 * classification of the tool and not by what the caller claims. An id that the grant's servers and tools leave out is
 * refused whether such a tool exists or not, and so is not told apart by guessing. Other unknown names get up to three
 * near ones that the principal may use; so do exposed names of tools that it may not.
 */
export function createResolve(deps: ResolveDeps): InboundStage & { readonly name: 'resolve' } {
  return {
    name: 'resolve',
    phase: 'in',
    run(call, next) {
      const { principal, requested } = call;
      call.tool = deps.catalog.find(requested);
      if (call.tool !== undefined && mayUse(principal, call.tool)) return next();
      if (isWithheld(requested, principal, call.tool)) return Promise.resolve(notPermitted());
      const unknown = unknownTool(requested, deps.visibleTools(principal));
      return Promise.resolve(call.tool === undefined ? unknown : { ...unknown, code: 'not_permitted' });
    },
  };
}

/** Whether the grant, by what the caller already knows of it, is what stands in the way: the name, or the tier of a tool it may name. */
function isWithheld(requested: string, principal: Principal, tool: CatalogTool | undefined): boolean {
  if (tool !== undefined && mayName(principal, tool)) return true;
  const colon = requested.indexOf(':');
  if (colon <= 0) return false;
  const [server, name] = [requested.slice(0, colon), requested.slice(colon + 1)];
  return !mayName(principal, { id: toolId(server, name), server, name });
}

function notPermitted(): Outcome {
  return refusal('not_permitted', 'Your access does not cover this tool.', {
    retryable: false,
    action: 'Use a tool that retrieve_tools returns, or ask the person to widen the access of this agent.',
  });
}

function unknownTool(requested: string, visible: Iterable<CatalogTool>): Outcome {
  const near = nearNames(requested, visible);
  const hint = near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`;
  return refusal('unknown_tool', `There is no tool with this name or id.${hint}`, {
    retryable: false,
    action: 'Call retrieve_tools with a short phrase for what you need, and use an id it returns.',
  });
}
