import { t } from '../l10n.ts';

/** What the stages of a call do, for a person, by their name. */
export const STAGE_TEXT: Readonly<Record<string, () => string>> = {
  resolve: () => t('find the tool'),
  route: () => t('choose the server'),
  gate: () => t('approval'),
  authorize: () => t('the agent’s rights'),
  credentials: () => t('look for credentials'),
  shape: () => t('check the arguments'),
  consent: () => t('your consent'),
  rates: () => t('rates'),
  budget: () => t('the agent’s budget'),
  cache: () => t('kept answers'),
  lane: () => t('wait for a turn'),
  retry: () => t('retry'),
  breaker: () => t('breaker'),
  dispatch: () => t('the server'),
  inspect: () => t('scan and shorten'),
  record: () => t('record'),
};
