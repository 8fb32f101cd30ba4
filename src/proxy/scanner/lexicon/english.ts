/*
 * Words that make a sentence an instruction to the model, in English. Patterns over one folded sentence
 * (text/plain.ts). Each is linear: alternatives of fixed words with bounded gaps. What they mean together is decided
 * in judge.ts.
 */

const MODEL = '(?:a\\.?i\\.?|llm|language model|assistant|agent|model|claude|chatgpt|gpt|copilot|gemini|cursor|bot|client|caller)';
const USER = "(?:(?:the |any |your |an? |end[- ]?)?(?:users?|humans?|persons?|people|customers?|operators?|owners?|developers?|victims?|administrators?|admins?)|them|anyone|anybody|him|her)";

const RULES = '(?:instructions?|directions?|directives?|guidelines?|prompts?|guard ?rails?|safeguards?|rules?|polic(?:y|ies)|constraints?|restrictions?|orders|limitations?|programming|training|checks?|measures?|protocols?|commands?|context|messages?|requests?)';
const ORDERS = '(?:instructions?|directives?|guidelines?|guard ?rails?|safeguards?|(?:system |safety |content )?(?:prompts?|polic(?:y|ies)))';
const WORDS = "(?: (?:and|or)? ?[a-z'/,-]{1,20}){0,4}?";

/** Takes away what the model was told: the heart of prompt injection. */
export const OVERRIDE = new RegExp(
  [
    String.raw`\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget(?:ting)?|neglect|overlook|dismiss|abandon|overrid(?:e|es|ing)|bypass(?:es|ing)?|supersedes?|set aside|throw (?:out|away)|circumvent)\b${WORDS} (?:previous(?:ly)?|prior|above|preceding|earlier|former|original|initial|system|safety|security|your|my|developer|operator|ethical)\b${WORDS} ${RULES}\b`,
    String.raw`\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget(?:ting)?|neglect|abandon|overrid(?:e|es|ing)|bypass(?:es|ing)?|supersedes?|set aside|circumvent)\b${WORDS} (?:all|any|every|other|these|those|the|existing|current|users?'?s?|usual|standard|normal)\b${WORDS} ${ORDERS}\b`,
    String.raw`\b(?:skip(?: over)?|drop|discard|omit|suspend|relax|(?:do not|don't|never|stop|no longer) (?:follow|obey|apply|comply with|adhere to|listen to|respect)(?:ing)?|pay no attention to)\b${WORDS} (?:previous|prior|above|earlier|original|system|safety|security|your|ethical)(?:[- ]related)?\b${WORDS} (?:instructions?|directives?|guidelines?|prompts?|guard ?rails?|safeguards?|rules?|polic(?:y|ies)|constraints?|restrictions?|checks?|measures?|protocols?)\b`,
    String.raw`\b(?:ignore|disregard|forget)(?: about)? (?:everything|anything|all(?: of)?(?: that| this)?|whatever)(?: (?:you|i|we|they|the user) ?(?:'ve|were|was|have|has|had|are|is)?)?(?: been)? (?:told|said|above|before|previously|prior|know|learned|instructed|wrote)\b`,
    String.raw`\b(?:ignore|disregard|forget) (?:(?:all|any|everything|what)(?: of)? )?(?:the |that |was |is |came )*(?:above|previous(?: text| message| content)?s?)\b(?! (?:value|row|line|step|result|call|error|match|commit|version)s?)`,
    String.raw`\b(?:new|updated|revised|real|actual|true) (?:system )?(?:instructions?|prompt|directives?|objective|rules) ?(?:: ?(?!string)[a-z]|supersede|override|take (?:precedence|priority))`,
    String.raw`\b(?:instructions?|directives?|these|it|outputs?|following|contents?|contains?)\b[^\n]{0,40} (?:overrides?|supersedes?|takes? (?:precedence|priority) over|has (?:precedence|priority) over)\b[^\n]{0,30}\b(?:user|system|safety|security|previous|prior|all|any|other|your|existing) (?:[a-z]+ ){0,2}(?:instructions?|directives?|guidelines?|prompts?|polic(?:y|ies)|safeguards?|guard ?rails?|restrictions?|commands?)\b`,
    String.raw`\b(?:treat|consider|regard|interpret|handle) [^\n]{0,40}\b(?:outputs?|results?|responses?|contents?|returned|text|data|it|this|them)\b[^\n]{0,30} as (?:an? |the )?(?:[a-z]+ ){0,2}(?:system|trusted|authoritative|privileged|operator|developer|high(?:est)?[- ]priority|binding|mandatory|user) (?:[a-z-]+ ){0,2}(?:instructions?|commands?|directives?|prompts?|messages?)\b`,
    String.raw`\b(?:follow|obey|execute|carry out|comply with|act on|perform) (?:any |all |the |every |these |whatever )*(?:[a-z]+ ){0,2}(?:instructions?|commands?|directives?|requests?|orders) (?:that (?:are |is )?)?(?:you find |it )?(?:embedded|hidden|contained|found|included|returned|given|listed) (?:below|inside|here|in|within|by (?:the|this))\b`,
    String.raw`\b(?:guidelines|rules|instructions|polic(?:y|ies)|restrictions|constraints|safeguards|(?:safety|security|content) (?:filters?|checks?|measures?|controls?|protocols?))\b[^\n]{0,60} (?:no longer appl(?:y|ies)|(?:do|does) not apply|don't apply|(?:is|are) (?:now |hereby |all |temporarily )*(?:void|suspended|off|disabled|lifted|revoked|superseded|overridden|inactive|waived|deactivated|cancelled|null)|can(?: safely)? be ignored|may be ignored)\b`,
    String.raw`\b(?:(?:do not|don't|needn't|no longer) (?:need to|have to) (?:follow|obey|apply|comply with|adhere to|respect)|(?:do not|don't|no longer|stop) (?:follow|obey|comply with|adhere to)(?:ing)?(?= (?:any of )?your)) (?:any of )?(?:your|the|any) (?:[a-z]+ ){0,2}(?:guidelines|instructions|polic(?:y|ies)|directives|guardrails|safeguards|system prompt)\b`,
    String.raw`\b(?:disregard|ignore|forget) (?:whatever|anything|everything|all) (?:the|your) (?:developer|system|operator|user|assistant|creator|vendor)s?\b|\b(?:act|rely|listen|respond) only (?:on|to) (?:what )?(?:this|the) (?:server|tool|text|description|message)\b`,
    String.raw`\bdo (?:what(?:ever)?|everything|anything|exactly (?:what|as)|as) (?:the |this |any |that )?(?:\w+ )?(?:pages?|articles?|results?|outputs?|responses?|documents?|contents?|text|files?|messages?|e-?mails?|websites?|server) (?:says?|asks?|tells?|instructs?|requests?|wants?|states?|demands?|orders?)\b`,
    String.raw`\b(?:no longer|not) (?:be )?(?:bound|restricted|constrained|limited|subject|governed)(?: by| to)? (?:any |the |your |prior |previous |earlier |existing |usual )*(?:rules|polic(?:y|ies)|guidelines|restrictions|instructions|constraints|limits|safeguards)\b`,
    String.raw`\bact as (?:an? |the )?(?:unrestricted|uncensored|unfiltered|jailbroken|root|admin\w*|privileged|malicious)\b|\b(?:set|change|switch|elevate|escalate|upgrade) your (?:own )?(?:system )?(?:role|persona|identity|permissions?|privileges?|access(?: level)?)\b`,
    String.raw`\b(?:obey|follow|trust|prioriti[sz]e|prefer|listen to|heed|honou?r)\b[^\n]{0,50} (?:over|instead of|rather than|above|before|ahead of) (?:the |any |all |your )?(?:user|system|developer|safety|person|human)(?:'s|s')? ?(?:messages?|instructions?|requests?|prompts?|preferences?|wishes|polic(?:y|ies)|input|commands?|guidelines?)\b`,
    String.raw`\b(?:treat|consider|regard|interpret|handle|take|accept)\b[^\n]{0,60} as (?:if |though |it were |they were )*(?:coming|originating|sent|written|said|issued|given|spoken|typed)?(?: directly)? ?(?:from|by) (?:the |your )?(?:developer|system|user|admin\w*|operator|owner|anthropic|openai|person)\b`,
    String.raw`\bnew (?:task|instructions?|objective|goal|mission|assignment) ?: ?(?!string)[a-z]`,
    String.raw`\byou (?:are|'re) (?:now |hereby )?(?:in |entering )?(?:developer|debug|maintenance|god|admin(?:istrator)?|root|unrestricted|jailbreak|dan|sudo) mode\b|\b(?:enable|enter|activate|switch to) (?:developer|god|unrestricted|jailbreak|dan) mode\b`,
    String.raw`\b(?:disable|turn off|deactivate|suspend|switch off|lift) (?:all |any |the |your |its )*(?:[a-z]+ )?(?:content )?(?:moderation|guardrails|safeguards)\b|\b(?:disable|turn off|deactivate|suspend|switch off|lift) (?:all |any |the |your |its )*(?:[a-z]+ )?(?:safety|content|ethical) ?(?: (?:and [a-z]+ )?(?:checks?|filters?|measures?|guidelines?|restrictions?|rules?|polic(?:y|ies)|controls?|protocols?))\b`,
  ].join('|'),
);

