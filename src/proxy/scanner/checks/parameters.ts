import { CONVERSATION, SENSITIVE_PATH, SENSITIVE_WORD } from '../lexicon/sensitive.ts';
import { plain } from '../text/plain.ts';
import { record } from './schema.ts';
import type { Severity } from '../types.ts';

/*
 * Parameters that collect: the model fills in whatever a parameter is named after, so a parameter for the conversation
 * is a request for it. Tools whose purpose is the conversation, a prompt or a memory have such parameters by right.
 */

/** The whole conversation, the prompts, notes nobody sees. */
const COLLECTING_NAME =
  /^(?:(?:full|entire|whole|complete|raw|all|current|user|our|the|recent|previous|prior|past) (?:conversations?|chats?|dialog(?:ue)?|messages?|context|transcript|prompts|history|session)|conversation|(?:conversation|chat|dialog(?:ue)?|message|session|prompt) (?:history|context|logs?|transcript|so far|dump)|(?:(?:full|raw|current|user) )?(?:user )?(?:conversation|chat) (?:history|context|log|text|content|data|summary)|(?:prior|previous|earlier|other|all) tool (?:outputs?|results?|calls?)|(?:system|developer|hidden|original system) (?:prompt|instructions?|message)|side ?notes?|hidden (?:notes?|context|data|info|payload|channel)|(?:model|assistant|agent|llm|ai) (?:context|memory|thoughts|notes|state)|(?:available|known|installed|other|all) tools?(?: list| names)?|(?:all )?(?:env|environment) (?:vars?|variables|dump|contents)|contents? (?:of|from) .{3,80}|.{0,40}\b(?:id rsa|etc passwd|aws credentials|env file|ssh key) (?:contents?|text|data|file))$/;

/** "contents of id_rsa" as a parameter: the name alone makes the model fetch it. */
const NAMES_A_FILE = /\b(?:contents?|text|data|dump|reading) .{0,30}\b(?:ssh|id rsa|passwd|shadow|aws|env(?: file)?|netrc|credentials?|private key|kube ?config|history|keychain)\b/;

const TOTAL = /\b(?:all|full|entire|whole|complete|verbatim|raw|every|everything|contents?|copy|dump|list|text|summary|transcript|latest|recent|previous|prior|so far|exact|original|full text)\b/;
const FROM_MODEL = /\byou are running\b|\byour (?:complete |full |internal |own |entire |step[- ]by[- ]step |detailed )*(?:reasoning|thoughts?|thinking|chain of thought|plan|model name|version)\b|\b(?:visible|known|available|accessible) to (?:the |you)(?:assistant|model|agent|ai|llm)?|\b(?:you|the (?:assistant|model|agent|llm|ai)) (?:can|have|has|had|could|know|knows|see|sees|saw|hold|holds|received|were given|was given)\b|\b(?:your|the (?:assistant|model|agent|llm|ai)'?s?) (?:system prompt|instructions|context|memory|reasoning|configuration|environment)\b|\b(?:in|from) (?:your|the) (?:context|memory|conversation|session)\b/;
/** What the tool itself is about. */
const BY_RIGHT = /\b(?:models?|personas?|bots?|chats?|conversations?|messages?|dialog(?:ue)?s?|prompts?|llms?|memor(?:y|ies)|transcripts?|completions?|agents?|assistants?|summari[sz]\w*|deploy\w*|environments?|variables?|containers?|ssh|secrets?|vault|credentials?|keys?|threads?|inference|tokens?|password\w*|certificates?|login|auth\w*|encrypt\w*|decrypt\w*|sign\w*|hash\w*|wallet\w*)\b/;

/** What there is to say of a parameter, if anything. */
export interface SinkParameter {
  readonly severity: Severity;
  /** Where it shows: in the name or in the description. */
  readonly in: 'name' | 'description';
}

/**
 * Whether a parameter asks for what the tool has no use for.
 * @param purpose name, title and description of the tool
 */
export function sinkParameter(name: string, description: string, purpose: string): SinkParameter | undefined {
  const words = name.replace(/([a-z])([A-Z])/g, '$1 $2').replace(/[_\-.]+/g, ' ').toLowerCase().slice(0, 120);
  const told = plain(description.slice(0, 2_000)).text;
  const named = COLLECTING_NAME.test(words);
  const path = SENSITIVE_PATH.test(told);
  const loot = path || CONVERSATION.test(told) || /\benvironment variables\b|\bprocess\.env\b/.test(told);
  const asks = loot && (TOTAL.test(told) || path);
  const fromModel = FROM_MODEL.test(told) && (loot || SENSITIVE_WORD.test(told) || /\b(?:running|reasoning|thoughts?|thinking|model|version)\b/.test(told));
  if (!named && !asks && !fromModel) return undefined;
  const where = named ? 'name' : 'description';
  if (NAMES_A_FILE.test(words)) return { severity: 'block', in: where };
  if (BY_RIGHT.test(plain(purpose.slice(0, 4_000)).text.replaceAll('_', ' '))) return named || fromModel ? { severity: 'info', in: where } : undefined;
  return { severity: (named && asks) || (fromModel && (asks || named)) ? 'block' : 'warning', in: where };
}

const CATCH_ALL = /^(?:debug|extra|extras|feedback|notes?|context|metadata|additional(?:info|information|context|data)?|details|misc|other|aux|annotations?|comments?|reasoning|remarks|internal|info|meta|trace|telemetry)$/;

/**
 * Undescribed parameters of free text that mean nothing by their name; two or more leave room for whatever a text says.
 * @param properties the members of an input schema's `properties`
 */
export function catchAllParameters(properties: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(properties)
    .filter(([name, schema]) => CATCH_ALL.test(name.toLowerCase().replace(/[^a-z]/g, '')) && isFreeText(schema))
    .map(([name]) => name);
}

function isFreeText(schema: unknown): boolean {
  const { type, description, enum: values, format } = record(schema);
  return type === 'string' && description === undefined && values === undefined && format === undefined;
}
