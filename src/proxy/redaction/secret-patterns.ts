/*
 * What secrets look like: published token formats, and the places where a text names a secret before it. Every
 * expression is linear: a fixed beginning, then one bounded or unbroken run.
 */

/** Holds for every text that one of `SECRET_VALUES` matches: none of them is shorter. */
export const MAY_BE_SECRET = /[\w.+/=:-]{14}/;

/** Holds for every text that one of `NAMED_SECRETS` matches. */
export const MAY_NAME_SECRET = /[:=@]|-(?:p|s|api|t|a|c)[\w-]{3,}[ \t]|\b(?:bearer|basic)[ \t]/i;

/** Values that are secrets wherever they stand. */
export const SECRET_VALUES: readonly RegExp[] = [
  // Private keys; one whose end is missing runs to the end of the text.
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
  /\bAGE-SECRET-KEY-1[A-Z0-9]{50,}/g,
  // JSON Web Tokens; looking only where a run begins keeps a text of many beginnings linear.
  /(?<![\w-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.?[A-Za-z0-9_-]*/g,
  // Our own agents' tokens.
  /\bvst_[\w-]{43}/g,
  // Source forges and package registries.
  /\bgh[pousr]_[A-Za-z0-9]{20,}/g,
  /\bgithub_pat_\w{20,}/g,
  /\bgl(?:pat|ptt|rt|dt|soat|agent|cbt|ft|imt|oas)-[\w-]{16,}/g,
  /\bnpm_[A-Za-z0-9]{30,}/g,
  /\bpypi-[\w-]{30,}/g,
  /\brubygems_[0-9a-f]{40,}/g,
  /\bdckr_(?:pat|oat)_[\w-]{20,}/g,
  /\bATATT3[\w=-]{30,}/g,
  /\bATCTT3[\w=-]{30,}/g,
  // Clouds.
  /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/g,
  /\bAIza[\w-]{35}/g,
  /\bya29\.[\w-]{20,}/g,
  /\bGOCSPX-[\w-]{20,}/g,
  /\bdo[opr]_v1_[0-9a-f]{32,}/g,
  /\bHRKU-[\w-]{20,}/g,
  /\bdapi[0-9a-f]{32}/g,
  /\bhv[sbr]\.[\w-]{20,}/g,
  /\b[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}/g,
  /\bsbp_[0-9a-f]{32,}/g,
  /\bsb_secret_[\w-]{16,}/g,
  /\bfm[12]_[\w+/=-]{32,}/g,
  /\bpscale_(?:tkn|pw|oauth)_[\w-]{20,}/g,
  /\bdp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{20,}/g,
  /\bops_eyJ[\w-]{50,}/g,
  /\bAccountKey=[A-Za-z0-9+/]{40,}={0,2}/g,
  // Models.
  /\bsk-(?:proj-|svcacct-|admin-|ant-[a-z0-9]{2,8}-|or-v1-)?[\w-]{20,}/g,
  /\bhf_[A-Za-z0-9]{25,}/g,
  /\bgsk_[A-Za-z0-9]{30,}/g,
  /\br8_[A-Za-z0-9]{30,}/g,
  /\bxai-[A-Za-z0-9]{40,}/g,
  /\bpplx-[A-Za-z0-9]{30,}/g,
  /\btvly-[\w-]{20,}/g,
  // Messages and mail.
  /\bxox[abeoprs]-[\w-]{10,}/g,
  /\bxapp-\d-[\w-]{10,}/g,
  /\bhttps:\/\/hooks\.slack\.com\/(?:services|workflows|triggers)\/[\w/]{20,}/g,
  /\bhttps:\/\/(?:\w+\.)?discord(?:app)?\.com\/api\/webhooks\/[\w/-]{20,}/g,
  /\b[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,}/g,
  /\b\d{8,10}:AA[\w-]{32,}/g,
  /\bSG\.[\w-]{16,}\.[\w-]{16,}/g,
  /\bkey-[0-9a-f]{32}\b/g,
  /\b[0-9a-f]{32}-us\d{1,2}\b/g,
  /\b(?:SK|AC)[0-9a-f]{32}\b/g,
  // Payments and shops.
  /\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}/g,
  /\bwhsec_[A-Za-z0-9+/=]{16,}/g,
  /\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}/g,
  /\bsq0(?:atp|csp|idp)-[\w-]{20,}/g,
  /\bEAAA[\w-]{50,}/g,
  // Work tools.
  /\blin_(?:api|oauth)_[A-Za-z0-9]{30,}/g,
  /\b(?:ntn|secret)_[A-Za-z0-9]{40,}/g,
  /\bfig[doru]{1,2}_[\w-]{20,}/g,
  /\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}/g,
  /\bpat[A-Za-z0-9]{14}\.[0-9a-f]{64}/g,
  /\bgl(?:sa|c)_[A-Za-z0-9+/=_]{30,}/g,
  /\bNRA[KA]-[A-Z0-9]{27}/g,
  /\bsntry[su]_[\w+/=-]{30,}/g,
  /\bphc_[A-Za-z0-9]{40,}/g,
  /\b(?:api|app)_[0-9a-f]{40}\b/g,
];

