import { randomUUID } from 'node:crypto';
import { argumentChanges, argumentLines } from '../consent/argument-text.ts';
import type { AskAgent, ConsentAnswer, ConsentQuestion } from '../consent/types.ts';
import type { AgentSession } from '../downstream/types.ts';
import { members, stringOf } from '../json/slice.ts';
import { visible } from '../json/visible.ts';
import type { RawJson, Tier } from '../model.ts';
import type { Ask } from './asking.ts';

/** Longer arguments are shown by their head, and said to be. */
const MAX_SHOWN = 16_000;
const MAX_CHANGES = 20;

/** What a person may choose, as the form says it. */
const CHOICES: ReadonlyMap<ConsentAnswer, string> = new Map([
  ['once', 'This call only'],
  ['session', 'This tool, for this session'],
  ['arguments', 'This tool with these arguments, always'],
  ['tool', 'This tool, always'],
  ['never', 'Never call this tool'],
]);

/**
 * Asks the person at an agent by elicitation (2025-06-18 on), in the course of the request that makes the call.
 * @returns undefined when the agent shows no forms
 */
export function consentAsker({ id, era, capabilities }: Pick<AgentSession, 'id' | 'era' | 'capabilities'>, ask: Ask): AskAgent | undefined {
  if (!takesForms(capabilities)) return undefined;
  return {
    // Agents of the modern era may leave a question for good: no other call waits behind it.
    line: era === 'legacy' ? id : randomUUID(),
    async ask(question) {
      const reply = await ask('elicitation/create', consentForm(question), { signal: question.signal });
      return 'result' in reply ? answerOf(reply.result) : 'decline';
    },
  };
}

/** True when an agent with these raw capabilities shows forms to a person; elicitation without a mode means forms. */
export function takesForms(capabilities: RawJson): boolean {
  const elicitation = members(members(capabilities)?.get('elicitation') ?? '');
  return elicitation !== undefined && (elicitation.size === 0 || elicitation.has('form') || !elicitation.has('url'));
}

/** Raw params of an elicitation that asks for consent. Nothing of the tool's own text is in it but its name. */
export function consentForm(question: ConsentQuestion): RawJson {
  return JSON.stringify({
    message: messageOf(question),
    requestedSchema: {
      type: 'object',
      properties: {
        answer: {
          type: 'string',
          title: 'What do you allow?',
          description: 'Accepting without a choice allows this call only. Declining refuses it.',
          enum: [...CHOICES.keys()],
          enumNames: [...CHOICES.values()],
        },
      },
    },
  });
}

/** What a raw elicitation result says. To accept without a choice is to allow the call that was shown, and no other. */
export function answerOf(result: RawJson): ConsentAnswer {
  const all = members(result);
  if (stringOf(all?.get('action')) !== 'accept') return 'decline';
  const raw = members(all?.get('content') ?? '')?.get('answer');
  if (raw === undefined) return 'once';
  const chosen = stringOf(raw);
  return [...CHOICES.keys()].find((answer) => answer === chosen) ?? 'decline';
}

function messageOf({ tool, argumentsText, lastAllowed }: ConsentQuestion): string {
  const lines = argumentLines(argumentsText).map((line) => `  ${line}`);
  const changes = lastAllowed === undefined ? [] : argumentChanges(lastAllowed, argumentsText);
  const more = changes.length > MAX_CHANGES ? [`  and ${changes.length - MAX_CHANGES} more`] : [];
  return [
    `Vestibule: allow this call of the tool ${visible(tool.name)} of the server ${visible(tool.server)}?`,
    `Risk, by its approved definition: ${RISK[tool.tier]}.`,
    'Arguments:',
    shortened(lines.join('\n')),
    ...(changes.length === 0 ? [] : ['Different from the last call that was allowed:', shortened([...changes.slice(0, MAX_CHANGES).map((line) => `  ${line}`), ...more].join('\n'))]),
  ].join('\n');
}

const RISK: Readonly<Record<Tier, string>> = {
  read: 'changes nothing',
  write: 'may change things, does not destroy',
  destructive: 'may destroy or change things, or does not say',
};

function shortened(text: string): string {
  if (text.length <= MAX_SHOWN) return text;
  return `${text.slice(0, MAX_SHOWN)}\n… ${text.length - MAX_SHOWN} more characters are NOT shown here. Decline unless you know what they are.`;
}
