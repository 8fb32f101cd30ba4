import type { CatalogTool } from '../catalog/types.ts';
import type { NoConsent } from '../consent/types.ts';
import type { AgentErrorCode } from '../errors.ts';
import { refusal } from './refusal.ts';
import type { Outcome } from './types.ts';

/** The refusal of a call that has no consent; it was not sent. Holds nothing of the upstream's own text. */
export function consentRefusal({ server }: CatalogTool, why: NoConsent): Outcome {
  const { code, happened, retryable, action } = TEXTS[why];
  return refusal(code, `${happened.replace('{server}', JSON.stringify(server))} The call was not sent.`, { retryable, action });
}

interface Text {
  readonly code: AgentErrorCode;
  readonly happened: string;
  readonly retryable: boolean;
  readonly action: string;
}

const OTHER = 'Do not call it again on your own; go on without it, or ask the person what to do instead.';

const TEXTS: Readonly<Record<NoConsent, Text>> = {
  never: {
    code: 'consent_declined',
    happened: 'A person decided that this tool of the server {server} is never called.',
    retryable: false,
    action: 'Use another tool; the person can take the decision back with “Vestibule: Manage Consents” or `vestibule consent revoke`.',
  },
  destructive: {
    code: 'consent_declined',
    happened: 'This gateway refuses tools that are not approved as harmless, such as this one of the server {server}.',
    retryable: false,
    action: 'Use a tool that changes nothing, or ask the person to start it without `--consent deny-destructive`.',
  },
  declined: { code: 'consent_declined', happened: 'A person declined this call to the server {server}.', retryable: false, action: OTHER },
  timeout: {
    code: 'consent_declined',
    happened: 'Nobody answered in time whether this call to the server {server} is allowed.',
    retryable: true,
    action: 'Tell the person that it waits for their answer, and call again when they are there.',
  },
  cancelled: {
    code: 'consent_declined',
    happened: 'The call to the server {server} was cancelled before anybody allowed it.',
    retryable: true,
    action: 'Call again if it is still wanted.',
  },
  'nobody-to-ask': {
    code: 'consent_declined',
    happened: 'This call to the server {server} needs the consent of a person, and this agent offers no way to ask for it (MCP elicitation).',
    retryable: false,
    action: 'Use a read-only tool, or tell the person to use an agent that can ask or to start Vestibule with `--consent client`.',
  },
  'too-many': {
    code: 'overloaded',
    happened: 'Too many calls wait for the consent of a person already.',
    retryable: true,
    action: 'Wait until they are answered, then call again.',
  },
};