/** Words after which a secret is given, as the source of an expression. */
const NAME =
  '(?:password|passwd|passphrase|secret|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret|[a-z_-]{0,24}token|credentials?|session[_-]?id|sig|signature)';

/** Secrets that the words before them give away; group 1 stays, the rest goes. */
export const NAMED_SECRETS: readonly RegExp[] = [
  // https://user:password@host
  /(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/?#@'"<>]{1,512}(?=@)/gi,
  // Authorization: Bearer …, also without the header name; a digit or = tells a credential from prose
  /(\b(?:bearer|basic)[ \t]{1,4})(?=[a-z~+/_.-]{0,200}[0-9=])[\w.~+/=-]{8,}/gi,
  // Cookie and authorization header lines, whatever they hold
  /(\b(?:set-cookie|cookie|(?:proxy-)?authorization)["']?[ \t]{0,4}[:=][ \t]{0,4})[^\r\n"']{4,}/gi,
  // "key": "any words", key='any words', also inside other words (DB_PASSWORD=…) and inside escaped JSON
  new RegExp(`(${NAME}\\\\?["']?[ \\t]{0,4}[:=][ \\t]{0,4}\\\\?")[^"\\\\]{4,}`, 'gi'),
  new RegExp(`(${NAME}["']?[ \\t]{0,4}[:=][ \\t]{0,4}')[^']{4,}`, 'gi'),
  // key=value
  new RegExp(`(${NAME}["']?[ \\t]{0,4}[:=][ \\t]{0,4})[^\\s"'&,;{}[\\]\\\\]{4,}`, 'gi'),
  /((?:--|\b-)(?:password|passwd|passphrase|secret|api-?key|token|access-token|client-secret)[ \t]{1,4})[^\s"'-][^\s"']{3,}/gi,
  // OAuth answers in a query or fragment
  /([?&#](?:code|state|key|auth|access_token|id_token|refresh_token|assertion|x-amz-security-token|x-amz-signature|x-goog-signature)=)[^\s&#"'<>]{4,}/gi,
];

const SENSITIVE_KEY =
  /^(?:(?:proxy)?authorization|(?:set)?cookies?|pass|pwd|passw(?:or)?d|passphrase|pin|otp|totp|auth|bearer|mcpsessionid|sessionid|sid|jwt|sig|signature|.*(?:password|passwd|passphrase|secrets?|token|apikey|accesskey|privatekey|secretkey|signingkey|encryptionkey|masterkey|credentials?|connectionstring))$/;

/** True when a member of this name holds a secret, however it is spelled: `API-Key`, `apiKey`, `x_api_key`. */
export function isSensitiveKey(key: string): boolean {
  return key.length <= 100 && SENSITIVE_KEY.test(key.toLowerCase().replace(/[^a-z0-9]/g, ''));
}
