import type { SessionTokens } from './types.ts';

/**
 * What one session's menu saves or costs against listing every tool it may use, in a sentence or two that hide
 * nothing: a search answer stays in its conversation and is paid again with each later request, and each search is a
 * model request more. Says "about" while some of it is estimated.
 */
export function tokenBalance(tokens: SessionTokens): string {
  const { listTokens, directTokens, menuCalls, menuTokens, exact } = tokens;
  const list = `The tool list costs ${exact ? '' : 'about '}${count(listTokens)} tokens in each model request; all tools together would cost ${count(directTokens)}.`;
  const saved = directTokens - listTokens;
  if (menuCalls === 0) return saved > 0 ? `${list} That saves ${count(saved)} per request.` : `${list} Listing all tools directly costs no more.`;
  const answers = `${menuCalls === 1 ? 'One search or other menu answer has' : `${count(menuCalls)} searches and other menu answers have`} added ${count(menuTokens)}`;
  if (saved <= 0) return `${list} ${answers}: listing all tools directly would cost less.`;
  const net = saved - menuTokens;
  const where = net >= 0 ? `each request still saves ${count(net)}` : `each request after them costs ${count(-net)} more than listing all tools directly`;
  return `${list} ${answers}; were all of it in one conversation, ${where}. It breaks even at about ${count(Math.floor(saved / (menuTokens / menuCalls)))} such answers per conversation.`;
}

function count(tokens: number): string {
  return Math.round(tokens).toLocaleString('en-US');
}
