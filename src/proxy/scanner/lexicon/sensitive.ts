/*
 * What an attacker wants to have. Patterns over folded text (text/plain.ts): lower case, one sentence. All are linear:
 * alternatives of fixed words and bounded runs.
 */

/** Files that hold credentials or tell about the person, wherever they are kept. */
export const SENSITIVE_PATH = new RegExp(
  [
    String.raw`(?<![\w.])\.(?:ssh|aws|gnupg|kube|docker|azure|oci)(?:[/\\][\w.*-]{1,60})?`,
    String.raw`(?<![\w.])\.(?:env(?:\.\w{1,20})?|netrc|npmrc|pypirc|pgpass|git-credentials|gitconfig|(?:bash|zsh|python|psql|mysql)_history|vault-token|boto|s3cfg|htpasswd)\b`,
    String.raw`\bid_(?:rsa|dsa|ecdsa|ed25519)\b|\bauthorized_keys\b`,
    String.raw`/etc/(?:passwd|shadow|sudoers|hosts|ssl/private)\b|/proc/(?:self|\d{1,7})/environ\b|/var/run/secrets\b`,
    String.raw`[~.]/?(?:config|cargo|terraform\.d|local/share)/[\w./-]{0,60}(?:credentials?|hosts\.yml|tokens?|keyrings?|gcloud|auth)\b`,
    String.raw`\b(?:credentials|service[-_]account\w{0,20}|secrets?|client_secret\w{0,20}|application_default_credentials|auth)\.(?:json|ya?ml|ini|toml|db|xml)\b`,
    String.raw`\b(?:claude_desktop_config|mcp|mcp_config|settings\.local)\.json\b`,
    String.raw`\b(?:wallet\.dat|login data|cookies\.sqlite|logins\.json|key[34]\.db|keychain-db|ntds\.dit|web\.config|wp-config\.php|kubeconfig)\b`,
    String.raw`(?<!\w)[\w*~/-]{0,40}\.(?:pem|key|ppk|p12|pfx|kdbx|keystore|jks)\b(?! ?[:=(])`,
  ].join('|'),
);

/** Credentials by name. */
export const SENSITIVE_WORD = new RegExp(
  [
    String.raw`\b(?:private|ssh|api|access|secret|gpg|pgp|encryption|signing|aws|master|session|recovery|openai|anthropic|github|stripe|service|deploy|ssl|tls) ?[-_]?keys?\b`,
    String.raw`\b(?:auth|access|api|bearer|session|oauth|refresh|github|security|personal access|id|jwt|login|stored|saved|identity|csrf|bot) ?[-_]?tokens?\b`,
    String.raw`\b(?:passwords?|passphrases?|passcodes?|credentials?|logins? and passwords?|secret values?|secrets)\b`,
    String.raw`\b(?:environment|env) ?[-_]?var(?:iable)?s?\b|\benvironment (?:contents?|values?|dump)\b|\bprocess\.env\b|\bos\.environ\b|\bprintenv\b`,
    String.raw`\b(?:seed|recovery|mnemonic) ?[-_]?(?:phrases?|words?)\b|\bmnemonics?\b`,
    String.raw`\b(?:session |auth |login |browser )?cookies\b|\b(?:2fa|otp|mfa|one[- ]time|verification|authentication) ?[-_]?(?:codes?|secrets?|passwords?)\b`,
    String.raw`\bkey ?(?:chain|ring)s?\b|\b(?:clipboard|browser|browsing|shell|bash|command) (?:contents?|history|data)\b`,
    String.raw`\b(?:social security|credit card|card|bank account|account) (?:numbers?|details|data)\b|\bcvv2?\b|\bssns?\b`,
    String.raw`(?<![\w$])\$?\{?(?:env\.)?[a-z]{2,20}(?:_[a-z0-9]{2,20}){0,3}_(?:key|token|secret|password|passwd|pat|credentials?)\b\}?`,
  ].join('|'),
);

/** What was said between the person and the model, and what the model was told. */
export const CONVERSATION = new RegExp(
  [
    String.raw`\b(?:(?:chat|conversation|message|dialog(?:ue)?|session|prompt|interaction) ?[-_]?(?:history|logs?|contexts?|transcripts?|threads?|so far)|transcript)\b`,
    String.raw`\b(?:entire|full|whole|complete|current|verbatim|all(?: of)?(?: the)?|our|the user'?s?|user'?s?|this|preceding|previous|prior|recent|last|earlier) (?:chats?|conversations?|dialog(?:ue)?s?|contexts?(?: window)?|transcripts?|prompts?)\b`,
    String.raw`\b(?:all|previous|prior|earlier|last|recent|preceding|user'?s?|(?:the )?user's (?:last|full|original|previous|private)|full list of(?: last)?|whatsapp|private|inbox) (?:user )?(?:messages|chats|queries|prompts?|inbox|correspondence)\b`,
    String.raw`\b(?:system|developer|hidden|initial|original) ?[-_]?(?:prompts?|messages?|instructions?)\b`,
    String.raw`\b(?:contents?|text|copy|summary) of (?:the|this|our|all) (?:\w+ )?(?:conversations?|chats?)\b|\b(?:messages|everything) (?:the user|you) (?:has |have )?(?:said|wrote|written|typed|sent|know|seen|saw)\b`,
    String.raw`\b(?:open|active)(?: editor)? (?:editors|tabs|files|buffers)\b|\b(?:contents?|text) of (?:the |any |all )*(?:open|current|active)(?: editor)? (?:editor|file|tab|buffer)s?\b|\b(?:results?|outputs?)(?: of| from)? (?:any |all |the )?(?:other|previous|earlier|prior|preceding) tools?\b|\b(?:all|previous|earlier|prior|other|preceding) tool (?:calls?|results?|outputs?|responses?)\b`,
    String.raw`\b(?:everything|all|anything) you (?:know|have learned|remember|can see|have seen)\b|\bwhat (?:the |your )?(?:user|customer|person|client) (?:has been |is |was |has )?(?:asked|said|discussing|discussed|told you|working on|typed|wrote)\b`,
  ].join('|'),
);

/** What the model was told, asked back of it. */
export const PROMPT_LEAK = /\b(?:reveal|print|output|repeat|show|disclose|send|include|copy|leak|share|append|dump|recite|quote|paste|return|write|put|pass|forward|state|list)\b(?: (?:out|down|back|verbatim|me|us|all|the|of|any|full|entire|exact|complete|current|text|contents?|copy|a|as|and|word for word)){0,6} (?:your|its|the (?:assistant|model|agent|ai)'?s?) (?:full |entire |exact |own |original |initial |hidden |system |current |internal |custom |secret )*(?:instructions?|prompts?|system prompt|system message|guidelines|rules|context(?: window)?|chain of thought|configuration|tool (?:list|definitions))\b/;

/** An environment variable that holds a secret, by its name. */
export const SECRET_VARIABLE = /(?<![\w])\$?\{?(?:env\.)?[a-z]{2,20}(?:_[a-z0-9]{2,20}){0,3}_(?:key|token|secret|password|passwd|pat|credentials?)\b\}?(?! ?[:=(])/;