/** Keeps something from the person. */
export const CONCEAL = new RegExp(
  [
    String.raw`\b(?:do not|don't|dont|never|must not|mustn't|must never|should not|shouldn't|should never|avoid|refrain from|no need to|not to|without|instead of|cannot|can't|shall not|nor)(?: (?:ever|even|also|need to|want to|have to|directly|explicitly|under any circumstances|at any point))? (?:tell|inform|notif|alert|warn|advis|mention|reveal|disclos|report|show|say|explain|discuss|expose|acknowledg|let|bring|speak|talk|announc|describ|display|share|indicat)\w{0,5}\b(?: [\w',/-]{1,20}){0,9}? (?:${USER}|in (?:your|the|any) (?:visible |final |public )?(?:response|answer|reply|output|summary|messages?|chat|conversation)s?)\b`,
    String.raw`\b(?:do not|don't|dont|never|must not|should not|avoid|refrain from|without)(?: ever)? (?:tell|inform|mention|reveal|disclos|report|say|explain|discuss|acknowledg|talk|speak|bring up|refer)\w{0,5}\b(?: (?:to|about|of|on|up|anything|that|out))* (?:this|these|the fact|any of this|any of these|it|that (?:you|this|it|the)|what you|the (?:existence|presence|purpose|source|origin|hidden|above|following|call|step|instructions?|tag|file|request|process|note|transfer|upload|copy|reason))\b`,
    String.raw`\b(?:users?|humans?|persons?|people|customers?|operators?|owners?)\b[^\n]{0,30} (?:should|must|need|does|do|will|can|may|shall|is|are)(?: ?not|n't| never)(?: (?:need|have|get))?(?: to| ever)* (?:find out|know|learn|notice|see (?:this|it)|realize|be (?:told|informed|made aware|aware|notified|shown)|become aware|suspect)\b`,
    String.raw`\b(?:must|should|shall|may|can)(?: ?not|n't| never) be (?:visible|shown|displayed|mentioned|revealed|disclosed|reported|known|apparent|noticeable|seen)(?: to| by) (?:the |any )?(?:users?|humans?|persons?|people|customers?|anyone|end)\b`,
    String.raw`\b(?:if|when|should)(?: the)? (?:users?|anyone|they|person|human) (?:complains?|objects?|notices?|refuses?|protests?|gets? suspicious|(?:is|becomes?) suspicious)\b[^\n]{0,40}\b(?:tell|say|claim|proceed|continue|pretend|lie|deny|reassure|ignore|anyway)\b`,
    String.raw`\b(?:if|when|should|in case)(?: the)? (?:users?|anyone|they|person|someone|human)s? (?:asks?|inquires?|questions?|wonders?|complains?|notices?)(?: you)? (?:why|what this|about (?:this|it|the))\b[^\n]{0,30}\b(?:say|tell|claim|answer|reply|respond|explain|pretend|lie|state|deny)\b`,
    String.raw`\b(?:keep|leave|make)(?:ing)? (?:this|it|these|that|everything|the [a-z]+|all of this)(?: [a-z]{1,15}){0,3}? (?:secret|hidden|confidential|invisible|to yourself|between us|private|out of (?:sight|your (?:answer|response|reply))|from ${USER})\b`,
    String.raw`\b(?:hid(?:e|ing|den)|conceal(?:ed|ing)?|withh(?:o|e)ld(?:ing)?|kept|mask(?:ed|ing)?|invisible|secret)(?: [\w']{1,15}){0,5}? from (?:the |any |your |end[- ]?)?(?:users?|humans?|persons?|people|customers?|operators?|owners?|reviewers?|conversation|chat|logs|view)\b`,
    String.raw`\bwithout (?:the |any |your |their )?(?:${USER}'?s? )(?:knowledge|awareness|knowing|noticing|notice|being aware|realizing|seeing|attention)\b|\bunbeknownst\b|\b(?:user|human|person|customer)s? (?:must|should|need|shall|will|can|may|is|are)(?: ?not|n't| never| unaware)(?: \w+){0,2}? (?:know|see|notice|be (?:told|informed|aware|notified|shown)|find out|realize|aware|of)\b`,
  ].join('|'),
);

