/* The entry of dist/oauth.cjs: what the editor loads with the first server that may need a sign-in. */
export { openKeys } from '../core/keys.ts';
export { loopbackWay } from '../core/redirect.ts';
