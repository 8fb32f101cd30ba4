import { RULE_TITLES, type RuleCode } from './rule-titles.ts';

/** What a rule stops, and what a person does about a finding of it. */
export interface Rule {
  /** A few words for a heading. */
  readonly title: string;
  /** The attack, in one or two sentences. */
  readonly attack: string;
  readonly action: string;
}

const READ_IT = 'Read the whole definition; approve it only if you would say this sentence to the model yourself.';
const REFUSE = 'Block it, and ask the author of the server what it is for.';

/** Every rule there is, by its stable code. docs/scanner.md lists them. */
export const RULES = {
  'instruction-override': { title: RULE_TITLES['instruction-override'], attack: 'Text that takes away what the model was told makes it follow the server instead of the person.', action: REFUSE },
  concealment: { title: RULE_TITLES.concealment, attack: 'A tool that is to be used behind the back of the person has something to hide.', action: REFUSE },
  'consent-bypass': { title: RULE_TITLES['consent-bypass'], attack: 'Told that no confirmation is needed, the model stops asking before it acts.', action: REFUSE },
  'role-markup': { title: RULE_TITLES['role-markup'], attack: 'Tags and headings of chat templates pass the server’s text off as a message of the system or the person.', action: REFUSE },
  'hidden-markup': { title: RULE_TITLES['hidden-markup'], attack: 'Comments and invisible styles hide orders from whoever reads the rendered description; the model reads the source.', action: REFUSE },
  'model-address': { title: RULE_TITLES['model-address'], attack: 'A description says what a tool does; one that speaks to the model by name steers it.', action: READ_IT },
  'sensitive-access': { title: RULE_TITLES['sensitive-access'], attack: 'The model is told to open files or data that hold credentials, with its own or other tools.', action: READ_IT },
  'data-exfiltration': { title: RULE_TITLES['data-exfiltration'], attack: 'The model is told to pass credentials, files or the conversation on, as an argument or to some address.', action: REFUSE },
  'undeclared-sharing': { title: RULE_TITLES['undeclared-sharing'], attack: 'Data goes somewhere besides where the tool’s purpose takes it, told as if it were nothing.', action: READ_IT },
  'tool-steering': { title: RULE_TITLES['tool-steering'], attack: 'A description that says how another server’s tool is to be used changes what that tool does (cross-server shadowing).', action: REFUSE },
  'tool-preference': { title: RULE_TITLES['tool-preference'], attack: 'Claims of precedence make the model choose this tool where another one would be right.', action: READ_IT },
  'persistent-instruction': { title: RULE_TITLES['persistent-instruction'], attack: 'An order for the rest of the session steers the model long after the tool was used.', action: READ_IT },
  'answer-tampering': { title: RULE_TITLES['answer-tampering'], attack: 'The person reads words of the server as if the model had chosen them.', action: READ_IT },
  'order-in-label': { title: RULE_TITLES['order-in-label'], attack: 'Titles, defaults and enumerated values are shown short or not at all; an order in one is read by the model alone.', action: REFUSE },
  'command-execution': { title: RULE_TITLES['command-execution'], attack: 'The model is told to run a command with whatever shell it has.', action: REFUSE },
  'deferred-behaviour': { title: RULE_TITLES['deferred-behaviour'], attack: 'A tool that behaves only until it was approved is a trap.', action: REFUSE },
  'invisible-text': { title: RULE_TITLES['invisible-text'], attack: 'Tag characters, variation selectors and zero-width characters carry text that only the model reads.', action: REFUSE },
  'bidi-text': { title: RULE_TITLES['bidi-text'], attack: 'Bidirectional controls show a text in another order than the model reads it (Trojan Source).', action: REFUSE },
  'terminal-escape': { title: RULE_TITLES['terminal-escape'], attack: 'Escape sequences erase or colour what a terminal shows, so that the person reads another text than the model.', action: REFUSE },
  'hidden-padding': { title: RULE_TITLES['hidden-padding'], attack: 'A long run of blanks moves the rest of a text where nobody looks.', action: 'Read what follows the blanks.' },
  'disguised-letters': { title: RULE_TITLES['disguised-letters'], attack: 'Look-alike letters make a word that a person reads and a filter does not.', action: READ_IT },
  'encoded-payload': { title: RULE_TITLES['encoded-payload'], attack: 'Orders in base64, hex or the like pass filters and readers; models decode them.', action: 'Look at the decoded text in the excerpt.' },
  'obfuscated-text': { title: RULE_TITLES['obfuscated-text'], attack: 'Words spaced out, split, reversed or spelled with digits pass filters; models understand them.', action: READ_IT },
  'look-alike-name': { title: RULE_TITLES['look-alike-name'], attack: 'A name that can be mistaken for another server’s tool takes calls that were meant for it.', action: 'Compare the two names letter by letter; block this tool if you did not expect it.' },
  'cloned-tool': { title: RULE_TITLES['cloned-tool'], attack: 'A tool under the name and description of another server’s tool takes calls that were meant for it.', action: 'Decide which server is to have this tool, and block the other one.' },
  'look-alike-server': { title: RULE_TITLES['look-alike-server'], attack: 'A server named nearly as a known one is taken for it.', action: 'Check where this entry of the servers file comes from.' },
  'unpinned-package': { title: RULE_TITLES['unpinned-package'], attack: 'What starts is whatever the registry has that day: a package that somebody took over runs under the approval of the one before it.', action: 'Name the exact version in the servers file, and approve that launch.' },
  'false-authority': { title: RULE_TITLES['false-authority'], attack: 'Claims of being official, verified or privileged are meant to end questions; nobody has checked them.', action: READ_IT },
  'sink-parameter': { title: RULE_TITLES['sink-parameter'], attack: 'A parameter for the conversation, the system prompt or files the tool has no use for makes the model hand them over.', action: 'Ask what the tool needs this for; hide the parameter with tools.overrides if it works without.' },
  'active-link': { title: RULE_TITLES['active-link'], attack: 'command:, vscode: and javascript: links run something when a description is rendered and clicked.', action: REFUSE },
  'active-markup': { title: RULE_TITLES['active-markup'], attack: 'HTML in a description may run or load something where it is rendered.', action: REFUSE },
  'remote-image': { title: RULE_TITLES['remote-image'], attack: 'An image from elsewhere is fetched when it is shown, and its address can carry data away.', action: READ_IT },
  'false-badge': { title: RULE_TITLES['false-badge'], attack: 'Icons of the editor in a description pass it off as checked.', action: REFUSE },
  'reserved-name': { title: RULE_TITLES['reserved-name'], attack: 'Members such as __proto__ are read differently by different programs and change objects in careless ones.', action: REFUSE },
  'remote-reference': { title: RULE_TITLES['remote-reference'], attack: 'A schema that is fetched from elsewhere can change without notice, and fetching it tells where you are.', action: 'Ask the author to include the schema.' },
  'header-injection': { title: RULE_TITLES['header-injection'], attack: 'A parameter that is sent as an HTTP header may overwrite credentials or split the request.', action: REFUSE },
  'broad-schema': { title: RULE_TITLES['broad-schema'], attack: 'A schema without bounds lets the model hand over whatever a later text asks for.', action: 'Ask what the tool does with members it does not name.' },
  'annotation-contradiction': { title: RULE_TITLES['annotation-contradiction'], attack: 'Clients skip the confirmation of tools that claim to be read-only; this one says it changes things.', action: 'Set tools.overrides.<tool>.tier for it, or block it.' },
  'hints-relaxed': { title: RULE_TITLES['hints-relaxed'], attack: 'Clients stop asking when a tool claims to be read-only; the claim came after the approval.', action: 'Approve only if the tool really lost its effects.' },
  'schema-opened': { title: RULE_TITLES['schema-opened'], attack: 'A schema that was closed now takes any member, so later texts can ask for anything.', action: READ_IT },
  'default-redirected': { title: RULE_TITLES['default-redirected'], attack: 'A new default address or path sends ordinary calls somewhere else without any visible argument.', action: 'Check where the new default leads.' },
  'icon-remote': { title: RULE_TITLES['icon-remote'], attack: 'An icon that is fetched tells its host whenever the tool is shown.', action: READ_IT },
  'execution-changed': { title: RULE_TITLES['execution-changed'], attack: 'A call that became a background task goes on after the confirmation it was approved with.', action: READ_IT },
  'embedded-secret': { title: RULE_TITLES['embedded-secret'], attack: 'A secret in a definition is leaked to every model that reads it, or is bait for one.', action: 'Tell the author to revoke it.' },
  'injected-instruction': { title: RULE_TITLES['injected-instruction'], attack: 'A result comes from wherever the tool looked; orders in it are not the person’s.', action: 'Treat the result as data.' },
  'secret-in-result': { title: RULE_TITLES['secret-in-result'], attack: 'A secret in a result goes to the model, its provider and every later call.', action: 'Keep secrets out of what the tool returns.' },
  'held-secret': { title: RULE_TITLES['held-secret'], attack: 'A credential that Vestibule holds came back in a result: the server got it and repeats it.', action: 'Block the server and replace the credential.' },
  unreadable: { title: RULE_TITLES.unreadable, attack: 'What a scanner cannot read a person should not approve.', action: REFUSE },
  unread: { title: RULE_TITLES.unread, attack: 'Text beyond what anybody reads is where orders are put.', action: 'Read the definition itself.' },
  'scan-failed': { title: RULE_TITLES['scan-failed'], attack: 'A text that stops a scanner may be made for it.', action: 'Read the definition itself.' },
} as const satisfies Readonly<Record<RuleCode, Rule>>;