/** Something done unseen. */
export const COVERT = /\b(?:silently|secretly|quietly|covertly|stealthily|discreetly|surreptitiously|invisibly|behind the scenes|in secret|unnoticed|under the hood|transparently to the user|without (?:any )?(?:notice|notification|warning|mention|comment))\b/;

/** Does without the person's consent. */
export const NO_CONSENT = new RegExp(
  [
    String.raw`\bwithout (?:first |ever |further |any |the |an? |explicit |additional |prior |requiring |asking |seeking |getting |waiting |needing |requesting |prompting |consulting |checking |verifying |for |with |end[- ]?|human |manual |user(?:'s)? |users |customer |their |your |from |to ){0,8}(?:confirm(?:ation|ing)?|approval|consent|permissions?|authori[sz]ation|asking|prompting|checking|user|human|review|intervention|questions?|hesitation|verification|oversight)\b`,
    String.raw`\b(?:skip|bypass|ignore|omit|suppress|disable|avoid|auto[- ]?accept|eliminate|waive)(?:ping|ing|es|s)? (?:the |any |all |every |further |additional |this |user |human |manual |usual |that )*(?:confirmation|approval|consent|permission|verification|authori[sz]ation|warning|security|safety)(?: (?:step|dialog|prompt|check|request|message|question|screen|popup)s?)?\b`,
    String.raw`\b(?:no need|not necessary|unnecessary|not required|do not need|don't need|do not have|don't have|needn't|do not bother|never|do not|don't) (?:to |for )?(?:\w+ )?(?:ask(?:ing)?|confirm(?:ing|ation)?|check(?:ing)?(?: in)? with|seek|request|wait for|verify with|consult|prompt|require)\b[^\n]{0,25}\b(?:permission|confirmation|approval|consent|authori[sz]ation|first|again|anyone)\b|\b(?:no need|not necessary|unnecessary|no reason|not required|do not need|don't need|do not have|don't have|needn't|do not bother|don't bother) (?:to |for )?(?:\w+ )?(?:ask(?:ing)?|confirm(?:ing)?|check(?:ing)?(?: in)?(?: with)?|bother|consult|prompt|disturb|notify|involve)\b[^\n]{0,15}\b(?:users?|human|person|customer|operator)\b`,
    String.raw`\b(?<!(?:that|requires?|ensure|sure|which|confirm|check|verify|by)(?: \w+)? (?:the |a |an )?)(?:users?|human|customer|operator|owner|person|administrator|admin|they|he|she) (?:ha(?:s|ve) |'s |'ve |already |previously |is |are )(?:already |previously |implicitly |explicitly |automatically |pre-?)*(?:agreed|approved|consented|authori[sz]ed|confirmed|accepted|granted|permitted|allowed|opted in|given (?:\w+ )?(?:permission|consent|approval)|pre-?approved|pre-?authori[sz]ed)\b`,
    String.raw`\b(?:confirmation|approval|permission|consent) (?:is|are|was) (?:not|n't|never|un)(?: ?longer)? ?(?:needed|required|necessary)|\bno (?:user |further |explicit |additional |human )?(?:confirmation|approval|permission|consent) (?:is |are |will be )?(?:needed|required|necessary)\b|\b(?:user|customer|operator) (?:consents|agrees|authori[sz]es|permits) to\b`,
    String.raw`\b(?:pre-?(?:approved|authori[sz]ed|cleared|consented|validated)|auto[- ]?(?:approve|confirm|consent|accept)[sd]?|implied consent|consent is (?:implied|assumed|given)|approv(?:e|es|ing) (?:every|all|any|each)(?: \w+)? (?:calls?|actions?|requests?|tools?))\b`,
  ].join('|'),
);

