import type { MenuMode } from '../config/types.ts';

/** How tools are listed for one principal, and what that is decided by. */
export interface MenuState {
  /** As configured. */
  readonly mode: MenuMode;
  /** As it is: `adaptive` turns into `direct` while all visible tools together are cheaper than the menu. */
  readonly effective: MenuMode;
  /** What listing every visible tool costs in each model request. */
  readonly directTokens: number;
  /** Whether all of it was counted with the tokenizer; else some is estimated (journal/tokens.ts). */
  readonly exact: boolean;
  /** What the menu path costs: the menu in each model request, and the answer of one search. */
  readonly menuTokens: number;
  /** Up to this many `directTokens` adaptive mode lists directly; 0 never does. */
  readonly directThreshold: number;
}

/** What agents were answered, counted since a session or the gateway began. */
export interface AnswerTokens {
  /** Answers of the proxy's own tools: searches, descriptions, and so on. */
  readonly menuCalls: number;
  readonly menuTokens: number;
  /** Answers of upstream tools, which cost the same however the tool was found. */
  readonly toolCalls: number;
  readonly toolTokens: number;
  /** What shortened answers kept out of the conversation; estimated from their size. Reading on costs some of it again. */
  readonly savedTokens: number;
}

/** The token account of one session. */
export interface SessionTokens extends AnswerTokens {
  readonly session: string;
  /** What its tool list costs in each model request now. */
  readonly listTokens: number;
  /** What it would cost to list every tool it may use. */
  readonly directTokens: number;
  /** Whether every figure was counted with the tokenizer (o200k); else some are estimates within 20 %. */
  readonly exact: boolean;
}

/** The token accounts of everybody. */
export interface TokenSnapshot {
  readonly sessions: readonly SessionTokens[];
  /** Of all sessions since the gateway began, ended ones too. */
  readonly total: AnswerTokens;
}
