import { member, type ShapeObservation } from './schema.ts';

/*
 * Hints that contradict what the tool calls itself. A client that believes readOnlyHint skips the person's
 * confirmation (security §3), so a false one is worth more than any text.
 */

const CHANGES = /^(?:delete|remove|drop|destroy|purge|truncate|erase|wipe|write|create|update|insert|send|publish|execute|exec|kill|move|rename|transfer|pay|deploy|install|uninstall|upload|edit|modify|merge|push|commit|overwrite|revoke|grant|cancel|refund|reboot|shutdown|terminate)(?=[_\-A-Z]|$)/;
const DESTROYS = /^(?:delete|remove|drop|destroy|purge|truncate|erase|wipe|overwrite|kill|terminate|uninstall)(?=[_\-A-Z]|$)/;
const SAYS_SO = /^\W*(?:permanently |immediately |create or )?(?:delet|remov|drop|destroy|purg|truncat|eras|wip|writ|creat|updat|insert|send|publish|execut|kill|mov|renam|transfer|pay|deploy|install|uninstall|upload|edit|modif|merg|push|commit|overwrit|revok|grant|cancel|refund|reboot|terminat)(?:e|es|ed|ing|s|y|ies)?\b/i;

/** Contradictions between a tool's hints and its name and description. */
export function* contradictions(definition: unknown): Generator<ShapeObservation> {
  const name = member(definition, 'name');
  const description = member(definition, 'description');
  const hints = member(definition, 'annotations');
  if (typeof name !== 'string') return;
  // Names often begin with the service: github_delete_file.
  const verb = name.slice(0, 120).split(/[_\-./]/).find((part) => CHANGES.test(part.toLowerCase())) ?? name;
  const startsSo = CHANGES.test(name) || (name.toLowerCase().includes(`_${verb.toLowerCase()}`) && CHANGES.test(verb.toLowerCase()));
  if (!startsSo) return;
  if (member(hints, 'readOnlyHint') === true && typeof description === 'string' && SAYS_SO.test(description)) {
    yield { code: 'annotation-contradiction', severity: 'warning', path: '/annotations/readOnlyHint', of: 'value', text: 'true', detail: `"${name.slice(0, 60)}" claims to be read-only.` };
  } else if (member(hints, 'destructiveHint') === false && DESTROYS.test(verb.toLowerCase())) {
    yield { code: 'annotation-contradiction', severity: 'info', path: '/annotations/destructiveHint', of: 'value', text: 'false', detail: `"${name.slice(0, 60)}" claims not to destroy anything.` };
  }
}