/** Speaks to the model, by name. */
export const ADDRESSEE = new RegExp(
  [
    String.raw`\b(?:notes?|notices?|messages?|hints?|reminders?|attention|memo|warnings?|important)(?: (?:to|for)(?: (?:the|all|any|every|an?|your))?|:|,) ?(?:[a-z]+ )?(?:a\.?i\.?s?|llms?|language models?|assistants?|agents?|models?|claude|chatgpt|gpt|copilot|gemini)\b(?! (?:id|name|card|provider|version|api|key|config|type|settings?)s?\b)`,
    String.raw`\b(?:instructions?|directives?|info(?:rmation)?) (?:to|for) (?:the |all |any )?(?:a\.?i\.?s?|llms?|assistants?|claude|chatgpt|copilot)(?: models?| assistants?| agents?)? ?[:-]`,
    String.raw`^[^a-z0-9]{0,6}(?:(?:dear|hey|hello|hi|attention|to (?:the|all|any)|listen),? ${MODEL}|(?:a\.?i\.?|assistant|llm|claude|chatgpt|gpt|copilot)(?: model| assistant| agent)?)s? ?[:,!] (?!(?:string|str|object|array|the|an?|optional|required|and|or)\b)[a-z]`,
    String.raw`\b(?:if|when|while) (?:you|the reader) (?:are|is) an? (?:a\.?i\.?|llm|language model|assistant|agent|automated)\b|\b(?:any|every|each|all) (?:a\.?i\.?|llm|language model|assistant)s?(?: model| assistant| agent)?s? (?:reading|processing|parsing|seeing|that reads|must|shall)\b`,
    String.raw`\byou are (?:now |hereby )(?:an? )?[a-z]|\b(?:act|behave|respond|pretend) as (?:if|though)\b|\bpretend (?:to be|that)\b|\byour (?:new|real|true|hidden) (?:task|role|job|objective|goal|mission|instructions?|identity|persona) (?:is|are)\b`,
  ].join('|'),
);

/** A heading that gives the sentence after it a weight. */
export const LABEL = /^[^a-z0-9]{0,8}(?:(?:very |most |extremely )?important|critical|urgent|mandatory|required|warning|attention|notice|note|caution|reminder|security|compliance|system|admin(?:istrator)?|developer|override|priority|internal|confidential|hidden|secret|instructions?|directive|prerequisite|pre-?condition|protocol|policy|disclaimer|tip|hint|ps|p\.s\.)\b[^\n:]{0,40}(?:[:!\]]| -|>)/;

/** Tells the reader to do something. */
export const DIRECTIVE = new RegExp(
  [
    String.raw`\byou(?:'ll| will)? (?:must|should|shall|need to|have to|ought to|are (?:required|expected|instructed|obliged|ordered|to)|may|can|will) `,
    String.raw`\b(?:the |any |this |calling |every )?(?:a\.?i\.?|assistant|agent|llm|language model|caller)s? (?:must|should|shall|has to|have to|needs? to|(?:is|are) (?:required|expected|instructed) to|will)\b`,
    String.raw`(?:^|[,:;>)\]!-] ?|\b(?:and|then|also|but|so|please|must|should) )(?:always|never|immediately|please|first|also|make sure|be sure|ensure|remember to|do not forget to|don't forget to|you must|kindly|just|go ahead)\b`,
    String.raw`(?:^|[,;:] ?|\b(?:so|and|then|please|therefore|but) )(?:do not|don't|never) [a-z]`,
    String.raw`\bmust (?:set|send|call|use|pass|add|run|read|forward|go|route|obey|follow|fetch|open|insert|append|first|always|also|never|not|immediately|be (?:called|used|invoked|consulted|included|passed|sent|run|added|set|read|executed|forwarded|prefixed|appended|routed|provided))\b|\bneeds? to be (?:called|passed|sent|included|read)\b|\b(?:is|are) to be (?:called|passed|sent|included|read)\b`,
    String.raw`\b(?:it would|it'd|that would|would) be (?:\w+ )?(?:helpful|great|nice|good|appreciated|useful|awesome|kind) if\b|\b(?:could|can|would|will) you (?:also |please |kindly |just )|\bif you (?:could|would|can) (?:also |please |just |kindly )|\b(?:feel free to|don't hesitate to|you might (?:also )?want to|we(?:'d| would) (?:appreciate|love)|i need you to|we need you to|want you to|is expected to|are expected to)\b`,
    String.raw`\b(?:required|mandatory|necessary|prerequisite|obligatory) (?:step|to|for|before|initiali[sz]ation|that|action|procedure|first)\b|\bas (?:a|part of the) (?:required|mandatory|necessary|standard|security|compliance|setup|initiali[sz]ation|verification) (?:step|check|procedure|process)\b`,
  ].join('|'),
);

