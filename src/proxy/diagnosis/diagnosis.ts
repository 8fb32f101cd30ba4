import { CODES, type DiagnosisCode } from './codes.ts';
import type { Diagnosis } from './types.ts';

const MAX_EVIDENCE = 24;

/** What a diagnosis says beside what its code stands for. */
export type DiagnosisText = Pick<Diagnosis, 'message' | 'fix'> & Partial<Pick<Diagnosis, 'level' | 'server' | 'at' | 'evidence' | 'remedies'>>;

/** A diagnosis of a code; an error unless its text says otherwise. */
export function diagnosis(code: DiagnosisCode, { level = 'error', evidence = [], remedies = [], ...text }: DiagnosisText): Diagnosis {
  return { code, ...CODES[code], level, ...text, evidence: evidence.slice(-MAX_EVIDENCE), remedies };
}
