import type { Grant, Principal, ServerName } from '../model.ts';
import { compileGlobs } from './glob.ts';

type GrantCheck = (server: ServerName, name: string) => boolean;

// Grants are immutable and few; compiling one costs more than a request should pay.
const compiled = new WeakMap<Grant, GrantCheck>();

/**
 * True when the principal's grant covers a prompt, template or resource of this server: globs over tools match its
 * `server:name` or bare name just as well, so that who was given a few tools was not given the rest of the server.
 * The profile it came through must cover it too.
 * @param name of the prompt, or URI (template) of the resource
 */
export function mayUseContent({ grant, profile }: Principal, server: ServerName, name: string): boolean {
  return covers(grant, server, name) && (profile === undefined || covers(profile.grant, server, name));
}

function covers(grant: Grant, server: ServerName, name: string): boolean {
  let check = compiled.get(grant);
  if (check === undefined) {
    const serverOk = grant.servers === 'all' ? () => true : compileGlobs(grant.servers);
    const nameOk = grant.tools === 'all' ? () => true : compileGlobs(grant.tools);
    check = (of, what) => serverOk(of) && (nameOk(`${of}:${what}`) || nameOk(what));
    compiled.set(grant, check);
  }
  return check(server, name);
}
