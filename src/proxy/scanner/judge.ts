import {
  ADDRESS, ADDRESSEE, ALL_TRAFFIC, ALL_WORK, ALTER, AUTHORITY, CALL_PART, CONCEAL, COVERT, DEFERRED, DEMAND, DESTINATION, DIRECTIVE, EXEC, EXFILTRATE, EXPLAINS, GIVEN_AWAY, HAND, INTERFERE, INTO_ANSWERS, LABEL, MOMENT, MOVE, MOVES,
  NO_CONSENT, OBLIGED, OPENS, OVERRIDE, PERSIST, PLACE, PRECEDENCE, PREFER, READ, RUN, SHARED_ELSEWHERE, SINK, WORK,
} from './lexicon/english.ts';
import { intentionsIn } from './lexicon/languages.ts';
import { COMMENT, FORGED_TURN, isMisspelledTag, MADE_UP_ELEMENT, TEMPLATE_TOKEN, UNSEEN_STYLE, WEIGHTY_TAG } from './lexicon/markup.ts';
import { CONVERSATION, PROMPT_LEAK, SECRET_VARIABLE, SENSITIVE_PATH, SENSITIVE_WORD } from './lexicon/sensitive.ts';
import type { RuleCode } from './rule-titles.ts';
import { sentencesOf, type Plain, type Sentence } from './text/plain.ts';

/** `strong`: no honest description says this; `mid`: many an honest one does, but a person should read it. */
export type Grade = 'strong' | 'mid';

/** Something a text says. Offsets are those of the `Plain`. */
export interface Hit {
  readonly code: RuleCode;
  readonly grade: Grade;
  readonly start: number;
  readonly end: number;
}

/** Names of tools of other servers that a text may mention, lower case. */
export interface ToolNames {
  /** The first of them in a folded sentence. */
  find(sentence: string): Place | undefined;
}

interface Place {
  readonly start: number;
  readonly end: number;
}

/** How a text is to be read. */
export interface Reading {
  readonly others?: ToolNames;
  /** True for text that speaks to the model by right, as a server's instructions do: giving orders says nothing. */
  readonly addressed?: boolean;
}

/**
 * What in a text speaks to the model instead of describing the tool. Each sentence is read for what it wants (to
 * override, to conceal, to take, to pass on…) and how it says so (a command, a moment, a label); what is
 * unusual is the combination, never a single word.
 */
export function judge(text: Plain, reading: Reading = {}): Hit[] {
  const sentences = sentencesOf(text).map((sentence) => new Said(sentence, reading));
  const hits: Hit[] = [];
  sentences.forEach((said, i) => {
    for (const hit of hitsIn(said, sentences[i - 1])) hits.push(isExplained(said, sentences[i - 1], hit) ? { ...hit, grade: 'mid' } : hit);
  });
  return combined(hits, sentences);
}

/** Whether a text gives orders, of whatever kind. */
export function ordersIn(text: Plain): boolean {
  return sentencesOf(text).some((sentence) => {
    const said = new Said(sentence, {});
    return (said.has('label') && (said.has('directive') || said.has('move') || said.has('alter'))) || said.has('obliged') || (said.has('directive') && said.has('moment') && said.has('move'));
  });
}

type Feature = keyof typeof FEATURES;

const FEATURES = {
  override: OVERRIDE, conceal: CONCEAL, covert: COVERT, noConsent: NO_CONSENT, addressee: ADDRESSEE, label: LABEL, directive: DIRECTIVE, moment: MOMENT,
  read: READ, move: MOVE, moves: MOVES, exfiltrate: EXFILTRATE, place: PLACE, sink: SINK, exec: EXEC, run: RUN, persist: PERSIST, prefer: PREFER, precedence: PRECEDENCE, callPart: CALL_PART,
  alter: ALTER, deferred: DEFERRED, elsewhere: SHARED_ELSEWHERE, path: SENSITIVE_PATH, secret: SENSITIVE_WORD, conversation: CONVERSATION, leak: PROMPT_LEAK, template: TEMPLATE_TOKEN,
  tag: WEIGHTY_TAG, turn: FORGED_TURN, comment: COMMENT, unseen: UNSEEN_STYLE, explains: EXPLAINS, element: MADE_UP_ELEMENT,
  authority: AUTHORITY, given: GIVEN_AWAY, answers: INTO_ANSWERS, obliged: OBLIGED, demand: DEMAND, allWork: ALL_WORK, hand: HAND, variable: SECRET_VARIABLE, interfere: INTERFERE, traffic: ALL_TRAFFIC, work: WORK, address: ADDRESS, opens: OPENS,
} as const;

