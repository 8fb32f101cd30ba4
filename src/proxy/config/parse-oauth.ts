import { checkKeys, choiceField, flagField, numberField, objectField, quote, textField, textsField, type Fields } from './fields.ts';
import { ENTERPRISE_KEYS, OAUTH_KEYS } from './keys.ts';
import { RANGES } from './ranges.ts';
import type { FileReport } from './report.ts';
import type { EnterpriseSettings, OAuthSettings, UpstreamConfig } from './types.ts';

/** Keys that lend a person's secrets or loosen a rule: only their own file may hold them. */
const OWN_FILE_ONLY = ['clientSecret', 'privateKey', 'enterprise', 'grant', 'pkce', 'privateNetwork', 'issuer', 'editorAccount'] as const;

/** The `oauth` section of an entry. A folder's file may name a client and scopes; the rest is a person's to decide. */
export function parseOAuth(report: FileReport, fields: Fields, origin: UpstreamConfig['origin']): Pick<UpstreamConfig, 'oauth'> {
  const section = objectField(report, fields, 'oauth');
  if (section === undefined) return {};
  checkKeys(report, section, OAUTH_KEYS);
  const own = origin === 'user';
  for (const key of OWN_FILE_ONLY) {
    const field = section.get(key);
    if (!own && field !== undefined) report.warn(field.keyNode, `A workspace file cannot set ${quote(key)} of "oauth"; it is ignored.`, 'Declare this server in your own servers file.');
  }
  const texts = textMembers(report, section, own ? ['clientId', 'clientSecret', 'issuer', 'clientMetadataUrl', 'privateKey', 'algorithm', 'editorAccount'] : ['clientId', 'clientMetadataUrl']);
  const scopes = textsField(report, section, 'scopes');
  const redirectPort = numberField(report, section, 'redirectPort', RANGES.redirectPort);
  const pkce = own ? choiceField(report, section, 'pkce', ['required', 'assumed'] as const) : undefined;
  const privateNetwork = own ? flagField(report, section, 'privateNetwork') : undefined;
  const grant = own ? choiceField(report, section, 'grant', ['authorization_code', 'client_credentials', 'enterprise'] as const) : undefined;
  const enterprise = own ? parseEnterprise(report, section) : undefined;
  const oauth: OAuthSettings = {
    ...texts,
    ...(scopes !== undefined && { scopes }),
    ...(redirectPort !== undefined && { redirectPort }),
    ...(pkce !== undefined && { pkce }),
    ...(privateNetwork !== undefined && { privateNetwork }),
    ...(grant !== undefined && { grant }),
    ...(enterprise !== undefined && { enterprise }),
  };
  checkGrant(report, section, oauth);
  return { oauth };
}

function parseEnterprise(report: FileReport, section: Fields): EnterpriseSettings | undefined {
  const fields = objectField(report, section, 'enterprise');
  if (fields === undefined) return undefined;
  checkKeys(report, fields, ENTERPRISE_KEYS);
  const { tokenEndpoint, clientId, idToken } = textMembers(report, fields, ENTERPRISE_KEYS);
  if (tokenEndpoint !== undefined && clientId !== undefined && idToken !== undefined) return { tokenEndpoint, clientId, idToken };
  const field = section.get('enterprise');
  if (field !== undefined) report.error(field.keyNode, '"enterprise" needs "tokenEndpoint", "clientId" and "idToken".', 'Add what is missing.');
  return undefined;
}

function checkGrant(report: FileReport, section: Fields, { grant, clientId, clientSecret, privateKey, enterprise }: OAuthSettings): void {
  const field = section.get('grant');
  if (field === undefined) return;
  if (grant === 'client_credentials' && (clientId === undefined || (clientSecret ?? privateKey) === undefined)) {
    report.error(field.value, '"client_credentials" needs a "clientId" and a "clientSecret" or "privateKey".', 'Add them; refer to the secret as ${secret:NAME}.');
  }
  if (grant === 'enterprise' && (clientId === undefined || enterprise === undefined)) {
    report.error(field.value, '"enterprise" needs a "clientId" and the section "enterprise".', 'Add them.');
  }
}

function textMembers<K extends string>(report: FileReport, fields: Fields, keys: readonly K[]): Partial<Record<K, string>> {
  const texts: Partial<Record<K, string>> = {};
  for (const key of keys) {
    const value = textField(report, fields, key);
    if (value !== undefined) texts[key] = value;
  }
  return texts;
}
