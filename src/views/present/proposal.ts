import type { ProposalSnapshot } from '../../proxy/api.ts';
import { visible } from '../../proxy/json/visible.ts';
import { oneLine, plural, quoted } from '../text.ts';
import { MAX_DETAIL, warnings, type Confirmation } from './confirmation.ts';
import { launchFacts, launchLine } from './launch.ts';

/** A question about a server that an agent asks for, with all of it for a document of its own. */
export interface ProposalQuestion extends Confirmation {
  readonly document: string;
}

/** Asks whether a server that an agent asks for is added: the exact command or address, and what there is to say about it. */
export function confirmProposal(proposal: ProposalSnapshot): ProposalQuestion {
  const act = proposal.argv === undefined ? 'Accepting lets Vestibule connect to this address:' : 'Accepting runs this command on your machine:';
  const by = `Asked for by ${visible(proposal.agent)}.`;
  const reason = proposal.reason === '' ? [] : [`In the agent’s words: ${oneLine(proposal.reason, 300)}`];
  const facts = launchFacts(proposal);
  const known = warnings(proposal.argv);
  const whole = [act, launchLine(proposal), ...facts.map(([label, value]) => `${label}: ${value}`), ...known, by, ...reason].join('\n\n');
  const fits = whole.length <= MAX_DETAIL;
  return {
    message: `An agent asks for the server “${oneLine(proposal.name, 60)}”.`,
    detail: fits ? whole : `${plural(whole.length, 'character')}: too long for this dialog. The document behind it shows all of it.`,
    yes: 'Add Server',
    needsDocument: !fits,
    document: [
      'Lines behind │ come from the agent or a registry; ┆ continues a long one.',
      act,
      quoted(launchLine(proposal)),
      ...(proposal.argv === undefined ? [] : [['Arguments, one a line', ...proposal.argv.map((argument) => quoted(visible(argument)))].join('\n')]),
      ...facts.map(([label, value]) => `${label}\n${quoted(value)}`),
      ...known,
      by,
      ...(proposal.reason === '' ? [] : [`In the agent’s words\n${quoted(visible(proposal.reason))}`]),
      '',
    ].join('\n\n'),
  };
}
