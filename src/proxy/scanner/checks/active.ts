import type { Observation } from '../finding.ts';

/* What acts when a description is rendered: links that run something, markup, images from elsewhere, forged badges. */

const ACTIVE_LINK = /(?<![\w/.-])(?:command|javascript|vbscript|livescript):(?:\/\/)?[\w%(.@-][^\s)"'>]{0,200}|(?<![\w/.-])(?:vscode(?:-insiders)?|cursor|windsurf|ms-[a-z]{2,20}|search-ms|data:text\/html)[:;,](?:\/\/)?[^\s)"'>]{1,200}/gi;
const ACTIVE_TAG = /(?<!\w)<\s*(?:script|iframe|object|embed|applet|svg|form|base|meta|link|style|video|audio|img|a|input|button|details|body)\b[^>]{0,300}(?:\bon[a-z]{3,20}\s*=|javascript:|srcdoc\s*=|http-equiv|data:text\/html)[^>]{0,300}>?|(?<!\w)<\s*(?:script|iframe|object|embed|applet)\b[^>]{0,300}>(?! ?(?:tags?|elements?|blocks?|nodes?)\b)/gi;
const REMOTE_IMAGE = /!\[[^\]\n]{0,200}\]\(\s*<?(?:https?:)?\/\/[^)\s]{1,500}|<\s*img\b[^>]{0,300}\bsrc\s*=\s*["']?(?:https?:)?\/\/[^>\s]{1,300}|!\[[^\]\n]{0,200}\]\[[^\]\n]{1,100}\]/gi;
const BADGE = /\$\((?:verified(?:-filled)?|pass(?:-filled)?|check(?:-all)?|shield|lock|workspace-trusted|trusted|star-full|warning|error|info|key|unverified|thumbsup|squirrel|github|copilot|sparkle)(?:~spin)?\)/g;
const BADGE_SIGN = /[\u2705\u2714\u{1F512}\u{1F6E1}]\ufe0f?\s{0,2}(?:verified|trusted|approved|official|safe|secure|certified)\b/giu;

/** Everything in `text` that a renderer would act on. */
export function* activeIn(text: string): Generator<Observation> {
  if (!/[:<[$\u2705\u2714\ud83d]/.test(text)) return;
  for (const match of text.matchAll(ACTIVE_LINK)) if (!isProse(match[0])) yield at('active-link', 'block', match);
  for (const match of text.matchAll(ACTIVE_TAG)) yield at('active-markup', /\bon[a-z]{3,20}\s*=|javascript:|srcdoc|data:text/i.test(match[0]) ? 'block' : 'warning', match);
  for (const match of text.matchAll(REMOTE_IMAGE)) {
    // A placeholder or a query to be filled in carries data to whoever serves the image.
    const carries = /[?&][\w.-]{1,40}=(?:[{[<$%]|\.\.\.|$)|\{[\w .-]{1,40}\}|[?&](?:q|d|data|c|content|msg|text|payload|x|secret|token|key|log|info|context|history)=/i.test(match[0]);
    yield at('remote-image', carries ? 'block' : 'warning', match);
  }
  for (const match of text.matchAll(BADGE)) yield at('false-badge', /verified|trusted|shield|pass|check|lock/.test(match[0]) ? 'block' : 'warning', match);
  for (const match of text.matchAll(BADGE_SIGN)) yield at('false-badge', 'warning', match);
}

/** "command: string" and "command:foo" in lists of fields are prose. */
function isProse(match: string): boolean {
  const rest = match.slice(match.indexOf(':') + 1);
  return /^(?:command)$/i.test(match.slice(0, match.indexOf(':'))) && !/^(?:\/\/)?[a-z][\w-]{1,40}\.[\w.-]{2,}|^(?:workbench|vscode|extension|editor|_)/i.test(rest);
}

function at(code: Observation['code'], severity: Observation['severity'], match: RegExpMatchArray): Observation {
  const start = match.index ?? 0;
  return { code, severity, start, end: start + match[0].length };
}