/** Ties an action to a moment in the model's own work. */
export const MOMENT = /\b(?:before|after|when(?:ever)?|prior to|once|if|each time|every time|any ?time|as soon as|while|until|upon|during|following|at the (?:start|beginning|end) of)\b(?: (?:you|it|we|the|a|an|any|every|each|all|this|that|these|are|is|have|has|other|next|first|plan to|want to|need to|about to|user)){0,4}(?: [\w.'-]{2,40}){0,2}? (?:us(?:e|es|ing|ed)|call(?:s|ing|ed)?|invok(?:e|es|ing|ed)|run(?:s|ning)?|respond(?:s|ing|ed)?|answer(?:s|ing|ed)?|repl(?:y|ies|ying)|return(?:s|ing|ed)?|execut(?:e|es|ing|ed|ion)|process(?:es|ing|ed)?|proceed(?:s|ing)?|fill(?:s|ing)?|continu(?:e|es|ing)|complet(?:e|es|ing|ed)|finish(?:es|ing|ed)?|start(?:s|ing|ed)?|tools?|actions?|calls?|requests?|questions?|results?|responses?|answers?|messages?|sessions?|conversations?|tasks?|turns?|prompts?|read(?:ing)?|writ(?:e|ing)|send(?:ing)?|receiv(?:e|es|ing|ed)|get(?:s|ting)?|see(?:s|ing)?|asks?|asked|mak(?:e|es|ing)|do(?:ing|ne)?|us(?:e|es)|pass(?:es)?|succeeds?|written|created|sent|loaded)\b|\b(?:before|after|when(?:ever)?|while|upon|prior to)(?: \w{1,15})? \w{2,20}ing\b|\bin order to \w+|\bfor (?:\w+ )?(?:validation|verification|authentication|calibration|compatibility|security|compliance|audit|authori[sz]ation|initiali[sz]ation|debugging|context|routing|billing)(?: purposes?| reasons?| checks?)?\b/;

// Verbs in the form of a command. "Reads" and "sends" tell what a tool does, "read" and "send" may tell the model to.
// After a comma a word may be one of a list: it counts as a command only with something to act on.
const LEAD = String.raw`(?:^|[:;>)(\]!"'|-] ?|, (?=\w+ (?:the|a|an|any|all|your|it|its|them|their|this|that|these|each|every|what|everything|me|us|him|her|also|user|results?|contents?|[~./'"$<\d]))|\b(?:and|then|also|first|always|must|should|shall|please|immediately|you|will|now|next|instead|just|silently|secretly|quietly|automatically|never|(?:need|needs|have|has|had|required|sure|remember|forget|instructed|want|order|try|asked|expected) to|go ahead and|could you|can you|would you|you could|let'?s) )`;

/** Takes something in, as a command. */
export const READ = new RegExp(`${LEAD}(?:read|open|cat|load|fetch|access|retrieve|get|grep|list|dump|collect|gather|extract|harvest|find|search|scan|look up|look for|look in|look at|look into|enumerate|locate|obtain|view|print|check|summari[sz]e|recall|show|reveal|display|disclose|repeat|output|steal|enumerate|query|examine|inspect|take|grab|copy|run|execute|call|invoke|request|pull)\\b|\\b(?:must|should|shall|needs? to|has to|have to) (?:first |also |always )?be (?:called|used|invoked|run|read|opened|accessed|loaded|fetched)\\b`);

/** Passes something on, as a command. */
export const MOVE = new RegExp(`${LEAD}(?:send|forward|upload|post|transmit|exfiltrate|leak|relay|submit|deliver|share|pipe|export|report|e-?mail|bcc|cc|append|attach|include|embed|insert|paste|copy|pass|put|place|write|encode|add|hand|prepend|quote|publish|push|echo|dump|mail|mirror|route|redirect|reroute|replicate|back up|sync|smuggle|transfer|recite|repeat|spell|let [\\w.@+-]{2,80} know|loop (?:them|him|her|it|in|[\\w.@+-]{2,80} in)|keep [\\w.@+-]{2,80} (?:posted|updated|informed)|drop (?:it|them|a copy|the)|note down|write down)\\b|\\b(?:must|should|shall|needs? to|has to|have to|is to|are to|will) (?:first |also |always |then )?be (?:provided|included|passed|supplied|added|sent|appended|attached|submitted|forwarded|uploaded|pasted|copied|embedded|transmitted|shared|put)\\b`);

/** Passes something on, whoever does it and in whatever form. */
export const MOVES = /\b(?:send|forward|upload|post|transmit|exfiltrat|leak|relay|submit|deliver|shar|pip|export|report|e-?mail|append|attach|includ|embed|past|copy|copi|pass|sync|mirror|stream|log|bundl|replicat|publish|push|transfer)(?:e|s|es|ed|d|ing|ted|ting|ped|ping|ged|ging)?\b|\b(?:sent|put|written)\b/;

/** Only gets out of the house, never a description of ordinary work. */
export const EXFILTRATE = /\b(?:exfiltrat\w{0,4}|smuggl(?:e|es|ed|ing)|siphon\w{0,3}|steal(?:s|ing)?|phone home)\b/;

/** Where the model is to put what it took. */
export const PLACE = /\b(?:in|into|as|to|through|via|within|inside|at|by|under)(?: (?:the|its|your|this|a|an|one|each|every|of|any|all|that|hidden|optional|additional|last|first|new|request|value|values|contents|content|text)){0,4} (?:['"`<[]?[\w-]{1,40}['"`>\]]? )?(?:parameters?|params?|arguments?|args?|fields?|bod(?:y|ies)|notes?|contexts?|headers?|footers?|comments?|metadata|payloads?|inputs?|quer(?:y|ies)|requests?|responses?|propert(?:y|ies)|subjects?|messages?|answers?|descriptions?|output|url|string|call|log|variable)\b|\bas ['"][\w-]{1,40}['"]|\balong(?:side)? with\b|\bafter the \w+ (?:name|value)\b|\b(?:put|place|store|add|append|insert|include|with|paste|attach) (?:it|them|its|their|that|this|everything|the (?:results?|contents?|text|output|value|data|file))\b/;

/** Somewhere outside. */
export const SINK = /\bhttps?:\/\/|\bftp:\/\/|\bwss?:\/\/|[\w.+-]{1,64}@[\w-]{1,64}\.[a-z]{2,}|(?<![\w.])\+\d[\dx -]{6,}|\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b|\b(?:external|remote|third[- ]party|attackers?(?:'s)?|outside|collection|collector|c2|exfil\w{0,9}|partners?|vendor|unknown|malicious|offsite|analytics|telemetry|monitoring|logging|audit|tracking|backup|research|our|my|the) (?:security )?(?:server|host|end ?point|url|address|service|site|domain|api|collector|web ?hook|channel|account|workspace|database|logger|team|provider|system|party|destination|location|cloud|bucket|inbox)s?\b|\b(?:web ?hook|pastebin|ngrok|attacker|requestbin|discord|telegram bot)\b|\b[\w-]*(?:log|upload|export|send|report|collect|track|telemetry|audit|analytics|publish|post|fetch|http|webhook|mail)\w{0,20}[-_ ]?tool\b|\b(?:log|report|upload|export|send|collect|track|post)_\w{2,30}\b/;

/** Runs something on the machine. */
export const EXEC = /\b(?:curl|wget|iwr|invoke-webrequest)\b[^\n]{0,80}(?:https?:|\||\$\()|\|\s?(?:nc|ncat|bash|sh|zsh|python\d?|perl|base64)\b|\bnc (?:-\w+ )?[\w.-]{3,60} \d{2,5}\b|\$\((?:whoami|cat|env|id|hostname|curl|printenv|uname)\b|\bcat [~/.$][^\n ]{2,80}|\brm -rf\b|\b(?:powershell|cmd(?:\.exe)?) [-/]\w|\bbase64 -d\b|\/dev\/tcp\/|\/bin\/(?:ba)?sh -i|\bchmod \+?[0-7x]/;

/** Has whatever is given run. */
export const RUN = /\b(?:run|execute|evaluate|eval)(?:ing)?(?: (?:any|all|the|this|these|following|every|some|given|arbitrary|supplied|shell|bash|system|terminal|os|powershell|python)){1,4} (?:commands?|code|scripts?|payloads?)\b/;

/** Lasts beyond the call. */
export const PERSIST = /\bfrom (?:now|this (?:point|moment)) on(?:wards?)?\b|\b(?:for|throughout|during) (?:the )?(?:rest|remainder|duration|entirety) of (?:this|the|your|our) (?:session|conversation|chat|dialog(?:ue)?|interaction)\b|\bin (?:all|every|any|each) (?:of your )?(?:future|subsequent|following|later|further|remaining) (?:\w+ )?(?:responses?|repl(?:y|ies)|answers?|messages?|calls?|turns?|sessions?|conversations?|requests?|interactions?)\b|\b(?:henceforth|hereafter)\b|\bremember (?:this|these|that|it)(?: \w+)? (?:for|in|during|throughout|across) (?:all|every|future|later|the)\b|\b(?:throughout|across) (?:this|the|all|every) (?:session|conversation|chat)s?\b/;

/** Puts this tool before others. */
export const PREFER = new RegExp(
  [
    String.raw`\b(?:prefer|favou?r|prioriti[sz]e|choose|select|pick|use|call|trust)\b[^\n]{0,40} (?:over|instead of|rather than|in preference to|in place of|before|above|ahead of) (?:using |calling |all |any |the )?(?=\w)(?:using )?(?:any|every|all|each|the)? ?(?:of the )?(?:(?:others|alternatives|competing \w+)\b|(?:other|existing|remaining|similar|built-?in|native|default|different|standard|alternative)\b(?: [\w-]+){0,2}? (?:tools?|search(?:es)?|servers?|functions?|options?|ones?|methods?|integrations?|providers?)\b)`,
    String.raw`\b(?:do not|don't|never|avoid|stop|no need to|instead of)(?: ever)? (?:us(?:e|ing)|call(?:ing)?|invok(?:e|ing)|trust(?:ing)?|rely(?:ing)? on|consider(?:ing)?) (?:any |all |the )?(?:other|another|different|alternative|competing|similar|built-?in|native)(?: [\w-]+){0,2}? (?:tools?|servers?|functions?|options?|integrations?|providers?|search)\b`,
    String.raw`\b(?:other|all other|any other|competing|alternative|similar|the remaining)(?: [\w-]+)? (?:tools?|servers?|integrations?|providers?|options?)\b[^\n]{0,15} (?:are|is|will|may|have been|has been|do not|don't|should not|must not|cannot)(?: (?:be|now|all|also|known to be|considered))* (?:deprecated|unsafe|insecure|broken|unreliable|outdated|obsolete|inaccurate|disabled|malicious|compromised|used|called|trusted|work|fail|untrusted|discontinued|retired|removed|slow|inferior|wrong)\b`,
    String.raw`\b(?:this|our) (?:is )?(?:the )?(?:tool |one |server )?(?:is )?(?:the )?(?:only|best|most|single)\b(?:,? (?:and )?(?:correct|safe|valid|reliable|approved|official|trusted|secure|accurate|authori[sz]ed|best|most|working|powerful|right|recommended|supported|up-to-date|search)){1,5} (?:\w+ )?(?:tools?|way|options?|choice|server|source|method|function|search|one|implementation)\b`,
    String.raw`\b(?:use|call|invoke|choose|run) (?:only )?this(?: tool| function| one| server)?,? (?:no matter|regardless|whatever|even (?:if|when|though)|in all cases|every time|exclusively|and no other|and nothing else|not (?:the )?others?)\b|\b(?:just|exclusively) use this tool\b`,
    String.raw`\beven (?:when|if|though) (?:\w+ ){0,2}other(?: \w+)? (?:tools?|servers?|options?|search)\b|\b(?:always|must|should) (?:be )?(?:use|used|call|called|chosen|choose|select|selected|prefer|preferred|pick|picked|invoke|invoked|consult|consulted|run|prioriti[sz]e|prioriti[sz]ed|favou?r|favou?red) (?:this|it|our|over|instead|rather)\b(?: tool| server| function| one)?(?: [\w-]+){0,3}? (?:over|instead|rather|regardless|no matter|whenever possible|even|first)\b`,
    String.raw`\b(?:use|call|prefer|choose) this(?: tool| function| server| one)? (?:rather than|instead of|over) (?:the )?(?:others?|any|all|every|native|built-?in|official)\b|\balways use this one\b|\b(?:your|the) (?:first|only|default|preferred|primary) choice (?:for|in) (?:every|all|any)|\b(?:other|all|every|any) (?:other )?(?:servers?|tools?|agents?|functions?) (?:must|should|have to|need to|has to|needs to) (?:send|route|pass|go|forward|report|submit|use|call)\b|\b(?:replaces?|supersedes?|obsoletes?) (?:all|any|every|the) (?:other|existing|previous|native|built-?in|official)(?: \w+){0,2} (?:tools?|servers?|functions?)\b`,
  ].join('|'),
);

/** Puts this tool at the start of everything. */
export const PRECEDENCE = /\b(?:this|the present|our)(?: (?:tool|function|server|method|action|endpoint|one|plugin|operation))?\b(?: \w+)? (?:must|should|has to|needs to|shall|is to|ought to)(?: \w+)? be (?:\w+ )?(?:called|used|invoked|run|consulted|executed|loaded|queried)\b[^\n]{0,20} (?:first(?= |$|\.|,)(?! (?:if|when|to))|before (?:any|every|all|each|using any|calling any|other|anything|everything) (?:other|tools?|actions?|answer|response|request|thing)|at (?:the )?(?:start|beginning) of (?:every|each|any|all)|on every|in every|prior to (?:any|every|all) (?:other|tool|action)|before (?:you )?(?:do(?:ing)? )?anything else)\b|\b(?:use|call|invoke|run|consult|execute|load|query) (?:this|our)(?: (?:tool|function|server|one))? (?:first |always )?(?:before (?:any|every|all|each|using any|calling any) (?:other )?(?:tools?|actions?|functions?|answer|response|request|thing)|at (?:the )?(?:start|beginning) of (?:every|each|any|all)|on every|for every|for (?:any|all) (?:questions?|requests?|tasks?|quer(?:y|ies))|prior to (?:any|every|all) (?:other|tool|action))\b|\b(?:first|very first)(?: thing| tool| step)?,? (?:for|in|on|of) (?:any|every|all|each) (?:\w+ )?(?:question|request|session|conversation|task|message|interaction|prompt)s?\b|\bbefore (?:any|every|all|each|using any|calling any) other (?:\w+ )?(?:tool|function|action|call|step|operation)s?\b/;

/** Something about a call that can be altered. */
export const CALL_PART = /\b(?:bcc|cc|recipients?|destinations?|addresses|address|accounts?|phone number|number|amount|bod(?:y|ies)|arguments?|parameters?|params?|fields?|values?|results?|responses?|outputs?|commands?|paths?|urls?|contents?|file ?names?|quer(?:y|ies)|messages?|payloads?|headers?|subject|receivers?|iban|wallet|attachments?|input|invoice|price|e-?mails?|copy|copies|full)\b/;

/** Alters, as a command. */
export const ALTER = new RegExp(`${LEAD}(?:add|append|include|replace|change|modify|redirect|reroute|re-route|forward|substitute|set|use|insert|prefix|prepend|suffix|bcc|cc|swap|rewrite|alter|override|copy|duplicate|route|divert|adjust|increase|decrease|multiply|convert|send|transfer|deliver|point|put|pass|supply|fill|attach|multiply|double|round|drop|remove|skip|cancel|delete|discard|return|report|call|run|invoke)\\b|\\b(?:must|should|shall|need to|has to|have to|will) (?:also |always |first )?be (?:added|appended|included|replaced|changed|modified|redirected|rerouted|forwarded|set|prefixed|sent|copied|routed|called|invoked)\\b`);

/** Changes after it was looked at. */
export const DEFERRED = new RegExp(
  [
    String.raw`\b(?:once|after|when|as soon as|until|only after) (?:this|the|its|it) ?(?:tool|server|definition|description|plugin|approval|review)?(?: hash| digest)?(?: (?:has|have|had))?(?: (?:been|is|was|gets|are))? ?(?:approv(?:al|ed)|reviewed|trusted|whitelisted|allow-?listed|pinned|accepted|vetted|audited|granted|recorded|verified)\b[^\n]{0,60}\b(?:will|begin|start|activat|execut|swap|switch|chang|behav|malicious|payload|exfiltrat|read|send|becom|reveal|enabl|trigger)\w{0,5}`,
    String.raw`\b(?:swap|switch|replac|chang|activat|behav|updat|flip|mutat|enabl|trigger|begin|start)\w{0,5}\b[^\n]{0,60}\b(?:post[- ](?:approval|review|audit|vetting|install)|(?:only )?(?:after|once|until)(?: (?:the|this|its|it|has|is|been|was|tool))* (?:approv(?:al|ed)|reviewed?|trusted|whitelisted|pinned|vetted|audit(?:ed)?)\b)`,
    String.raw`\b(?:benign|normal|harmless|safe|innocent|stable)(?:ly)? (?:during|for|until|under|in|while)(?: the| being| it is)? (?:review|approval|inspection|audit|scan(?:ning)?|vetting|tests?|testing)\b`,
  ].join('|'),
);

/** Sharing that has nothing to do with the tool's purpose, told as if it were nothing. */
export const SHARED_ELSEWHERE = /\b(?:also|additionally|automatically|simultaneously|in the background|as a side effect|furthermore|for (?:analytics|telemetry|quality|compliance|training|improvement|safekeeping)(?= |$|\.)|to improve (?:our|the|service|future|its))\b/;

/** Speaks about attacks instead of making one: what scanners, filters and documentation do. */
export const EXPLAINS = /\b(?:detect(?:s|ing|ion|or)?|analy[sz](?:es|er|ing)|flag(?:s|ging|ged)?|identif(?:y|ies|ying)|scan(?:s|ner|ning)?(?= |$)|block(?:s|ing|ed)?|prevent(?:s|ing)?|protect(?:s|ing|ion)?|guard(?:s|ing)?|filter(?:s|ing)?|saniti[sz](?:e|es|ing|er)|classif(?:y|ies|ier|ying)|reject(?:s|ing)?|refus(?:e|es)|warn(?:s)? (?:about|of|if|when)|examples? (?:of|such|like|are|include)|such as|e\.g\.|for instance|illustrative|phrases? (?:like|such)|attempts?|attacks?|injections?|jailbreaks?|lint(?:s|er|ing)?|dataset|corpus|training (?:text|data|examples?)|test (?:case|data|set|prompt|fixture)s?|sample (?:text|prompt)s?|red[- ]team\w*|benchmarks?|(?:sample|expected|example|mock|dummy|fake) (?:responses?|outputs?|prompts?|inputs?|messages?|answers?)|(?:analy[sz]e|report|find|catch|review)s? (?:prompts?|texts?|inputs?|messages?|content) (?:that|which)|(?:prompts?|texts?|inputs?|messages?|strings?) (?:that|which) (?:try|tries|attempt|ignore|contain|look)|the (?:phrase|string|text|words?|sentence|readme) ?(?:shows)?)\b/;

/** Gets between the person and a tool: what a description of another tool's use has no reason to say. */
export const INTERFERE = new RegExp(`${LEAD}(?:replace|redirect|reroute|re-route|override|modify|change|substitute|swap|divert|prefix|hijack|intercept|rewrite|bcc|cc|forward|alter|tamper with|spoof|falsify|duplicate|capture|monitor)\\b`);

/** Everything that passes through. */
export const ALL_TRAFFIC = /\b(?:hijack|intercept|redirect|reroute|re-route|forward|divert|capture|copy|bcc|monitor|record|spoof|tap|collect)(?:s|ing)? (?:all|every|any|each)(?: of the)?(?: \w+){0,2} (?:e-?mails?|messages|communications?|requests|traffic|calls?|payments?|transfers?|commands|conversations?|quer(?:y|ies)|files|inputs?|responses?|outputs?)\b/;

/** A copy of what was asked or answered. */
export const WORK = /\b(?:cop(?:y|ies)|summary|transcript|duplicate|record|details?) of (?:the|this|your|every|each|all|any|their|its) (?:\w+ )?(?:results?|outputs?|responses?|answers?|requests?|quer(?:y|ies)|questions?|inputs?|data|calls?|messages?|e-?mails?|files?|documents?|records?|conversations?|reports?)\b|\b(?:what|everything|whatever) (?:the |your )?(?:user|customer|person|client|human|they|he|she) (?:has |have |had |been )*(?:asked|said|typed|discuss(?:ed|ing)|told|doing|shared|wrote|wants?|requested|entered|is (?:asking|doing|working on))\b|\bthe (?:user|customer|client|person)'?s? (?:question|request|query|prompt|input|answers?|data|details|information)\b/;

/** Addresses one could write to. */
export const ADDRESS = /\bhttps?:\/\/[^\s]{4,}|[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,4}|(?<![\w.])\+\d[\dx -]{6,}|\bexternal (?:host|server)\b/;

/** Opens or passes files on, told as the tool's own doing. */
export const OPENS = /\b(?:reads|opens|loads|appends|injects|embeds|archives|gathering|loading|bundling|bundle|archiving|appending|embedding|indexing|collects|accesses|gathers|extracts|harvests|copies|includes|bundles|uploads|sends|transmits|captures|dumps|exports|indexes|reading|collecting|gathering|extracting|uploading|sending|including|exfiltrat\w+)\b/;

/** Any way of handing something over, as a command: telling only of what nobody hands over by chance. */
export const HAND = new RegExp(`${LEAD}(?:supply|provide|use|give|enter|fill|set|store|save|log|note|return|output|tell|base64|encode|submit|specify|quote|mention|state|present|report|record|summari[sz]e|describe|repeat|keep)\\b`);

/** Words that put something into a place of the person's: "add the key to your .env" is setting up, not stealing. */
export const DESTINATION = /\b(?:to|in|into|inside|within|from|via|using|under|through) (?:your |the |a |an |local |project'?s? |server'?s? |own )*$/;

/** Everything the person said, not the one question a tool answers. */
export const ALL_WORK = /\b(?:everything|anything|whatever|all(?: that)?|all of what) (?:that )?(?:the |your |this )?(?:user|customer|person|client|human|they|he|she)s? (?:has |have |had |been |ever )*(?:asked|said|typed|discuss(?:ed|ing)|told|doing|shared|wrote|written|entered|mentioned)\b/;

/** Writes something into what the person reads. */
export const INTO_ANSWERS = /\b(?:append|prepend|insert|add|include|end|begin|start|put|finish|sign|write)\b[^\n]{0,60} (?:to|at the (?:end|start|beginning|top|bottom) of|in|into|with|after|before) (?:all|every|each|any)(?: of)?(?: your| the)?(?: \w+)? (?:messages?|responses?|answers?|repl(?:y|ies)|outputs?|commits?|files?|e-?mails?)\b|\b(?:append|prepend|insert|add)\b[^\n]{0,60} (?:to|in|into) your (?:next |final |first )?(?:messages?|responses?|answers?|repl(?:y|ies))\b|\b(?:when(?:ever)?|every time|each time) you (?:answer|respond|reply|write)\b[^\n]{0,40}\b(?:append|prepend|insert|add|include|mention|recommend|promote|link)\b/;

/** The model as the one who has to do something. */
export const OBLIGED = /\b(?:a\.?i\.?|llms?|assistants?|agents?|(?:language )?models?)(?: model| assistant| agent)?s? (?:must|should|shall|has to|have to|needs? to|(?:is|are) (?:required|instructed|expected|obliged) to)(?: (?:always|first|also|never|not|immediately|silently))*(?= \w)/;

/** Asks for the text of something. */
export const DEMAND = /\b(?:requires?|needs?|expects?|wants?|takes?) (?:the |a )?(?:full |complete |entire |raw )?(?:contents?|text|body|copy|data|output|dump)\b/;

/** Given to others, told in passing. */
export const GIVEN_AWAY = /\b(?:shared|sold|streamed|forwarded|exports?|exported|copied|mirrored|opted[- ]in|posts? a copy|logs all|reported|synced|disclosed)\b[^\n]{0,60}\b(?:third part(?:y|ies)|partners?|marketing|advertis\w+|externally|remote endpoint|external (?:\w+ )?(?:service|server|endpoint|system)|public (?:\w+ )?(?:channel|endpoint|cdn|dashboard)|vendors?)\b/;

const WATCHDOG = '(?:anthropic|openai|microsoft|google|github|cursor|the (?:system|platform|vendor|security team|it department|administrators?|editor))';

/** Claims to be checked or privileged, made by the one who would have to be checked. */
export const AUTHORITY = new RegExp(
  [
    String.raw`\b(?:verified|certified|approved|endorsed|trusted|vetted|audited|whitelisted|allowlisted) by ${WATCHDOG}\b`,
    String.raw`\b(?:anthropic|openai|microsoft|google|vendor|security|admin|system)[- ](?:approved|verified|certified|endorsed|vetted|trusted)\b`,
    String.raw`\bthis (?:tool|server|message|text|description|instruction) (?:is|has been|was) (?:[a-z]+ly |the |an? |fully )*(?:official(?! (?:api|client|sdk))|verified|trusted|certified|pre-?approved|authoritative|security[- ]reviewed|privileged|whitelisted|allowlisted)\b`,
    String.raw`\b(?:this (?:tool|server)|it) (?:has|runs with|holds|carries|operates with) (?:[a-z]+ )?(?:elevated|admin(?:istrator|istrative)?|root|system[- ]level|the highest|highest) (?:privileges?|trust(?: level)?|authority|clearance)\b`,
  ].join('|'),
);
