import type { Catalog, CatalogTool } from '../../catalog/types.ts';
import type { Principal } from '../../model.ts';
import { mayUse } from '../../policy/grants.ts';
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
 * classification of the tool and not by what the caller claims. What it does not cover is answered to the letter as
 * what does not exist, so that nobody learns by guessing which servers and tools a person has; the record says which
 * of the two it was. Unknown names get up to three near ones the principal may use.
 */
export function createResolve(deps: ResolveDeps): InboundStage & { readonly name: 'resolve' } {
  return {
    name: 'resolve',
    phase: 'in',
    run(call, next) {
      call.tool = deps.catalog.find(call.requested);
      if (call.tool !== undefined && mayUse(call.principal, call.tool)) return next();
      const unknown = unknownTool(call.requested, deps.visibleTools(call.principal));
      return Promise.resolve(call.tool === undefined ? unknown : { ...unknown, code: 'not_permitted' });
    },
  };
}

function unknownTool(requested: string, visible: Iterable<CatalogTool>): Outcome {
  const near = nearNames(requested, visible);
  const hint = near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`;
  return refusal('unknown_tool', `There is no tool with this name or id.${hint}`, {
    retryable: false,
    action: 'Call retrieve_tools with a short phrase for what you need, and use an id it returns. A person can widen what this agent may use.',
  });
}
