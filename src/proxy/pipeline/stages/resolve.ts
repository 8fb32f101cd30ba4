import type { Catalog, CatalogTool } from '../../catalog/types.ts';
import type { Principal } from '../../model.ts';
import { nearNames } from '../near.ts';
import { refusal } from '../refusal.ts';
import type { InboundStage } from '../types.ts';

/** What `resolve` needs: the catalog, and what this principal may hear of when a name is wrong. */
export interface ResolveDeps {
  readonly catalog: Catalog;
  visibleTools(principal: Principal): Iterable<CatalogTool>;
}

/** Name or id → catalog entry, by exact lookup. Unknown names get up to three near ones the principal may use. */
export function createResolve(deps: ResolveDeps): InboundStage & { readonly name: 'resolve' } {
  return {
    name: 'resolve',
    phase: 'in',
    run(call, next) {
      call.tool = deps.catalog.find(call.requested);
      if (call.tool !== undefined) return next();
      const near = nearNames(call.requested, deps.visibleTools(call.principal));
      const hint = near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`;
      return Promise.resolve(
        refusal('unknown_tool', `There is no tool with this name or id.${hint}`, {
          retryable: false,
          action: 'Call retrieve_tools with a short phrase for what you need, and use an id it returns.',
        }),
      );
    },
  };
}
