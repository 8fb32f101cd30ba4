import type { Budget } from '../model.ts';
import { checkKeys, choiceField, numberField, objectField, type Fields } from './fields.ts';
import { BUDGET_KEYS } from './keys.ts';
import { RANGES } from './ranges.ts';
import type { FileReport } from './report.ts';

export const PERIODS = ['hour', 'day', 'month'] as const;

/** The member `budget` of limits or a role; undefined when there is none, or (reported) none that says anything. */
export function parseBudget(report: FileReport, owner: Fields): Budget | undefined {
  const fields = objectField(report, owner, 'budget');
  const field = owner.get('budget');
  if (fields === undefined || field === undefined) return undefined;
  checkKeys(report, fields, BUDGET_KEYS);
  const calls = numberField(report, fields, 'maxCalls', RANGES.maxCalls);
  const tokens = numberField(report, fields, 'maxTokens', RANGES.maxTokens);
  const per = choiceField(report, fields, 'per', PERIODS);
  if (calls === undefined && tokens === undefined) {
    report.error(field.value, '"budget" needs "maxCalls" or "maxTokens".', 'Write how much may be used, such as { "maxCalls": 1000, "per": "day" }.');
    return undefined;
  }
  return { ...(calls !== undefined && { calls }), ...(tokens !== undefined && { tokens }), per: per ?? 'day' };
}