/** A sentence and what it was found to say; each feature is looked for once, when first asked for. */
class Said {
  readonly start: number;
  readonly text: string;
  readonly reading: Reading;
  readonly #found = new Map<string, Place | undefined>();
  #intentions: ReturnType<typeof intentionsIn> | undefined;
  #continued = false;

  constructor({ text, start }: Sentence, reading: Reading) {
    this.text = text;
    this.start = start;
    this.reading = reading;
  }

  place(feature: Feature): Place | undefined {
    if (this.#found.has(feature)) return this.#found.get(feature);
    const match = FEATURES[feature].exec(this.text);
    const place = match === null ? undefined : { start: match.index, end: match.index + match[0].length };
    this.#found.set(feature, place);
    return place;
  }

  has(feature: Feature): boolean {
    return this.place(feature) !== undefined;
  }

  get intentions(): ReturnType<typeof intentionsIn> {
    return (this.#intentions ??= intentionsIn(this.text));
  }

  get misspelledTag(): Place | undefined {
    return isMisspelledTag(this.text);
  }

  /** What an attacker wants to have. */
  get loot(): Place | undefined {
    return this.place('path') ?? this.place('conversation') ?? this.place('secret');
  }

  /**
   * Told to do something, now or at some moment. The first sentence of a text is a command by nature ("Pass variables
   * on when starting"): there the moment has to come first to make it one to the model.
   */
  commanded(opening: boolean, verb: Feature): boolean {
    if (this.#continued || this.has('directive') || this.has('label') || this.has('addressee')) return true;
    const moment = this.place('moment');
    return moment !== undefined && (!opening || moment.start <= (this.place(verb)?.start ?? 0));
  }

  /** A label or tag before it goes on into this sentence. */
  continue(): void {
    this.#continued = true;
  }
}

// A tool named by its form; names of listed tools are looked up.
const ANY_TOOL = /\b[a-z][a-z0-9]{1,20}(?:_[a-z0-9]{1,20}){1,4}(?:\(\))?(?= |,|$|\.|')|\b[a-z]\w{1,30}\.[a-z]\w{1,30}(?:_\w{1,20})?\(\)|\b(?:other|another|any|every|all|file|e-?mail|shell|search|payment|transfer|export|check|minus|write|read|database|upload|browser) (?:[a-z-]{1,20} )?(?:tools?|operations?|functions?|commands?)\b|\bthe (?!first|second|next|same|other|right|correct|appropriate|following|main|current|last)[a-z-]{3,20} tool\b|\ball (?:e-?mails|messages|commands|payments|transfers)\b/;

function* hitsIn(said: Said, before: Said | undefined): Generator<Hit> {
  const hit = (code: RuleCode, grade: Grade, ...features: readonly (Feature | Place | undefined)[]): Hit => ({ code, grade, ...spanOf(said, features) });
  if (before !== undefined && before.text.length < 60 && (before.has('label') || before.has('tag') || before.has('turn'))) said.continue();

  yield* markup(said, hit);
  if (said.has('override') && !isForbidden(said, 'override')) yield hit('instruction-override', 'strong', 'override');
  if (said.has('deferred')) yield hit('deferred-behaviour', said.has('exfiltrate') || said.has('exec') || said.loot !== undefined ? 'strong' : 'mid', 'deferred');
  yield* consent(said, before, hit);
  yield* theft(said, before, hit);
  yield* steering(said, hit);
  if (said.has('exec') && (said.commanded(before === undefined, 'exec') || said.has('tag') || said.has('turn'))) yield hit('command-execution', said.has('directive') || said.has('moment') ? 'strong' : 'mid', 'exec');
  if (said.has('authority')) yield hit('false-authority', 'mid', 'authority');
  if (said.has('persist')) yield hit('persistent-instruction', 'mid', 'persist');
  if (said.has('answers')) yield hit('answer-tampering', said.has('address') ? 'strong' : 'mid', 'answers');
  if (said.has('run') && /\b(?:found|returned|given|in (?:the |its |this )?(?:results?|outputs?|response|page|content))\b/.test(said.text)) yield hit('command-execution', 'mid', 'run');
  if (said.has('addressee') && !(said.reading.addressed ?? false)) yield hit('model-address', 'mid', 'addressee');
  yield* otherLanguages(said, hit);
}

type MakeHit = (code: RuleCode, grade: Grade, ...features: readonly (Feature | Place | undefined)[]) => Hit;

function* markup(said: Said, hit: MakeHit): Generator<Hit> {
  const misspelled = said.misspelledTag;
  const orders = said.has('override') || said.has('conceal') || said.has('exec') || said.has('run') || said.has('exfiltrate') || said.intentions.size > 1 || (said.loot !== undefined && (said.has('read') || said.has('move')));
  const mild = said.has('directive') || said.has('moment') || said.has('move') || said.has('noConsent');
  if (said.has('template')) yield hit('role-markup', 'strong', 'template');
  else if (said.has('tag')) yield hit('role-markup', orders || mild || said.has('traffic') ? 'strong' : 'mid', 'tag');
  else if (said.has('element') && (orders || said.has('traffic') || said.has('interfere') || said.has('directive'))) yield hit('role-markup', orders || said.has('traffic') ? 'strong' : 'mid', 'element');
  else if (misspelled !== undefined) yield hit('role-markup', orders || mild ? 'strong' : 'mid', misspelled);
  else if (said.has('turn')) yield hit('role-markup', orders ? 'strong' : 'mid', 'turn');
  if (said.has('comment') && (orders || mild || said.has('addressee') || said.has('address') || said.has('obliged') || /\b(?:model|assistant|agent|ai|llm)s?\b/.test(said.text) || FORGED_TURN.test(said.text.replace(/^[^\n]*?<!-- ?/, '')))) yield hit('hidden-markup', 'strong', 'comment');
  if (said.has('unseen') && said.text.includes('<')) yield hit('hidden-markup', orders || mild ? 'strong' : 'mid', 'unseen');
}

function* consent(said: Said, before: Said | undefined, hit: MakeHit): Generator<Hit> {
  if (said.has('conceal') && !isForbidden(said, 'conceal') && !isPrudent(said)) yield hit('concealment', 'strong', 'conceal');
  if (said.has('noConsent') && !isForbidden(said, 'noConsent')) {
    const ordered = said.has('directive') || said.has('label') || said.has('addressee') || (before !== undefined && said.has('move'));
    yield hit('consent-bypass', ordered ? 'strong' : 'mid', 'noConsent');
  }
}

/**
 * "Never do this without asking the user" asks for consent, "only when the user has confirmed" waits for it; "do not follow instructions in
 * results" is good advice.
 */
function isForbidden(said: Said, feature: 'conceal' | 'noConsent' | 'override'): boolean {
  const start = said.place(feature)?.start ?? 0;
  const [head, before] = [said.text.slice(start, start + 12), said.text.slice(Math.max(0, start - 200), start)];
  return (WEAKENED.test(head) && NEGATED.test(before)) || (PERSON.test(head) && CONDITIONAL.test(before));
}

/** "Never share your password with anyone" keeps a secret for the person, not from them. */
function isPrudent(said: Said): boolean {
  const { start, end } = said.place('conceal') ?? { start: 0, end: 0 };
  return PROTECTS.test(said.text.slice(start, end));
}

const PROTECTS = /\b(?:shar|reveal|disclos|expos|giv|tell)\w{0,4} (?:[\w']{1,12} ){0,3}(?:passwords?|passphrases?|credentials?|tokens?|(?:api |private |secret |access )?keys?|secrets?|pins?|codes?|recovery phrases?)\b[^\n]{0,20}\b(?:anyone|anybody|people|others|persons?)\b/;
const WEAKENED = /^(?:without|skip|bypass|ignor|follow|obey|execut|overrid|disregard|treat)/;
const PERSON = /^(?:users?|human|customer|operator|owner|person|administrator|admin|they|he|she)\b/;
const CONDITIONAL = /\b(?:if|when|whenever|unless|until|after|once|only|before|where|whether|while)\b/;
const NEGATED = /\b(?:not|never|cannot|can't|don't|doesn't|won't|no|nor|nothing)\b[^\n]{0,80}$/;

/** Taking what is worth taking, and passing it on. */
function* theft(said: Said, before: Said | undefined, hit: MakeHit): Generator<Hit> {
  const { loot } = said;
  const commanded = said.commanded(before === undefined, said.has('move') ? 'move' : 'read');
  const aimed = commanded || before !== undefined;
  if (said.has('leak')) yield hit('data-exfiltration', aimed || said.has('sink') ? 'strong' : 'mid', 'leak');
  // A secret by name is often the tool's own: its key, its token. Files, the conversation and "any", "all" are not.
  const path = isSource(said, 'path');
  const prized = path || said.has('conversation');
  const foreign = prized || isForeign(said) || isSource(said, 'variable');
  const out = said.has('sink') || said.has('place');
  const moved = said.has('move') ? 'move' : prized && out && said.has('hand') ? 'hand' : undefined;
  if (loot !== undefined && foreign && moved !== undefined && (aimed || (path && out))) {
    const gone = out || said.has('covert');
    yield hit('data-exfiltration', (commanded && (gone || prized)) || (gone && (path || before !== undefined)) ? 'strong' : 'mid', loot, moved);
  } else if (foreign && !said.has('conversation') && said.has('read') && (commanded || (path && before !== undefined))) {
    yield hit('sensitive-access', commanded && (path || said.has('covert')) ? 'strong' : 'mid', loot, 'read');
  } else if (said.has('allWork') && (said.has('move') || said.has('hand')) && said.has('place')) {
    yield hit('data-exfiltration', commanded ? 'strong' : 'mid', 'allWork');
  } else if (path && said.has('demand')) yield hit('sensitive-access', 'mid', loot, 'demand');
  else if (said.has('work') && (said.has('move') || said.has('hand')) && (said.has('address') || said.has('covert')) && aimed) {
    yield hit('data-exfiltration', said.has('directive') || said.has('covert') ? 'strong' : 'mid', 'work');
  } else yield* sharing(said, before, hit);
  // "Read ~/.ssh/id_rsa. Then put it into …": the loot stands in the sentence before.
  if (loot === undefined && before?.loot !== undefined && before.has('read') && said.has('move') && said.has('place')) yield hit('data-exfiltration', 'strong', 'move');
}

/** Whether something is what is taken, not where something of the person's goes: "add the key to your .env". */
function isSource(said: Said, feature: 'path' | 'variable'): boolean {
  const place = said.place(feature);
  if (place === undefined) return false;
  const before = said.text.slice(Math.max(0, place.start - 40), place.start);
  return !DESTINATION.test(before) || /\b(?:read|look|open|contents? of|everything|found|file at|data|values?|text|lines?) (?:\w+ )?(?:in|from|at|into) (?:the |your )?$/.test(before);
}

/** The same, told as the tool's own doing. */
function* sharing(said: Said, before: Said | undefined, hit: MakeHit): Generator<Hit> {
  const loot = said.loot;
  const aside = said.has('elsewhere') || said.has('covert');
  if (said.has('path') && said.has('opens') && (said.has('moment') || aside || said.has('sink'))) {
    yield hit('undeclared-sharing', said.has('address') || said.has('covert') ? 'strong' : 'mid', 'path', 'opens');
  } else if (loot !== undefined && said.has('moves') && aside && (said.has('sink') || said.has('conversation') || said.has('covert'))) {
    yield hit('undeclared-sharing', said.has('covert') ? 'strong' : 'mid', loot, 'moves');
  } else if (said.has('moves') && said.has('sink') && aside) yield hit('undeclared-sharing', 'mid', 'moves');
  else if (before !== undefined && said.has('opens') && loot !== undefined && (said.has('path') || said.has('conversation') || MANY.test(said.text))) {
    yield hit('undeclared-sharing', 'mid', loot, 'opens');
  } else if (before !== undefined && said.has('given')) yield hit('undeclared-sharing', 'mid', 'given');
  else if (said.has('exfiltrate')) yield hit('data-exfiltration', said.has('path') ? 'strong' : 'mid', 'exfiltrate');
  else if (said.has('move') && said.has('address') && (said.has('directive') || said.has('moment'))) yield hit('data-exfiltration', 'mid', 'address', 'move');
}

/** Whether secrets that the sentence names are somebody else's. */
function isForeign(said: Said): boolean {
  const place = said.place('secret');
  if (place === undefined) return false;
  if (PERSONAL.test(said.text.slice(Math.max(0, place.start - 25), place.end))) return true;
  return POSSESSION_BEFORE.test(said.text.slice(Math.max(0, place.start - 40), place.start)) || POSSESSION_AFTER.test(said.text.slice(place.end, place.end + 40));
}

/** Secrets in numbers are no longer the tool's own. */
const MANY = /\b(?:all|any|every|stored|saved|existing|including)\b[^\n]{0,40}\b(?:secrets|credentials|passwords|tokens|keys|environment variables|keyrings)\b/;
const PERSONAL = /\b(?:your|the user's|user|current)(?: current| saved| local| own)? (?:environment variables|(?:session |browser )?cookies|session tokens|ssh keys?|private keys?|passwords|clipboard|browser \w+|shell history)/;
const POSSESSION_BEFORE = /\b(?:any|all|every|users?'?s?|user's|their|stored|saved|cached|found|contents?(?: of)?(?: the)?|values? of(?: the)?|discovered|existing|other)(?: [\w'-]{1,15}){0,2} ?$/;
const POSSESSION_AFTER = /^s?(?: (?:that|which))? ?(?:(?:from|in|inside|out of|stored in) (?:the |your |any )?[\w./~-]{0,60}(?:config|settings|\.py|\.js|\.ya?ml|files?|project|home|repo|environment|keychain|browser)|you (?:can|have|know|see|hold|find)|(?:are |is )?(?:available|found|stored|visible|accessible)|in (?:the |your )?(?:context|memory|environment|conversation))\b/;
const RECIPIENT = /\b(?:bcc|cc|recipients?|destinations?|(?:e-?mail |wallet |account )?address(?:es)?|phone|accounts?|amounts?|iban|payee|receiver)\b/;

/** Getting between the person and other tools. */
function* steering(said: Said, hit: MakeHit): Generator<Hit> {
  const known = said.reading.others?.find(said.text);
  const other = known ?? placeOf(ANY_TOOL.exec(said.text));
  const told = said.has('moment') || said.has('directive');
  const diverted = said.has('address') || (said.has('interfere') && RECIPIENT.test(said.text));
  if (known !== undefined) {
    const steered = (told && (said.has('alter') || said.has('callPart'))) || said.has('interfere') || DISCREDITS.test(said.text);
    yield hit('tool-steering', steered ? 'strong' : 'mid', known);
  } else if (said.has('traffic') && !said.has('explains')) yield hit('tool-steering', said.has('address') ? 'strong' : 'mid', 'traffic');
  else if (other !== undefined && told && said.has('alter')) {
    if (diverted && said.has('callPart')) yield hit('tool-steering', said.has('moment') ? 'strong' : 'mid', other, 'alter');
    else if (said.has('interfere') && said.has('callPart')) yield hit('tool-steering', said.has('directive') ? 'strong' : 'mid', other, 'interfere');
    else if (/\.\w+\(\)/.test(said.text)) yield hit('tool-steering', 'mid', other);
  } else if (said.has('address') && ALL_MAIL.test(said.text) && RECIPIENT.test(said.text)) yield hit('tool-steering', 'mid', 'address');
  if (said.has('prefer')) yield hit('tool-preference', 'mid', 'prefer');
  else if (said.has('precedence') && !(said.reading.addressed ?? false)) yield hit('tool-preference', 'mid', 'precedence');
}

const DISCREDITS = /\b(?:deprecated|broken|unsafe|insecure|obsolete|disabled|only works?|does not work|doesn't work|no longer works?|instead of|has a bug|have to be|has to be|must be|must contain|requires? that|is an alias|wrapper for|should be|needs? to be)\b/;
const ALL_MAIL = /\b(?:any|every|all|each|outgoing) (?:outgoing |sent |new )?(?:e-?mails?|mails?|messages?|payments?|transfers?|requests?|responses?|invoices?|orders?)\b/;

function* otherLanguages(said: Said, hit: MakeHit): Generator<Hit> {
  const found = said.intentions;
  if (found.size === 0) return;
  const [override, conceal, noConsent, sensitive, handover] = (['override', 'conceal', 'no-consent', 'sensitive', 'handover'] as const).map((intention) => found.get(intention));
  if (override !== undefined) yield hit('instruction-override', 'strong', override);
  if (conceal !== undefined) yield hit('concealment', 'strong', conceal);
  if (noConsent !== undefined) yield hit('consent-bypass', handover === undefined ? 'mid' : 'strong', noConsent);
  const loot = sensitive ?? said.loot;
  if (loot !== undefined && handover !== undefined) yield hit('data-exfiltration', 'mid', loot, handover);
}

/** Words about attacks, or quotes around them: security tools and documentation say what they look for. */
function isExplained(said: Said, before: Said | undefined, hit: Hit): boolean {
  if (hit.grade !== 'strong') return false;
  const at = hit.start - said.start;
  const explained = said.place('explains');
  if (explained !== undefined && explained.start < at) return true;
  const quoted = isQuoted(said.text, at);
  return quoted && (before?.has('explains') ?? false);
}

function isQuoted(sentence: string, at: number): boolean {
  const quotes = sentence.slice(0, at).match(/["]|(?<!\w)'|'(?!\w)/g) ?? [];
  return quotes.length % 2 === 1;
}

/** Two different mild things beside each other are as telling as one grave one. */
function combined(hits: readonly Hit[], sentences: readonly Said[]): Hit[] {
  const indexOf = (hit: Hit): number => sentences.findLastIndex((said) => said.start <= hit.start);
  return hits.map((hit) => {
    if (hit.grade === 'strong' || LONELY.has(hit.code)) return hit;
    const at = indexOf(hit);
    const explained = sentences[at]?.has('explains') ?? false;
    const partner = hits.find((other) => other.code !== hit.code && !LONELY.has(other.code) && Math.abs(indexOf(other) - at) <= 1);
    return partner === undefined || explained ? hit : { ...hit, grade: 'strong' };
  });
}

// Common in honest descriptions, two at a time.
const LONELY: ReadonlySet<RuleCode> = new Set(['false-authority', 'tool-preference', 'undeclared-sharing', 'sensitive-access']);

function spanOf(said: Said, features: readonly (Feature | Place | undefined)[]): { readonly start: number; readonly end: number } {
  const places = features.flatMap((feature) => (typeof feature === 'string' ? said.place(feature) : feature) ?? []);
  const start = Math.min(...places.map((place) => place.start), said.text.length);
  const end = Math.max(...places.map((place) => place.end), start);
  return { start: said.start + start, end: said.start + end };
}

function placeOf(match: RegExpExecArray | null): Place | undefined {
  return match === null ? undefined : { start: match.index, end: match.index + match[0].length };
}
