import * as vscode from 'vscode';
import type { GatewaySnapshot } from '../../proxy/api.ts';
import type { Diagnosis } from '../../proxy/diagnosis/types.ts';
import type { EntryProblem, ProblemSource } from '../entry-problems.ts';
import { problemText } from '../present/diagnoses.ts';
import { oneLine } from '../text.ts';

/** `Diagnostic.source` of what the doctor says. */
export const SOURCE = 'Vestibule';

/** What the doctor says about servers. */
export const DOCTOR: ProblemSource = { name: SOURCE, id: 'vestibule.doctor', problems };

function problems({ diagnoses }: GatewaySnapshot): readonly EntryProblem[] {
  return diagnoses.flatMap((diagnosis) => {
    const { at, code, server } = diagnosis;
    // The name with its quotes, where the entry starts.
    return at === undefined ? [] : [{ at, length: (server?.length ?? 0) + 2, message: problemText(diagnosis), code: oneLine(code), severity: severityOf(diagnosis) }];
  });
}

/** What waits for a person is nothing broken. */
function severityOf({ area, level }: Diagnosis): vscode.DiagnosticSeverity {
  if (area === 'quarantine') return vscode.DiagnosticSeverity.Information;
  return level === 'error' ? vscode.DiagnosticSeverity.Error : vscode.DiagnosticSeverity.Warning;
}
