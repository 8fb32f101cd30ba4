import type { Node } from 'jsonc-parser';
import { dictionary } from './dictionary.ts';
import { checkKeys, choiceField, fieldsOf, quote, type Field } from './fields.ts';
import { PROFILE_KEYS } from './keys.ts';
import { MODES } from './parse-gateway.ts';
import { globsField } from './parse-tools.ts';
import type { FileReport } from './report.ts';
import type { ProfileConfig } from './types.ts';

/** The name is a segment of a URL. */
const NAME = /^(?!__proto__$)[a-zA-Z0-9_-]{1,64}$/;
const MAX_PROFILES = 100;

/** Reads the `profiles` section; a profile with a bad member is reported and shows nothing until it is mended. */
export function parseProfiles(report: FileReport, node: Node | undefined): Record<string, ProfileConfig> {
  const members = node === undefined ? undefined : fieldsOf(report, node, '"profiles"');
  const profiles: [string, ProfileConfig][] = [];
  for (const member of members?.values() ?? []) {
    if (profiles.length === MAX_PROFILES) {
      report.error(member.keyNode, `Only the first ${MAX_PROFILES} profiles of a file are read.`, 'Remove profiles that you do not use.');
      break;
    }
    const profile = parseProfile(report, member);
    if (profile !== undefined) profiles.push([member.key, profile]);
  }
  return dictionary(profiles);
}

function parseProfile(report: FileReport, { key, keyNode, value }: Field): ProfileConfig | undefined {
  if (!NAME.test(key)) {
    report.error(keyNode, `${quote(key)} is not a name a profile can have.`, 'Use 1 to 64 letters, digits, "_" and "-": the name is part of a URL.');
    return undefined;
  }
  let profile: ProfileConfig | undefined;
  const sound = report.withoutErrors(() => {
    const fields = fieldsOf(report, value, `The profile ${quote(key)}`);
    if (fields === undefined) return;
    checkKeys(report, fields, PROFILE_KEYS);
    const servers = globsField(report, fields, 'servers');
    const tools = globsField(report, fields, 'tools');
    const mode = choiceField(report, fields, 'mode', MODES);
    const pinned = globsField(report, fields, 'pinned');
    profile = { ...(servers && { servers }), ...(tools && { tools }), ...(mode && { mode }), ...(pinned && { pinned }) };
  });
  // Left out it would make way for a profile of the same name in a file that counts less.
  return sound ? profile : { servers: [] };
}
