import { createRequire } from 'node:module';
import type * as gateway from '../proxy/gateway.ts';
import type * as oauth from '../oauth/vscode/bundle.ts';
import type * as interaction from './interaction.ts';

// `createRequire` rather than `import()`: the bundler must leave the paths alone, and all bundles are CommonJS.
const load = createRequire(__filename);

/** What the core's own bundle offers the editor. */
export type Core = typeof gateway;

/** Loads the core on first need: activation must not pay for it. */
export function loadCore(): Core {
  return load('./gateway.cjs') as Core;
}

/** Loads what signs in, with the first server that may need it. */
export function loadOAuth(): typeof oauth {
  return load('./oauth.cjs') as typeof oauth;
}

/** Loads what commands do, with the first of them. */
export function loadInteraction(): typeof interaction {
  return load('./interaction.cjs') as typeof interaction;
}
