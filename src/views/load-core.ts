import { createRequire } from 'node:module';
import type * as gateway from '../proxy/gateway.ts';

/** What the core's own bundle offers the editor. */
export type Core = typeof gateway;

/**
 * Loads the core from its bundle beside ours, on first need: activation must not pay for it.
 * `createRequire` rather than `import()`: the bundler must leave the path alone, and both bundles are CommonJS.
 */
export function loadCore(): Core {
  return createRequire(__filename)('./gateway.cjs') as Core;
}
