import type { GatewaySnapshot } from '../../proxy/api.ts';
import { tokenBalance } from '../../proxy/relay/token-balance.ts';
import type { TokensAnswer } from '../inspector/messages.ts';
import { oneLine, plural } from '../text.ts';

/** What lists, searches and results cost, as the inspector shows it. */
export function tokensAnswer({ menu, sessions, tokens }: GatewaySnapshot): TokensAnswer {
  const known = new Map(sessions.map((session) => [session.id, session]));
  return {
    notes: [menuNote(menu), resultsNote(tokens.total)],
    sessions: tokens.sessions.map((session) => {
      const { directTokens, exact, listTokens, menuTokens, savedTokens, toolTokens } = session;
      const of = known.get(session.session);
      return {
        who: of === undefined ? oneLine(session.session, 60) : oneLine(`${of.agent} (${of.client})`, 120),
        listTokens,
        directTokens,
        menuTokens,
        toolTokens,
        savedTokens,
        exact,
        balance: tokenBalance(session),
      };
    }),
  };
}

function menuNote({ directThreshold, directTokens, effective, exact, menuTokens, mode }: GatewaySnapshot['menu']): string {
  const about = exact ? '' : 'about ';
  const costs = `Listing every approved tool directly would cost ${about}${count(directTokens)} tokens in each model request; the menu and one search cost ${about}${count(menuTokens)}.`;
  const better = directTokens <= menuTokens ? 'With so few tools the direct list is the cheaper one' : 'With so many tools the menu is the cheaper one';
  const now = effective === 'direct' ? 'they are listed directly now' : 'the menu is used now';
  const how = mode !== 'adaptive' ? `mode ${mode} is set` : directThreshold === 0 ? 'gateway.directThreshold is 0' : `adaptive mode lists up to ${count(directThreshold)} tokens directly: gateway.directThreshold`;
  return `${costs} ${better}; ${now} (${how}).`;
}

function resultsNote({ menuCalls, menuTokens, savedTokens, toolCalls, toolTokens }: GatewaySnapshot['tokens']['total']): string {
  return `Since the gateway started: ${plural(toolCalls, 'tool answer')} with ${count(toolTokens)} tokens, ${plural(menuCalls, 'menu answer')} with ${count(menuTokens)}. Shortened results kept about ${count(savedTokens)} tokens out; what was read of them later with read_cache is among the menu answers.`;
}

function count(tokens: number): string {
  return Math.round(tokens).toLocaleString('en-US');
}
